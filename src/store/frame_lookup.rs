//! Frames as search results.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::dialect::full_text::push_ids;
use super::{Store, StoreError, with_read_pool};
use crate::domain::FrameKey;

/// A frame that a search found.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct FrameHit {
    /// Frame id.
    pub id: i64,
    /// The frame's story.
    pub story_id: Uuid,
    /// The client that the story belongs to.
    pub client_id: String,
    /// The strategy's slug.
    pub strategy: String,
    /// The story's title.
    pub title: String,
    /// The story's slug.
    pub slug: Option<String>,
    /// The frame's number, from 0.
    pub number: i32,
    /// The frame's text.
    pub text: Option<String>,
    /// Media key of the original illustration.
    pub image_key: Option<String>,
    /// Width of the illustration in pixels.
    pub image_width: Option<i32>,
    /// Height of the illustration in pixels.
    pub image_height: Option<i32>,
    /// Media type of the illustration.
    pub image_format: Option<String>,
    /// When the frame was created.
    pub date_created: DateTime<Utc>,
}

const BY_ID: &str = "SELECT f.id, f.story_id, s.client_id, s.strategy, s.title, s.slug, f.number, f.text, \
     i.media_key AS image_key, i.width AS image_width, i.height AS image_height, \
     i.format AS image_format, f.date_created FROM story_frame f JOIN story s ON s.id = f.story_id \
     LEFT JOIN image i ON i.id = f.image_id WHERE f.id IN (";

/// A frame that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct ExistingFrame {
    /// Frame id.
    pub id: i64,
    /// The frame's story.
    pub story_id: Uuid,
    /// The frame's number, from 0.
    pub number: i32,
    /// When the frame was created.
    pub date_created: DateTime<Utc>,
}

impl Store {
    /// Returns the frames with these ids, in no particular order. Frames that do not exist are left out.
    pub async fn frame_hits(&self, ids: &[i64]) -> Result<Vec<FrameHit>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        with_read_pool!(self, db => {
            let mut query = QueryBuilder::new(BY_ID);
            push_ids(&mut query, ids);
            query.build_query_as().fetch_all(db).await
        })
        .map_err(StoreError::failed("read frames that were found"))
    }

    /// Returns which of the frames with these ids exist, in no particular order.
    pub async fn existing_frames(&self, ids: &[i64]) -> Result<Vec<ExistingFrame>, StoreError> {
        const SQL: &str =
            "SELECT id, story_id, number, date_created FROM story_frame WHERE id IN (";
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        with_read_pool!(self, db => {
            let mut query = QueryBuilder::new(SQL);
            push_ids(&mut query, ids);
            query.build_query_as().fetch_all(db).await
        })
        .map_err(StoreError::failed("check which frames exist"))
    }

    /// Returns the id of the newest frame of all stories; 0 if none exists.
    pub async fn newest_frame_id(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT MAX(id) FROM story_frame";
        let newest: Option<i64> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_one(db).await)
                .map_err(StoreError::failed("look for the newest frame"))?;
        Ok(newest.unwrap_or(0))
    }

    /// Returns the id of a story's frame.
    pub async fn frame_id(&self, frame: FrameKey) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT id FROM story_frame WHERE story_id = $1 AND number = $2";
        with_read_pool!(self, db => sqlx::query_scalar(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("look for a frame"))
    }

    /// Returns the ids of clients whose stories are private.
    pub async fn private_clients(&self) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT client_id FROM sparrow_config WHERE is_private";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_all(db).await)
            .map_err(StoreError::failed("list private clients"))
    }
}
