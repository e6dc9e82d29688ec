//! The rows of the vector index: which frames are in it, their vectors, and the model that made them.

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};
use crate::domain::FrameKey;

/// The model and storage of the vector index, and its version.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct VectorIndexRow {
    /// Where the vectors are stored: `local`, or `pinecone/NAME`; `None` before the first vector.
    pub place: Option<String>,
    /// The embedding model, as `provider/name`.
    pub model: Option<String>,
    /// Number of dimensions of a vector.
    pub dimension: Option<i32>,
    /// Version of the index; increases with every change.
    pub version: i64,
}

/// A frame with the texts to index.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct FrameToIndex {
    /// Frame id.
    pub id: i64,
    /// The frame's story.
    pub story_id: Uuid,
    /// The frame's number, from 0.
    pub number: i32,
    /// The frame's text.
    pub text: Option<String>,
    /// The illustration's prompt, which describes what it shows.
    pub illustration: Option<String>,
    /// What the camera saw, in words.
    pub seen: Option<String>,
    /// What the microphone recorded, in words.
    pub heard: Option<String>,
    /// Language of the text; `None` means English.
    pub language: Option<String>,
    /// The client that the story belongs to.
    pub client_id: String,
    /// The strategy's slug.
    pub strategy: String,
    /// When the frame was created.
    pub date_created: DateTime<Utc>,
}

/// A piece of a frame in the local index.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct EmbeddingRow {
    /// Frame id.
    pub frame_id: i64,
    /// The piece's number, from 0.
    pub piece: i32,
    /// Number of pieces of the frame.
    pub pieces: i64,
    /// The encoded vector; `None` if a remote index stores it. The caller defines the encoding.
    pub vector: Option<Vec<u8>>,
    /// Version of the index that the piece was added in.
    pub version: i64,
    /// The client that the frame's story belongs to.
    pub client_id: String,
    /// The strategy's slug.
    pub strategy: String,
    /// When the frame was created.
    pub date_created: DateTime<Utc>,
}

/// Position of a piece in the order of the index's changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddingCursor {
    /// Version of the index that the piece was added in.
    pub version: i64,
    /// Frame id.
    pub frame_id: i64,
    /// The piece's number, from 0.
    pub piece: i32,
}

/// How complete the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct IndexCounts {
    /// Number of frames in all stories.
    pub frames: i64,
    /// Number of frames that are not in the index yet.
    pub waiting: i64,
    /// Number of pieces in the index.
    pub pieces: i64,
}

impl Store {
    /// Returns the model and storage of the index, and its version.
    pub async fn vector_index(&self) -> Result<VectorIndexRow, StoreError> {
        const SQL: &str = "SELECT place, model, dimension, version FROM vector_index WHERE id = 1";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_one(db).await)
            .map_err(StoreError::failed("read the vector index"))
    }

    /// Returns pieces after the position `after`, in the order of the index's changes, at most `limit`.
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
        .map_err(StoreError::failed("read the vector index's changes"))
    }

    /// Returns frames with an id above `after` that are not in the index, in the order of their ids, at most `limit`.
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

    /// Reports whether the oldest frame that is not in the index was created before `until`.
    pub async fn has_frames_to_index(&self, until: DateTime<Utc>) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT date_created FROM story_frame WHERE date_indexed IS NULL \
             ORDER BY id LIMIT 1";
        let oldest: Option<DateTime<Utc>> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
                .map_err(StoreError::failed("find frames that are not in the index"))?;
        Ok(oldest.is_some_and(|oldest| oldest < until))
    }

    /// Returns a frame with the texts to index, whether or not it is in the index.
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

    /// Counts frames and pieces. The query scans the keys of all of them.
    pub async fn index_counts(&self) -> Result<IndexCounts, StoreError> {
        const SQL: &str = "SELECT (SELECT COUNT(*) FROM story_frame) AS frames, \
             (SELECT COUNT(*) FROM story_frame WHERE date_indexed IS NULL) AS waiting, \
             (SELECT COUNT(*) FROM frame_embedding) AS pieces";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_one(db).await)
            .map_err(StoreError::failed("count the index's frames and pieces"))
    }
}

impl Tx {
    /// Increments the index's version and returns it. Other transactions cannot change the index until this one ends.
    pub async fn bump_index_version(&mut self) -> Result<i64, StoreError> {
        const SQL: &str =
            "UPDATE vector_index SET version = version + 1 WHERE id = 1 RETURNING version";
        with_tx!(self, db => sqlx::query_scalar(SQL).fetch_one(db).await)
            .map_err(StoreError::failed("increment the index's version"))
    }

    /// Sets the model and storage of the index, unless they are set. Returns whether they are equal to the given ones
    /// now.
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
        .map_err(StoreError::failed("initialize the vector index"))
    }

    /// Clears the model and storage of the index.
    pub async fn reset_vector_index(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE vector_index SET place = NULL, model = NULL, dimension = NULL, \
             version = version + 1 WHERE id = 1";
        with_tx!(self, db => sqlx::query(SQL).execute(db).await.map(drop))
            .map_err(StoreError::failed("reset the vector index"))
    }

    /// Removes the frames with ids above `after`, up to and including `upto`, from the index. Copies in branches never were
    /// in it.
    pub async fn unindex(&mut self, after: i64, upto: i64) -> Result<(), StoreError> {
        const PIECES: &str = "DELETE FROM frame_embedding WHERE frame_id > $1 AND frame_id <= $2";
        const FRAMES: &str = "UPDATE story_frame SET date_indexed = NULL \
             WHERE id > $1 AND id <= $2 AND date_indexed IS NOT NULL AND told_for IS NULL";
        for sql in [PIECES, FRAMES] {
            with_tx!(self, db => sqlx::query(sql).bind(after).bind(upto).execute(db).await.map(drop))
                .map_err(StoreError::failed("remove frames from the index"))?;
        }
        Ok(())
    }

    /// Replaces all pieces of a frame and marks the frame as indexed. Returns `false` if the frame does not exist.
    ///
    /// Vectors are `None` if a remote index stores them.
    pub async fn replace_embeddings(
        &mut self,
        frame_id: i64,
        pieces: &[Option<Vec<u8>>],
        version: i64,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const MARK_INDEXED: &str = "UPDATE story_frame SET date_indexed = $2 WHERE id = $1";
        const DELETE_REST: &str = "DELETE FROM frame_embedding WHERE frame_id = $1 AND piece >= $2";
        const UPSERT: &str = "INSERT INTO frame_embedding (frame_id, piece, vector, version) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (frame_id, piece) DO UPDATE \
             SET vector = excluded.vector, version = excluded.version";
        let failed = StoreError::failed("replace a frame's vectors");
        let exists = with_tx!(self, db => sqlx::query(MARK_INDEXED)
            .bind(frame_id)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(&failed)?;
        if !exists {
            return Ok(false);
        }
        let count = i32::try_from(pieces.len()).unwrap_or(i32::MAX);
        with_tx!(self, db => sqlx::query(DELETE_REST).bind(frame_id).bind(count).execute(db).await.map(drop))
            .map_err(&failed)?;
        for (piece, vector) in (0_i32..).zip(pieces) {
            with_tx!(self, db => sqlx::query(UPSERT)
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
