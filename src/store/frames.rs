//! Frames: numbered from 0 within their story, each with its text and its pictures.

use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Store, StoreError, Tx, read, within};

/// A frame with its original illustration.
#[derive(Debug, FromRow)]
pub struct FrameRow {
    /// From 0.
    pub number: i32,
    /// Absent for frames that only show.
    pub text: Option<String>,
    /// The key of the illustration's file.
    pub image_key: Option<String>,
    /// The illustration's width in pixels.
    pub image_width: Option<i32>,
    /// The illustration's height in pixels.
    pub image_height: Option<i32>,
    /// The illustration's media type.
    pub image_format: Option<String>,
    /// How long to show it at least.
    pub min_duration_seconds: i32,
    /// What to wait for before the next one; passed through as it was kept.
    pub trigger_condition: Option<Json<Box<RawValue>>>,
    /// How it came to be; passed through as it was kept.
    pub metadata: Json<Box<RawValue>>,
}

/// A frame to be added.
#[derive(Debug)]
pub struct NewFrame<'a> {
    /// To which story.
    pub story_id: Uuid,
    /// From [`Tx::take_frame_numbers`].
    pub number: i32,
    /// Its prose.
    pub text: Option<&'a str>,
    /// Its original illustration.
    pub image_id: Option<Uuid>,
    /// The illustration as its device gets it.
    pub device_image_id: Option<Uuid>,
    /// How long to show it at least.
    pub min_duration_seconds: i32,
    /// How it came to be.
    pub metadata: &'a Value,
    /// When.
    pub now: DateTime<Utc>,
}

/// A picture to be added; its file's row is there already.
#[derive(Debug)]
pub struct NewImage<'a> {
    /// The picture's id, which its file is named after.
    pub id: Uuid,
    /// The key of its file.
    pub media_key: &'a str,
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
    /// A media type.
    pub format: &'a str,
    /// When.
    pub now: DateTime<Utc>,
}

impl Store {
    /// All frames of a story, in order.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn frames(&self, story_id: Uuid) -> Result<Vec<FrameRow>, StoreError> {
        const SQL: &str = "SELECT f.number, f.text, i.media_key AS image_key, i.width AS image_width, \
             i.height AS image_height, i.format AS image_format, f.min_duration_seconds, \
             f.trigger_condition, f.metadata \
             FROM story_frame f LEFT JOIN image i ON i.id = f.image_id \
             WHERE f.story_id = $1 ORDER BY f.number";
        read!(self, db => sqlx::query_as(SQL).bind(story_id).fetch_all(db).await)
            .map_err(StoreError::failed("read a story's frames"))
    }

    /// The texts of a story's latest frames, oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn latest_texts(
        &self,
        story_id: Uuid,
        limit: i64,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT text FROM story_frame WHERE story_id = $1 AND text IS NOT NULL \
             ORDER BY number DESC LIMIT $2";
        let mut texts: Vec<String> = read!(self, db => sqlx::query_scalar(SQL)
            .bind(story_id)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("read a story's latest texts"))?;
        texts.reverse();
        Ok(texts)
    }
}

impl Tx {
    /// Adds a frame.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn add_frame(&mut self, frame: NewFrame<'_>) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO story_frame (story_id, number, text, image_id, \
             device_image_id, min_duration_seconds, metadata, date_created) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        within!(self, db => sqlx::query(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .bind(frame.text)
            .bind(frame.image_id)
            .bind(frame.device_image_id)
            .bind(frame.min_duration_seconds)
            .bind(Json(frame.metadata))
            .bind(frame.now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("add a frame"))
    }

    /// Adds a picture.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn add_image(&mut self, image: NewImage<'_>) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO image (id, media_key, width, height, format, date_created) \
             VALUES ($1, $2, $3, $4, $5, $6)";
        within!(self, db => sqlx::query(SQL)
            .bind(image.id)
            .bind(image.media_key)
            .bind(image.width)
            .bind(image.height)
            .bind(image.format)
            .bind(image.now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("add a picture"))
    }
}
