//! Frames as searches show them.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::dialect::full_text::push_ids;
use super::{Store, StoreError, with_read_pool};
use crate::domain::FrameKey;

/// A frame that was found.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct FrameHit {
    /// The frame's id.
    pub id: i64,
    /// Its story.
    pub story_id: Uuid,
    /// The client that the story was made for.
    pub client_id: String,
    /// The strategy's slug.
    pub strategy: String,
    /// The story's title.
    pub title: String,
    /// The story's slug.
    pub slug: Option<String>,
    /// The frame's number, from 0.
    pub number: i32,
    /// Its text.
    pub text: Option<String>,
    /// The key of the file of its original illustration.
    pub image_key: Option<String>,
    /// That one's width in pixels.
    pub image_width: Option<i32>,
    /// That one's height in pixels.
    pub image_height: Option<i32>,
    /// That one's media type.
    pub image_format: Option<String>,
    /// When it was told.
    pub date_created: DateTime<Utc>,
}

const BY_ID: &str = "SELECT f.id, f.story_id, s.client_id, s.strategy, s.title, s.slug, f.number, f.text, \
     i.media_key AS image_key, i.width AS image_width, i.height AS image_height, \
     i.format AS image_format, f.date_created FROM story_frame f JOIN story s ON s.id = f.story_id \
     LEFT JOIN image i ON i.id = f.image_id WHERE f.id IN (";

/// A frame that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct ExistingFrame {
    /// The frame's id.
    pub id: i64,
    /// Its story.
    pub story_id: Uuid,
    /// Its number, from 0.
    pub number: i32,
    /// When it was told.
    pub date_created: DateTime<Utc>,
}

impl Store {
    /// These frames, those of them that are still there, in no order.
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

    /// Those of these frames that are still there, in no order.
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
        .map_err(StoreError::failed("look whether frames are there"))
    }

    /// The id of the newest frame of all; 0 before the first.
    pub async fn newest_frame_id(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT MAX(id) FROM story_frame";
        let newest: Option<i64> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_one(db).await)
                .map_err(StoreError::failed("look for the newest frame"))?;
        Ok(newest.unwrap_or(0))
    }

    /// The id of a story's frame.
    pub async fn frame_id(&self, frame: FrameKey) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT id FROM story_frame WHERE story_id = $1 AND number = $2";
        with_read_pool!(self, db => sqlx::query_scalar(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("look for a frame"))
    }

    /// The clients whose stories are private.
    pub async fn private_clients(&self) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT client_id FROM sparrow_config WHERE is_private";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_all(db).await)
            .map_err(StoreError::failed("list private clients"))
    }
}
