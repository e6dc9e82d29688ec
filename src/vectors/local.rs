//! The local index: every vector in memory, compared with each.
//!
//! A scan is exact, needs no building, and takes each change at once; at 100,000 vectors of 384 numbers it takes one core
//! some ten milliseconds, most of it waiting for memory (`benches/README.md`).

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use half::f16;

use super::MAX_PIECES;
use super::half_precision::{QueryVector, normalize};
use super::top_hits::TopHits;

/// Stretches of memory that are read side by side: a scan waits for memory most of its time, and a processor fetches ahead in
/// several places at once.
const SCAN_STREAMS: usize = 4;

/// A vector to be put into the index.
#[derive(Debug)]
pub struct VectorEntry<'a> {
    /// The frame that it is of.
    pub frame_id: i64,
    /// Which of the frame's pieces.
    pub piece: i32,
    /// The client that the frame's story was made for.
    pub client_id: &'a str,
    /// The story's strategy.
    pub strategy: &'a str,
    /// When the frame was told.
    pub told_at: DateTime<Utc>,
    /// As [`super::unpacked`] gives it.
    pub vector: &'a [f16],
}

/// Which frames may be found.
#[derive(Debug, Default)]
pub struct VectorFilter<'a> {
    /// Of this client's stories alone.
    pub client_id: Option<&'a str>,
    /// With this strategy alone.
    pub strategy: Option<&'a str>,
    /// Told at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Told before this time.
    pub until: Option<DateTime<Utc>>,
    /// None that is newer than this one.
    pub newest_frame_id: Option<i64>,
    /// Of none of these clients.
    pub hidden_clients: Vec<&'a str>,
    /// Not this one.
    pub excluded_frame_id: Option<i64>,
}

/// A frame that is near.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VectorHit {
    /// The frame.
    pub frame_id: i64,
    /// When it was told, in microseconds: an id may come to be another frame's.
    pub told_at_micros: i64,
    /// The cosine of the nearest of its pieces: 1 is the same direction.
    pub cosine: f32,
}

/// All vectors of one model.
#[derive(Debug, Default)]
pub struct LocalIndex {
    dimension: usize,
    rows: Vec<Row>,
    /// Row by row, `dimension` each.
    values: Vec<f16>,
    positions: HashMap<(i64, i32), usize>,
    clients: NameInterner,
    strategies: NameInterner,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    frame_id: i64,
    piece: i32,
    client: u32,
    strategy: u32,
    /// Microseconds, as databases keep them.
    told_at_micros: i64,
}

/// Names, each with a number that takes less room.
#[derive(Debug, Default)]
struct NameInterner(HashMap<String, u32>);

impl NameInterner {
    fn intern(&mut self, name: &str) -> u32 {
        if let Some(number) = self.0.get(name) {
            return *number;
        }
        let number = self.0.len() as u32;
        self.0.insert(name.to_owned(), number);
        number
    }
}

impl LocalIndex {
    /// An index of vectors of so many numbers.
    #[must_use]
    pub fn new(dimension: usize) -> Self {
        Self { dimension, ..Self::default() }
    }

    /// How many vectors there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// Bytes that the vectors and what is known of them take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let place = size_of::<((i64, i32), usize)>() + 1;
        self.values.capacity() * size_of::<f16>()
            + self.rows.capacity() * size_of::<Row>()
            + self.positions.capacity() * place
    }

    /// Puts a vector in, in the place of the one of this frame and piece; one of another dimension, or beyond
    /// [`MAX_PIECES`], is left out.
    pub fn upsert(&mut self, entry: &VectorEntry<'_>) {
        let fits = entry.vector.len() == self.dimension && (0..MAX_PIECES).contains(&entry.piece);
        if !fits || self.dimension == 0 {
            return;
        }
        let row = Row {
            frame_id: entry.frame_id,
            piece: entry.piece,
            client: self.clients.intern(entry.client_id),
            strategy: self.strategies.intern(entry.strategy),
            told_at_micros: entry.told_at.timestamp_micros(),
        };
        match self.positions.get(&(row.frame_id, row.piece)) {
            Some(place) => {
                self.rows[*place] = row;
                let start = place * self.dimension;
                self.values[start..start + self.dimension].copy_from_slice(entry.vector);
            }
            None => {
                self.positions.insert((row.frame_id, row.piece), self.rows.len());
                self.rows.push(row);
                self.values.extend_from_slice(entry.vector);
            }
        }
    }

    /// Takes a frame's pieces out from number `from` on.
    pub fn remove_pieces_from(&mut self, frame: i64, from: i32) {
        let mut piece = from;
        while let Some(place) = self.positions.get(&(frame, piece)) {
            self.remove_at(*place);
            piece += 1;
        }
    }

    /// Takes all pieces of these frames out.
    pub fn remove_frames(&mut self, frames: &HashSet<i64>) {
        for place in (0..self.rows.len()).rev() {
            if frames.contains(&self.rows[place].frame_id) {
                self.remove_at(place);
            }
        }
    }

    /// Takes the vector at a place out; the last one moves there.
    fn remove_at(&mut self, place: usize) {
        let last = self.rows.len() - 1;
        let gone = self.rows.swap_remove(place);
        self.positions.remove(&(gone.frame_id, gone.piece));
        let (start, end) = (place * self.dimension, last * self.dimension);
        self.values.copy_within(end..end + self.dimension, start);
        self.values.truncate(end);
        if let Some(moved) = self.rows.get(place) {
            self.positions.insert((moved.frame_id, moved.piece), place);
        }
    }

    /// The mean direction of a frame's pieces; `None` where it has none.
    #[must_use]
    pub fn mean_vector(&self, frame: i64) -> Option<Vec<f32>> {
        let mut sum = vec![0.0_f32; self.dimension];
        let mut piece = 0;
        while let Some(place) = self.positions.get(&(frame, piece)) {
            let kept = &self.values[place * self.dimension..][..self.dimension];
            sum.iter_mut().zip(kept).for_each(|(sum, number)| *sum += number.to_f32());
            piece += 1;
        }
        normalize(&sum)
    }

    /// The frames nearest to a vector, the nearest first, at most `limit`; of equally near ones the newer first. A vector of
    /// another dimension is near to none.
    #[must_use]
    pub fn nearest(
        &self,
        vector: &[f32],
        vector_filter: &VectorFilter<'_>,
        limit: usize,
    ) -> Vec<VectorHit> {
        let direction =
            QueryVector::new(vector).filter(|direction| direction.len() == self.dimension);
        let Some(direction) = direction else { return Vec::new() };
        let Some(filter) = ResolvedFilter::resolve(self, vector_filter) else { return Vec::new() };
        let mut best = TopHits::new(limit);
        let stretch = self.rows.len().div_ceil(SCAN_STREAMS);
        for place in (0..stretch).flat_map(|at| (0..SCAN_STREAMS).map(move |n| n * stretch + at)) {
            let Some(row) = self.rows.get(place).filter(|row| filter.matches(row)) else {
                continue;
            };
            let kept = &self.values[place * self.dimension..][..self.dimension];
            let cosine = direction.cosine(kept);
            best.push(VectorHit {
                frame_id: row.frame_id,
                told_at_micros: row.told_at_micros,
                cosine,
            });
        }
        best.into_frames(limit)
    }
}

/// What is wanted, in the index's own numbers.
struct ResolvedFilter {
    client: Option<u32>,
    strategy: Option<u32>,
    since: i64,
    until: i64,
    newest: i64,
    hidden: HashSet<u32>,
    except: Option<i64>,
}

impl ResolvedFilter {
    /// `None` where nothing can be found: the index knows no such client or strategy.
    fn resolve(index: &LocalIndex, filter: &VectorFilter<'_>) -> Option<Self> {
        let numbered = |names: &NameInterner, name: Option<&str>| match name {
            None => Some(None),
            Some(name) => names.0.get(name).map(|number| Some(*number)),
        };
        let hidden =
            filter.hidden_clients.iter().filter_map(|name| index.clients.0.get(*name).copied());
        Some(Self {
            client: numbered(&index.clients, filter.client_id)?,
            strategy: numbered(&index.strategies, filter.strategy)?,
            since: filter.since.map_or(i64::MIN, |time| time.timestamp_micros()),
            until: filter.until.map_or(i64::MAX, |time| time.timestamp_micros()),
            newest: filter.newest_frame_id.unwrap_or(i64::MAX),
            hidden: hidden.collect(),
            except: filter.excluded_frame_id,
        })
    }

    fn matches(&self, row: &Row) -> bool {
        self.client.is_none_or(|client| client == row.client)
            && self.strategy.is_none_or(|strategy| strategy == row.strategy)
            && (self.since..self.until).contains(&row.told_at_micros)
            && row.frame_id <= self.newest
            && self.except != Some(row.frame_id)
            && (self.hidden.is_empty() || !self.hidden.contains(&row.client))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{decode_vector, encode_vector};
    use super::*;

    fn put(index: &mut LocalIndex, (frame, piece): (i64, i32), client_id: &str, vector: &[f32]) {
        let kept = decode_vector(&encode_vector(vector).expect("a direction")).expect("a vector");
        let told = DateTime::from_timestamp(frame, 0).expect("a time");
        let strategy = if frame % 2 == 0 { "even" } else { "odd" };
        index.upsert(&VectorEntry {
            frame_id: frame,
            piece,
            client_id,
            strategy,
            told_at: told,
            vector: &kept,
        });
    }

    fn frames(hits: &[VectorHit]) -> Vec<i64> {
        hits.iter().map(|hit| hit.frame_id).collect()
    }

    fn at(angle: f32) -> [f32; 2] {
        [angle.cos(), angle.sin()]
    }

    /// Frames 0-9, each a little further from the first axis; those of `b` are 5-9.
    fn fan() -> LocalIndex {
        let mut index = LocalIndex::new(2);
        for frame in 0..10 {
            let client = if frame < 5 { "a" } else { "b" };
            put(&mut index, (frame, 0), client, &at(frame as f32 * 0.1));
        }
        index
    }

    #[test]
    fn the_nearest_come_first_within_what_is_wanted() {
        let index = fan();
        let find = |wanted: VectorFilter<'_>| frames(&index.nearest(&at(0.0), &wanted, 3));
        assert_eq!(find(VectorFilter::default()), [0, 1, 2]);
        assert_eq!(
            find(VectorFilter { client_id: Some("b"), ..VectorFilter::default() }),
            [5, 6, 7]
        );
        assert_eq!(
            find(VectorFilter { client_id: Some("nobody"), ..VectorFilter::default() }),
            [0; 0]
        );
        assert_eq!(
            find(VectorFilter { strategy: Some("odd"), ..VectorFilter::default() }),
            [1, 3, 5]
        );
        assert_eq!(
            find(VectorFilter { hidden_clients: vec!["a", "nobody"], ..VectorFilter::default() }),
            [5, 6, 7]
        );
        let (since, until) = (DateTime::from_timestamp(3, 0), DateTime::from_timestamp(5, 0));
        assert_eq!(find(VectorFilter { since, until, ..VectorFilter::default() }), [3, 4]);
        assert_eq!(
            find(VectorFilter {
                newest_frame_id: Some(1),
                excluded_frame_id: Some(0),
                ..VectorFilter::default()
            }),
            [1]
        );
        assert_eq!(frames(&index.nearest(&[1.0, 0.0, 0.0], &VectorFilter::default(), 3)), [0; 0]);
        assert_eq!(frames(&index.nearest(&[0.0, 0.0], &VectorFilter::default(), 3)), [0; 0]);
    }

    #[test]
    fn a_frame_counts_once_by_its_nearest_piece() {
        let mut index = fan();
        for piece in 0..9 {
            put(&mut index, (9, piece), "b", &at(0.01));
        }
        put(&mut index, (9, 9), "b", &at(0.0));
        let hits = index.nearest(&at(0.0), &VectorFilter::default(), 2);
        assert_eq!(frames(&hits), [9, 0], "as near, and newer");
        assert!((hits[0].cosine - 1.0).abs() < 0.001);
    }

    #[test]
    fn the_nearest_of_many_are_kept_wherever_they_stand() {
        let mut index = LocalIndex::new(2);
        // Every frame once, in an order that has near ones early, late and between.
        for frame in (0..499).map(|n| n * 211 % 499) {
            put(&mut index, (frame, 0), "a", &at(frame as f32 * 0.003));
        }
        let find =
            |angle: f32, limit| frames(&index.nearest(&at(angle), &VectorFilter::default(), limit));
        assert_eq!(find(-1.0, 4), [0, 1, 2, 3]);
        assert_eq!(find(2.5, 3), [498, 497, 496]);
    }

    proptest! {
        /// Whatever is put, changed and removed, in whatever order, the index is as one that was filled with what remains.
        #[test]
        fn changes_leave_no_trace(
            changes in prop::collection::vec((0..6_i64, 0..3_i32, 1..60_u8, any::<bool>()), 1..60)
        ) {
            let mut index = LocalIndex::new(2);
            let mut kept: HashMap<i64, Vec<f32>> = HashMap::new();
            for (frame, pieces, angle, removes) in changes {
                if removes {
                    if pieces == 0 {
                        index.remove_pieces_from(frame, 0);
                    } else {
                        index.remove_frames(&HashSet::from([frame]));
                    }
                    kept.remove(&frame);
                } else {
                    let angles: Vec<f32> = (0..=pieces).map(|p| (f32::from(angle) + p as f32) / 50.0).collect();
                    for (piece, angle) in (0..).zip(&angles) {
                        put(&mut index, (frame, piece), "a", &at(*angle));
                    }
                    index.remove_pieces_from(frame, pieces + 1);
                    kept.insert(frame, angles);
                }
            }
            let mut fresh = LocalIndex::new(2);
            for (frame, angles) in &kept {
                for (piece, angle) in (0..).zip(angles) {
                    put(&mut fresh, (*frame, piece), "a", &at(*angle));
                }
            }
            prop_assert_eq!(index.count(), fresh.count());
            let near = |index: &LocalIndex| index.nearest(&at(0.3), &VectorFilter::default(), 10);
            prop_assert_eq!(near(&index), near(&fresh));
        }
    }
}
