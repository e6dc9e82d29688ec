//! The vector index's rows: which frames are in it, with which vectors, and what these were made with.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};
use crate::domain::FrameKey;

/// What the vectors were made with, and the newest change of the index.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct VectorIndexRow {
    /// `local`, or `pinecone/NAME`; `None` before the first vector.
    pub place: Option<String>,
    /// `provider/name`.
    pub model: Option<String>,
    /// Numbers of a vector.
    pub dimension: Option<i32>,
    /// Grows with every change.
    pub version: i64,
}

/// A frame with what is to be found of it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct FrameToIndex {
    /// The frame's id.
    pub id: i64,
    /// Its story.
    pub story_id: Uuid,
    /// Its number, from 0.
    pub number: i32,
    /// Its text.
    pub text: Option<String>,
    /// What its picture shows, in words.
    pub illustration: Option<String>,
    /// What the camera saw.
    pub seen: Option<String>,
    /// What was heard and said.
    pub heard: Option<String>,
    /// What it is told in; `None` for English.
    pub language: Option<String>,
    /// The client that the story was made for.
    pub client_id: String,
    /// The strategy's slug.
    pub strategy: String,
    /// When it was told.
    pub date_created: DateTime<Utc>,
}

/// A piece of a frame as it is in the local index.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct EmbeddingRow {
    /// The frame's id.
    pub frame_id: i64,
    /// Which piece, from 0.
    pub piece: i32,
    /// How many pieces the frame has.
    pub pieces: i64,
    /// Its vector, as [`crate::store`]'s callers packed it.
    pub vector: Option<Vec<u8>>,
    /// The change that it came with.
    pub version: i64,
    /// The client that the frame's story was made for.
    pub client_id: String,
    /// The story's strategy.
    pub strategy: String,
    /// When the frame was told.
    pub date_created: DateTime<Utc>,
}

/// The place of a piece in the order of the index's changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddingCursor {
    /// The change that it came with.
    pub version: i64,
    /// The frame's id.
    pub frame_id: i64,
    /// Which piece, from 0.
    pub piece: i32,
}

/// How much of all is in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct IndexCounts {
    /// Frames.
    pub frames: i64,
    /// Frames that are not in it yet.
    pub waiting: i64,
    /// Pieces in it.
    pub pieces: i64,
}

impl Store {
    /// What the vectors were made with.
    pub async fn vector_index(&self) -> Result<VectorIndexRow, StoreError> {
        const SQL: &str = "SELECT place, model, dimension, version FROM vector_index WHERE id = 1";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_one(db).await)
            .map_err(StoreError::failed("read what the index is made with"))
    }

    /// Pieces behind `after`, in the order of the changes, at most `limit`.
    pub async fn embeddings_after(
        &self,
        after: EmbeddingCursor,
        limit: i64,
    ) -> Result<Vec<EmbeddingRow>, StoreError> {
        const SQL: &str = "SELECT e.frame_id, e.piece, (SELECT COUNT(*) FROM frame_embedding o \
             WHERE o.frame_id = e.frame_id) AS pieces, e.vector, e.version, s.client_id, s.strategy, \
             f.date_created FROM frame_embedding e JOIN story_frame f ON f.id = e.frame_id \
             JOIN story s ON s.id = f.story_id WHERE (e.version, e.frame_id, e.piece) > ($1, $2, $3) \
             ORDER BY e.version, e.frame_id, e.piece LIMIT $4";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(after.version)
            .bind(after.frame_id)
            .bind(after.piece)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("read what changed in the index"))
    }

    /// Frames behind an id that are not in the index, by id, at most `limit`.
    pub async fn frames_to_index(
        &self,
        after: i64,
        limit: i64,
    ) -> Result<Vec<FrameToIndex>, StoreError> {
        const SQL: &str = "SELECT f.id, f.story_id, f.number, f.text, f.illustration, f.seen, f.heard, \
             f.language, s.client_id, s.strategy, f.date_created FROM story_frame f \
             JOIN story s ON s.id = f.story_id WHERE f.id > $1 AND f.date_indexed IS NULL \
             ORDER BY f.id LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("list frames that are not in the index"))
    }

    /// Whether a frame that was told before a time is not in the index.
    pub async fn has_frames_to_index(&self, until: DateTime<Utc>) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT date_created FROM story_frame WHERE date_indexed IS NULL \
             ORDER BY id LIMIT 1";
        let oldest: Option<DateTime<Utc>> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
                .map_err(StoreError::failed("look for frames that are not in the index"))?;
        Ok(oldest.is_some_and(|oldest| oldest < until))
    }

    /// A story's frame with what is to be found of it, whether it is in the index or not.
    pub async fn frame_to_index(
        &self,
        frame: FrameKey,
    ) -> Result<Option<FrameToIndex>, StoreError> {
        const SQL: &str = "SELECT f.id, f.story_id, f.number, f.text, f.illustration, f.seen, f.heard, \
             f.language, s.client_id, s.strategy, f.date_created FROM story_frame f \
             JOIN story s ON s.id = f.story_id WHERE f.story_id = $1 AND f.number = $2";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read a frame for the index"))
    }

    /// How much of all is in the index. This reads the keys of everything.
    pub async fn index_counts(&self) -> Result<IndexCounts, StoreError> {
        const SQL: &str = "SELECT (SELECT COUNT(*) FROM story_frame) AS frames, \
             (SELECT COUNT(*) FROM story_frame WHERE date_indexed IS NULL) AS waiting, \
             (SELECT COUNT(*) FROM frame_embedding) AS pieces";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_one(db).await)
            .map_err(StoreError::failed("count what is in the index"))
    }
}

impl Tx {
    /// Notes a change of the index, which no other transaction can until this one ends; its number.
    pub async fn bump_index_version(&mut self) -> Result<i64, StoreError> {
        const SQL: &str =
            "UPDATE vector_index SET version = version + 1 WHERE id = 1 RETURNING version";
        with_tx!(self, db => sqlx::query_scalar(SQL).fetch_one(db).await)
            .map_err(StoreError::failed("note a change of the index"))
    }

    /// Notes what the vectors are made with, unless something else is noted already; whether it is so now.
    pub async fn init_vector_index(
        &mut self,
        place: &str,
        model: &str,
        dimension: i32,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE vector_index SET place = $1, model = $2, dimension = $3 WHERE id = 1 \
             AND (place IS NULL OR (place = $1 AND model = $2 AND dimension = $3))";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(place)
            .bind(model)
            .bind(dimension)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("note what the index is made with"))
    }

    /// Forgets what the vectors were made with.
    pub async fn reset_vector_index(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE vector_index SET place = NULL, model = NULL, dimension = NULL, \
             version = version + 1 WHERE id = 1";
        with_tx!(self, db => sqlx::query(SQL).execute(db).await.map(drop))
            .map_err(StoreError::failed("forget what the index is made with"))
    }

    /// Takes frames whose ids lie behind `after`, up to `upto`, out of the index.
    pub async fn unindex(&mut self, after: i64, upto: i64) -> Result<(), StoreError> {
        const PIECES: &str = "DELETE FROM frame_embedding WHERE frame_id > $1 AND frame_id <= $2";
        const FRAMES: &str = "UPDATE story_frame SET date_indexed = NULL \
             WHERE id > $1 AND id <= $2 AND date_indexed IS NOT NULL";
        for sql in [PIECES, FRAMES] {
            with_tx!(self, db => sqlx::query(sql).bind(after).bind(upto).execute(db).await.map(drop))
                .map_err(StoreError::failed("take frames out of the index"))?;
        }
        Ok(())
    }

    /// Keeps all pieces of a frame, in the place of those that it had, and notes that it is in the index; false when there
    /// is no such frame any more. The vectors are `None` where another service has them.
    pub async fn replace_embeddings(
        &mut self,
        frame_id: i64,
        pieces: &[Option<Vec<u8>>],
        version: i64,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const INDEXED: &str = "UPDATE story_frame SET date_indexed = $2 WHERE id = $1";
        const REST: &str = "DELETE FROM frame_embedding WHERE frame_id = $1 AND piece >= $2";
        const KEEP: &str = "INSERT INTO frame_embedding (frame_id, piece, vector, version) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (frame_id, piece) DO UPDATE \
             SET vector = excluded.vector, version = excluded.version";
        let failed = StoreError::failed("keep a frame's vectors");
        let is_there = with_tx!(self, db => sqlx::query(INDEXED)
            .bind(frame_id)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(&failed)?;
        if !is_there {
            return Ok(false);
        }
        let count = i32::try_from(pieces.len()).unwrap_or(i32::MAX);
        with_tx!(self, db => sqlx::query(REST).bind(frame_id).bind(count).execute(db).await.map(drop))
            .map_err(&failed)?;
        for (piece, vector) in (0_i32..).zip(pieces) {
            with_tx!(self, db => sqlx::query(KEEP)
                .bind(frame_id)
                .bind(piece)
                .bind(vector)
                .bind(version)
                .execute(db)
                .await
                .map(drop))
            .map_err(&failed)?;
        }
        Ok(true)
    }
}
