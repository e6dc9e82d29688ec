//! The local index: every vector in memory, compared with each.
//!
//! A scan is exact, needs no building, and takes each change at once; at 100,000 vectors of 384 numbers it takes one core
//! some ten milliseconds, most of it waiting for memory (`benches/README.md`).

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use half::f16;

use super::MOST_PIECES;
use super::best::Best;
use super::half::{Direction, unit};

/// Stretches of memory that are read side by side: a scan waits for memory most of its time, and a processor fetches ahead in
/// several places at once.
const STRETCHES: usize = 4;

/// A vector to be put into the index.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The frame that it is of.
    pub frame: i64,
    /// Which of the frame's pieces.
    pub piece: i32,
    /// The client that the frame's story was made for.
    pub client_id: &'a str,
    /// The story's strategy.
    pub strategy: &'a str,
    /// When the frame was told.
    pub told: DateTime<Utc>,
    /// As [`super::unpacked`] gives it.
    pub vector: &'a [f16],
}

/// Which frames may be found.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// Of this client's stories alone.
    pub client_id: Option<&'a str>,
    /// With this strategy alone.
    pub strategy: Option<&'a str>,
    /// Told at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Told before this time.
    pub until: Option<DateTime<Utc>>,
    /// None that is newer than this one.
    pub newest: Option<i64>,
    /// Of none of these clients.
    pub hidden: Vec<&'a str>,
    /// Not this one.
    pub except: Option<i64>,
}

/// A frame that is near.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The frame.
    pub frame: i64,
    /// When it was told, in microseconds: an id may come to be another frame's.
    pub told: i64,
    /// The cosine of the nearest of its pieces: 1 is the same direction.
    pub cosine: f32,
}

/// All vectors of one model.
#[derive(Debug, Default)]
pub struct LocalIndex {
    dimension: usize,
    rows: Vec<Row>,
    /// Row by row, `dimension` each.
    numbers: Vec<f16>,
    places: HashMap<(i64, i32), usize>,
    clients: Names,
    strategies: Names,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    frame: i64,
    piece: i32,
    client: u32,
    strategy: u32,
    /// Microseconds, as databases keep them.
    told: i64,
}

/// Names, each with a number that takes less room.
#[derive(Debug, Default)]
struct Names(HashMap<String, u32>);

impl Names {
    fn number(&mut self, name: &str) -> u32 {
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
        self.numbers.capacity() * size_of::<f16>()
            + self.rows.capacity() * size_of::<Row>()
            + self.places.capacity() * place
    }

    /// Puts a vector in, in the place of the one of this frame and piece; one of another dimension, or beyond
    /// [`MOST_PIECES`], is left out.
    pub fn put(&mut self, entry: &Entry<'_>) {
        let fits = entry.vector.len() == self.dimension && (0..MOST_PIECES).contains(&entry.piece);
        if !fits || self.dimension == 0 {
            return;
        }
        let row = Row {
            frame: entry.frame,
            piece: entry.piece,
            client: self.clients.number(entry.client_id),
            strategy: self.strategies.number(entry.strategy),
            told: entry.told.timestamp_micros(),
        };
        match self.places.get(&(row.frame, row.piece)) {
            Some(place) => {
                self.rows[*place] = row;
                let start = place * self.dimension;
                self.numbers[start..start + self.dimension].copy_from_slice(entry.vector);
            }
            None => {
                self.places.insert((row.frame, row.piece), self.rows.len());
                self.rows.push(row);
                self.numbers.extend_from_slice(entry.vector);
            }
        }
    }

    /// Takes a frame's pieces out from number `from` on.
    pub fn remove(&mut self, frame: i64, from: i32) {
        let mut piece = from;
        while let Some(place) = self.places.get(&(frame, piece)) {
            self.take_out(*place);
            piece += 1;
        }
    }

    /// Takes all pieces of these frames out.
    pub fn forget(&mut self, frames: &HashSet<i64>) {
        for place in (0..self.rows.len()).rev() {
            if frames.contains(&self.rows[place].frame) {
                self.take_out(place);
            }
        }
    }

    /// Takes the vector at a place out; the last one moves there.
    fn take_out(&mut self, place: usize) {
        let last = self.rows.len() - 1;
        let gone = self.rows.swap_remove(place);
        self.places.remove(&(gone.frame, gone.piece));
        let (start, end) = (place * self.dimension, last * self.dimension);
        self.numbers.copy_within(end..end + self.dimension, start);
        self.numbers.truncate(end);
        if let Some(moved) = self.rows.get(place) {
            self.places.insert((moved.frame, moved.piece), place);
        }
    }

    /// The mean direction of a frame's pieces; `None` where it has none.
    #[must_use]
    pub fn vector_of(&self, frame: i64) -> Option<Vec<f32>> {
        let mut sum = vec![0.0_f32; self.dimension];
        let mut piece = 0;
        while let Some(place) = self.places.get(&(frame, piece)) {
            let kept = &self.numbers[place * self.dimension..][..self.dimension];
            sum.iter_mut().zip(kept).for_each(|(sum, number)| *sum += number.to_f32());
            piece += 1;
        }
        unit(&sum)
    }

    /// The frames nearest to a vector, the nearest first, at most `limit`; of equally near ones the newer first. A vector of
    /// another dimension is near to none.
    #[must_use]
    pub fn nearest(&self, vector: &[f32], wanted: &Wanted<'_>, limit: usize) -> Vec<Hit> {
        let direction = Direction::of(vector).filter(|direction| direction.len() == self.dimension);
        let Some(direction) = direction else { return Vec::new() };
        let Some(filter) = Filter::of(self, wanted) else { return Vec::new() };
        let mut best = Best::of(limit);
        let stretch = self.rows.len().div_ceil(STRETCHES);
        for place in (0..stretch).flat_map(|at| (0..STRETCHES).map(move |n| n * stretch + at)) {
            let Some(row) = self.rows.get(place).filter(|row| filter.takes(row)) else { continue };
            let kept = &self.numbers[place * self.dimension..][..self.dimension];
            let cosine = direction.cosine(kept);
            best.take(Hit { frame: row.frame, told: row.told, cosine });
        }
        best.frames(limit)
    }
}

/// What is wanted, in the index's own numbers.
struct Filter {
    client: Option<u32>,
    strategy: Option<u32>,
    since: i64,
    until: i64,
    newest: i64,
    hidden: HashSet<u32>,
    except: Option<i64>,
}

impl Filter {
    /// `None` where nothing can be found: the index knows no such client or strategy.
    fn of(index: &LocalIndex, wanted: &Wanted<'_>) -> Option<Self> {
        let numbered = |names: &Names, name: Option<&str>| match name {
            None => Some(None),
            Some(name) => names.0.get(name).map(|number| Some(*number)),
        };
        let hidden = wanted.hidden.iter().filter_map(|name| index.clients.0.get(*name).copied());
        Some(Self {
            client: numbered(&index.clients, wanted.client_id)?,
            strategy: numbered(&index.strategies, wanted.strategy)?,
            since: wanted.since.map_or(i64::MIN, |time| time.timestamp_micros()),
            until: wanted.until.map_or(i64::MAX, |time| time.timestamp_micros()),
            newest: wanted.newest.unwrap_or(i64::MAX),
            hidden: hidden.collect(),
            except: wanted.except,
        })
    }

    fn takes(&self, row: &Row) -> bool {
        self.client.is_none_or(|client| client == row.client)
            && self.strategy.is_none_or(|strategy| strategy == row.strategy)
            && (self.since..self.until).contains(&row.told)
            && row.frame <= self.newest
            && self.except != Some(row.frame)
            && (self.hidden.is_empty() || !self.hidden.contains(&row.client))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{packed, unpacked};
    use super::*;

    fn put(index: &mut LocalIndex, (frame, piece): (i64, i32), client_id: &str, vector: &[f32]) {
        let kept = unpacked(&packed(vector).expect("a direction")).expect("a vector");
        let told = DateTime::from_timestamp(frame, 0).expect("a time");
        let strategy = if frame % 2 == 0 { "even" } else { "odd" };
        index.put(&Entry { frame, piece, client_id, strategy, told, vector: &kept });
    }

    fn frames(hits: &[Hit]) -> Vec<i64> {
        hits.iter().map(|hit| hit.frame).collect()
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
        let find = |wanted: Wanted<'_>| frames(&index.nearest(&at(0.0), &wanted, 3));
        assert_eq!(find(Wanted::default()), [0, 1, 2]);
        assert_eq!(find(Wanted { client_id: Some("b"), ..Wanted::default() }), [5, 6, 7]);
        assert_eq!(find(Wanted { client_id: Some("nobody"), ..Wanted::default() }), [0; 0]);
        assert_eq!(find(Wanted { strategy: Some("odd"), ..Wanted::default() }), [1, 3, 5]);
        assert_eq!(find(Wanted { hidden: vec!["a", "nobody"], ..Wanted::default() }), [5, 6, 7]);
        let (since, until) = (DateTime::from_timestamp(3, 0), DateTime::from_timestamp(5, 0));
        assert_eq!(find(Wanted { since, until, ..Wanted::default() }), [3, 4]);
        assert_eq!(find(Wanted { newest: Some(1), except: Some(0), ..Wanted::default() }), [1]);
        assert_eq!(frames(&index.nearest(&[1.0, 0.0, 0.0], &Wanted::default(), 3)), [0; 0]);
        assert_eq!(frames(&index.nearest(&[0.0, 0.0], &Wanted::default(), 3)), [0; 0]);
    }

    #[test]
    fn a_frame_counts_once_by_its_nearest_piece() {
        let mut index = fan();
        for piece in 0..9 {
            put(&mut index, (9, piece), "b", &at(0.01));
        }
        put(&mut index, (9, 9), "b", &at(0.0));
        let hits = index.nearest(&at(0.0), &Wanted::default(), 2);
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
            |angle: f32, limit| frames(&index.nearest(&at(angle), &Wanted::default(), limit));
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
                        index.remove(frame, 0);
                    } else {
                        index.forget(&HashSet::from([frame]));
                    }
                    kept.remove(&frame);
                } else {
                    let angles: Vec<f32> = (0..=pieces).map(|p| (f32::from(angle) + p as f32) / 50.0).collect();
                    for (piece, angle) in (0..).zip(&angles) {
                        put(&mut index, (frame, piece), "a", &at(*angle));
                    }
                    index.remove(frame, pieces + 1);
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
            let near = |index: &LocalIndex| index.nearest(&at(0.3), &Wanted::default(), 10);
            prop_assert_eq!(near(&index), near(&fresh));
        }
    }
}
