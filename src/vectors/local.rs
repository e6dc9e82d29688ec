//! The local index, which holds all vectors in memory and scans them for each query.
//!
//! A scan is exact, needs no build step, and sees each change at once. For 100,000 vectors of 384 dimensions it takes
//! about ten milliseconds on one core, most of which is waiting for memory (`benches/README.md`).

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use half::f16;

use super::MAX_PIECES;
use super::half_precision::{QueryVector, normalize};
use super::top_hits::TopHits;

/// Number of memory regions that a scan reads in turn. A scan mostly waits for memory, and processors prefetch several
/// streams at once.
const SCAN_STREAMS: usize = 4;

/// A vector to insert into the index.
#[derive(Debug)]
pub struct VectorEntry<'a> {
    /// Id of the frame.
    pub frame_id: i64,
    /// Number of the piece within the frame, from 0 to [`MAX_PIECES`] - 1.
    pub piece: i32,
    /// Client that the frame's story was created for.
    pub client_id: &'a str,
    /// Strategy of the frame's story.
    pub strategy: &'a str,
    /// Time at which the frame was told.
    pub told_at: DateTime<Utc>,
    /// Vector of the piece, as [`super::decode_vector`] returns it.
    pub vector: &'a [f16],
}

/// Restricts which frames a query may return.
#[derive(Debug, Default)]
pub struct VectorFilter<'a> {
    /// Only frames of this client's stories.
    pub client_id: Option<&'a str>,
    /// Only frames of stories with this strategy.
    pub strategy: Option<&'a str>,
    /// Only frames told at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only frames told before this time.
    pub until: Option<DateTime<Utc>>,
    /// Only frames with this id or a lower one.
    pub newest_frame_id: Option<i64>,
    /// No frames of these clients' stories.
    pub hidden_clients: Vec<&'a str>,
    /// Not the frame with this id.
    pub excluded_frame_id: Option<i64>,
}

/// A frame near a query vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VectorHit {
    /// Id of the frame.
    pub frame_id: i64,
    /// Time at which the frame was told, in microseconds since the epoch. It tells apart frames that reuse an id.
    pub told_at_micros: i64,
    /// Cosine of the frame's nearest piece, from -1 to 1.
    pub cosine: f32,
}

/// The vectors of all frames, all made by one model.
#[derive(Debug, Default)]
pub struct LocalIndex {
    dimension: usize,
    rows: Vec<Row>,
    /// The vectors of all rows in order, `dimension` numbers each.
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
    /// Microseconds since the epoch, which is the databases' resolution.
    told_at_micros: i64,
}

/// Maps names to numbers, which take less space in rows.
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
    /// Creates an empty index for vectors of this dimension.
    #[must_use]
    pub fn new(dimension: usize) -> Self {
        Self { dimension, ..Self::default() }
    }

    /// Returns the number of vectors.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// Returns the memory that the vectors and their rows take, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let per_position = size_of::<((i64, i32), usize)>() + 1;
        self.values.capacity() * size_of::<f16>()
            + self.rows.capacity() * size_of::<Row>()
            + self.positions.capacity() * per_position
    }

    /// Inserts or replaces the vector of a piece. Ignores a vector of another dimension or a piece beyond
    /// [`MAX_PIECES`].
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
            Some(position) => {
                self.rows[*position] = row;
                let start = position * self.dimension;
                self.values[start..start + self.dimension].copy_from_slice(entry.vector);
            }
            None => {
                self.positions.insert((row.frame_id, row.piece), self.rows.len());
                self.rows.push(row);
                self.values.extend_from_slice(entry.vector);
            }
        }
    }

    /// Removes the pieces of a frame whose number is at least `from`.
    pub fn remove_pieces_from(&mut self, frame: i64, from: i32) {
        let mut piece = from;
        while let Some(position) = self.positions.get(&(frame, piece)) {
            self.remove_at(*position);
            piece += 1;
        }
    }

    /// Removes all pieces of these frames.
    pub fn remove_frames(&mut self, frames: &HashSet<i64>) {
        for position in (0..self.rows.len()).rev() {
            if frames.contains(&self.rows[position].frame_id) {
                self.remove_at(position);
            }
        }
    }

    /// Removes the vector at a position, and moves the last vector there.
    fn remove_at(&mut self, position: usize) {
        let last = self.rows.len() - 1;
        let removed = self.rows.swap_remove(position);
        self.positions.remove(&(removed.frame_id, removed.piece));
        let (start, end) = (position * self.dimension, last * self.dimension);
        self.values.copy_within(end..end + self.dimension, start);
        self.values.truncate(end);
        if let Some(moved) = self.rows.get(position) {
            self.positions.insert((moved.frame_id, moved.piece), position);
        }
    }

    /// Returns the normalized mean of the vectors of a frame's pieces, or `None` if the frame is not in the index.
    #[must_use]
    pub fn mean_vector(&self, frame: i64) -> Option<Vec<f32>> {
        let mut sum = vec![0.0_f32; self.dimension];
        let mut piece = 0;
        while let Some(position) = self.positions.get(&(frame, piece)) {
            let vector = &self.values[position * self.dimension..][..self.dimension];
            sum.iter_mut().zip(vector).for_each(|(sum, number)| *sum += number.to_f32());
            piece += 1;
        }
        normalize(&sum)
    }

    /// Returns at most `limit` frames nearest to a vector, nearest first. Equally near frames are ordered newest first.
    /// Returns nothing if the vector has another dimension than the index.
    #[must_use]
    pub fn nearest(
        &self,
        vector: &[f32],
        vector_filter: &VectorFilter<'_>,
        limit: usize,
    ) -> Vec<VectorHit> {
        let query = QueryVector::new(vector).filter(|query| query.len() == self.dimension);
        let Some(query) = query else { return Vec::new() };
        let Some(filter) = ResolvedFilter::resolve(self, vector_filter) else { return Vec::new() };
        let mut best = TopHits::new(limit);
        let stream_length = self.rows.len().div_ceil(SCAN_STREAMS);
        for position in
            (0..stream_length).flat_map(|at| (0..SCAN_STREAMS).map(move |n| n * stream_length + at))
        {
            let Some(row) = self.rows.get(position).filter(|row| filter.matches(row)) else {
                continue;
            };
            let stored = &self.values[position * self.dimension..][..self.dimension];
            let cosine = query.cosine(stored);
            best.push(VectorHit {
                frame_id: row.frame_id,
                told_at_micros: row.told_at_micros,
                cosine,
            });
        }
        best.into_frames(limit)
    }
}

/// A filter whose names are resolved to the index's numbers.
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
    /// Resolves a filter. Returns `None` if nothing can match, because the index has no such client or strategy.
    fn resolve(index: &LocalIndex, filter: &VectorFilter<'_>) -> Option<Self> {
        let resolve_name = |names: &NameInterner, name: Option<&str>| match name {
            None => Some(None),
            Some(name) => names.0.get(name).map(|number| Some(*number)),
        };
        let hidden =
            filter.hidden_clients.iter().filter_map(|name| index.clients.0.get(*name).copied());
        Some(Self {
            client: resolve_name(&index.clients, filter.client_id)?,
            strategy: resolve_name(&index.strategies, filter.strategy)?,
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
mod tests;
