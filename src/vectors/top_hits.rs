//! Selects the nearest frames from a stream of hits in bounded memory.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::{MAX_PIECES, VectorHit};

/// The nearest pieces so far, unordered. `capacity` pieces are enough to contain the wanted number of frames, because a
/// frame has at most [`MAX_PIECES`].
pub(super) struct TopHits {
    hits: Vec<VectorHit>,
    capacity: usize,
    /// Lower bound of the cosine; hits below it are ignored.
    min_cosine: f32,
}

impl TopHits {
    pub(super) fn new(frames: usize) -> Self {
        let capacity = frames.saturating_mul(MAX_PIECES as usize).max(1);
        Self { hits: Vec::new(), capacity, min_cosine: f32::MIN }
    }

    pub(super) fn push(&mut self, hit: VectorHit) {
        if hit.cosine < self.min_cosine {
            return;
        }
        self.hits.push(hit);
        if self.hits.len() >= self.capacity.saturating_mul(2) {
            let (_, last, _) =
                self.hits.select_nth_unstable_by(self.capacity - 1, VectorHit::compare_rank);
            self.min_cosine = last.cosine;
            self.hits.truncate(self.capacity);
        }
    }

    /// Returns the nearest hit of each frame, nearest first.
    pub(super) fn into_frames(mut self, limit: usize) -> Vec<VectorHit> {
        self.hits.sort_unstable_by(VectorHit::compare_rank);
        let mut seen = HashSet::new();
        self.hits.retain(|hit| seen.len() < limit && seen.insert(hit.frame_id));
        self.hits
    }
}

impl VectorHit {
    /// Orders hits nearest first, and equally near ones newest first.
    fn compare_rank(&self, other: &Self) -> Ordering {
        other.cosine.total_cmp(&self.cosine).then(other.frame_id.cmp(&self.frame_id))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// For any number, order and similarity of hits, the result equals that of sorting all of them.
        #[test]
        fn what_is_kept_is_what_sorting_all_gives(cosines in vec(0_u16..1000, 0..400), limit in 1_usize..4) {
            let hits: Vec<VectorHit> = (0_i64..)
                .zip(&cosines)
                .map(|(at, cosine)| VectorHit {
                    frame_id: at / i64::from(MAX_PIECES),
                    told_at_micros: 0,
                    cosine: f32::from(*cosine) / 100_000.0,
                })
                .collect();
            let mut best = TopHits::new(limit);
            for hit in &hits {
                best.push(*hit);
            }
            let mut sorted = hits;
            sorted.sort_by(VectorHit::compare_rank);
            let mut seen = HashSet::new();
            sorted.retain(|hit| seen.insert(hit.frame_id));
            sorted.truncate(limit);
            prop_assert_eq!(best.into_frames(limit), sorted);
        }
    }
}
