//! The nearest of many, without keeping them all.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::{Hit, MOST_PIECES};

/// The nearest pieces so far, in no order: as many as must have the wanted number of frames among them, and some more.
pub(super) struct Best {
    hits: Vec<Hit>,
    most: usize,
    /// What is not nearer is not among them.
    least: f32,
}

impl Best {
    pub(super) fn of(frames: usize) -> Self {
        let most = frames.saturating_mul(MOST_PIECES as usize).max(1);
        Self { hits: Vec::new(), most, least: f32::MIN }
    }

    pub(super) fn take(&mut self, hit: Hit) {
        if hit.cosine < self.least {
            return;
        }
        self.hits.push(hit);
        if self.hits.len() >= self.most.saturating_mul(2) {
            let (_, last, _) = self.hits.select_nth_unstable_by(self.most - 1, Hit::order);
            self.least = last.cosine;
            self.hits.truncate(self.most);
        }
    }

    /// The first of each frame, the nearest first.
    pub(super) fn frames(mut self, limit: usize) -> Vec<Hit> {
        self.hits.sort_unstable_by(Hit::order);
        let mut seen = HashSet::new();
        self.hits.retain(|hit| seen.len() < limit && seen.insert(hit.frame));
        self.hits
    }
}

impl Hit {
    /// The nearest first; of equally near ones the newer.
    fn order(&self, other: &Self) -> Ordering {
        other.cosine.total_cmp(&self.cosine).then(other.frame.cmp(&self.frame))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However many there are, in whatever order, and however alike, what is kept is what sorting all of them gives.
        #[test]
        fn what_is_kept_is_what_sorting_all_gives(cosines in vec(0_u16..1000, 0..400), limit in 1_usize..4) {
            let hits: Vec<Hit> = (0_i64..)
                .zip(&cosines)
                .map(|(at, cosine)| Hit {
                    frame: at / i64::from(MOST_PIECES),
                    told: 0,
                    cosine: f32::from(*cosine) / 100_000.0,
                })
                .collect();
            let mut best = Best::of(limit);
            for hit in &hits {
                best.take(*hit);
            }
            let mut sorted = hits;
            sorted.sort_by(Hit::order);
            let mut seen = HashSet::new();
            sorted.retain(|hit| seen.insert(hit.frame));
            sorted.truncate(limit);
            prop_assert_eq!(best.frames(limit), sorted);
        }
    }
}
