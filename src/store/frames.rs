//! Frames, numbered from 0 within their story, and their images.

use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::QueryBuilder;
use sqlx::types::Json;
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{FrameAttachments, Store, StoreError, Tx, with_read_pool, with_tx};
use crate::domain::{DigitalSourceType, Dither, Provenance, joined_terms};

/// A frame with its original illustration and attachments.
#[derive(Debug, FromRow)]
pub struct FrameRow {
    /// Number within the story, from 0.
    pub number: i32,
    /// The frame's text; `None` for a frame that has only an image.
    pub text: Option<String>,
    /// Media key of the original illustration.
    pub image_key: Option<String>,
    /// Width of the illustration in pixels.
    pub image_width: Option<i32>,
    /// Height of the illustration in pixels.
    pub image_height: Option<i32>,
    /// Media type of the illustration.
    pub image_format: Option<String>,
    /// Minimum display time in seconds.
    pub min_duration_seconds: i32,
    /// Condition to wait for before the next frame; JSON that is returned unchanged.
    pub trigger_condition: Option<Json<Box<RawValue>>>,
    /// How the frame was generated; JSON that is returned unchanged.
    pub metadata: Json<Box<RawValue>>,
    /// Where the original illustration comes from.
    #[sqlx(flatten)]
    pub provenance: ImageProvenance,
    /// The frame's video and narration.
    #[sqlx(flatten)]
    pub attachments: FrameAttachments,
}

/// Where an image comes from. Fields are `None` for an image that is older than these columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow)]
pub struct ImageProvenance {
    /// How the image came into being.
    pub digital_source_type: Option<DigitalSourceType>,
    /// Name and version of the program that made the file.
    pub creator_tool: Option<String>,
    /// The provider's name of the model; `None` if no model made the image.
    pub model: Option<String>,
}

impl ImageProvenance {
    /// Returns the provenance, if it is known.
    #[must_use]
    pub fn known(&self) -> Option<Provenance> {
        let (digital_source_type, creator_tool) =
            self.digital_source_type.zip(self.creator_tool.clone())?;
        Some(Provenance { digital_source_type, creator_tool, model: self.model.clone() })
    }
}

/// An image of a frame.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct FrameImage {
    /// Image id.
    pub id: Uuid,
    /// Media key of the file.
    #[sqlx(rename = "media_key")]
    pub key: String,
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    /// Media type.
    pub format: String,
    /// The dithering of a device image; `None` for originals and thumbnails.
    pub dither: Option<Dither>,
    /// Where it comes from.
    #[sqlx(flatten)]
    pub provenance: ImageProvenance,
}

/// The original illustration of a frame.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Illustration {
    /// The image.
    #[sqlx(flatten)]
    pub image: FrameImage,
    /// The frame's story.
    pub story_id: Uuid,
    /// The client of the frame's story.
    pub client_id: String,
}

/// A story's newest frame with its images.
#[derive(Debug)]
pub struct NewestFrame {
    /// The frame itself.
    pub frame: FrameRow,
    /// The original illustration.
    pub original: Option<FrameImage>,
    /// The image rendered for the device that requested the frame; `None` if it is the original or does not exist.
    pub device: Option<FrameImage>,
    /// When the frame was created.
    pub date_created: DateTime<Utc>,
}

#[derive(FromRow)]
struct NewestFrameRow {
    #[sqlx(flatten)]
    frame: FrameRow,
    image_id: Option<Uuid>,
    device_image_id: Option<Uuid>,
    date_created: DateTime<Utc>,
}

/// A frame to insert.
#[derive(Debug)]
pub struct NewFrame<'a> {
    /// The frame's story.
    pub story_id: Uuid,
    /// Number from [`Tx::reserve_frame_numbers`].
    pub number: i32,
    /// The frame's text.
    pub text: Option<&'a str>,
    /// The original illustration.
    pub image_id: Option<Uuid>,
    /// The image rendered for the device that requested the frame.
    pub device_image_id: Option<Uuid>,
    /// The prompt of the illustration.
    pub illustration: &'a str,
    /// What the camera saw, in words.
    pub seen: Option<&'a str>,
    /// What the microphone recorded, in words.
    pub heard: Option<&'a str>,
    /// Language of the text; `None` means English.
    pub language: Option<&'a str>,
    /// Minimum display time in seconds.
    pub min_duration_seconds: i32,
    /// Condition to wait for before the next frame.
    pub trigger_condition: Option<&'a Value>,
    /// How the frame was generated.
    pub metadata: &'a Value,
    /// The story's state before the frame, restored if the frame is deleted.
    pub state_before: &'a Value,
    /// Current time.
    pub now: DateTime<Utc>,
}

/// An image to insert. The row of its file must exist.
#[derive(Debug)]
pub struct NewImage<'a> {
    /// Image id, which the file is named after.
    pub id: Uuid,
    /// Media key of the file.
    pub media_key: &'a str,
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    /// Media type.
    pub format: &'a str,
    /// The dithering of a device image; `None` for originals and thumbnails.
    pub dither: Option<Dither>,
    /// Where it comes from; `None` if that is not known.
    pub provenance: Option<&'a Provenance>,
    /// Current time.
    pub now: DateTime<Utc>,
}

/// The columns of a [`FrameRow`], of a frame `f` with what `frame_media_joins` adds to it.
macro_rules! frame_columns {
    () => {
        "f.number, f.text, i.media_key AS image_key, i.width AS image_width, \
         i.height AS image_height, i.format AS image_format, f.min_duration_seconds, \
         f.trigger_condition, f.metadata, i.digital_source_type, i.creator_tool, i.model, \
         v.media_key AS video_key, v.width AS video_width, v.height AS video_height, \
         v.format AS video_format, v.duration_seconds AS video_seconds, v.frame_rate AS video_rate, \
         a.media_key AS audio_key, a.format AS audio_format, a.duration_seconds AS audio_seconds"
    };
}

/// Adds the illustration, the video and the narration of a frame `f` that has them.
macro_rules! frame_media_joins {
    () => {
        "LEFT JOIN image i ON i.id = f.image_id \
         LEFT JOIN video v ON v.frame_id = f.id LEFT JOIN audio_clip a ON a.frame_id = f.id"
    };
}

pub(super) use frame_media_joins;

impl Store {
    /// Returns all frames of a story, in order.
    pub async fn frames(&self, story_id: Uuid) -> Result<Vec<FrameRow>, StoreError> {
        self.frames_after(story_id, -1, i64::MAX).await
    }

    /// Returns a story's frames with a number above `after`, in order, at most `limit`.
    pub async fn frames_after(
        &self,
        story_id: Uuid,
        after: i32,
        limit: i64,
    ) -> Result<Vec<FrameRow>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            frame_columns!(),
            " FROM story_frame f ",
            frame_media_joins!(),
            " WHERE f.story_id = $1 AND f.number > $2 ORDER BY f.number LIMIT $3"
        );
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(story_id)
            .bind(after)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("read a story's frames"))
    }

    /// Returns a story's last frame with its images.
    pub async fn newest_frame(&self, story_id: Uuid) -> Result<Option<NewestFrame>, StoreError> {
        const SQL: &str = concat!(
            "SELECT f.image_id, f.device_image_id, f.date_created, ",
            frame_columns!(),
            " FROM story_frame f ",
            frame_media_joins!(),
            " WHERE f.story_id = $1 ORDER BY f.number DESC LIMIT 1"
        );
        let row: Option<NewestFrameRow> =
            with_read_pool!(self, db => sqlx::query_as(SQL).bind(story_id).fetch_optional(db).await)
                .map_err(StoreError::failed("read a story's newest frame"))?;
        let Some(row) = row else { return Ok(None) };
        let original = match row.image_id {
            Some(id) => self.image(id).await?,
            None => None,
        };
        let device = match row.device_image_id {
            Some(id) if row.image_id != Some(id) => self.image(id).await?,
            _ => None,
        };
        let NewestFrameRow { frame, date_created, .. } = row;
        Ok(Some(NewestFrame { frame, original, device, date_created }))
    }

    /// Returns the image with this id.
    pub async fn image(&self, id: Uuid) -> Result<Option<FrameImage>, StoreError> {
        const SQL: &str = "SELECT id, media_key, width, height, format, dither, \
             digital_source_type, creator_tool, model FROM image WHERE id = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read an image"))
    }

    /// Returns the original illustration of a frame with this media key.
    pub async fn illustration(&self, key: &str) -> Result<Option<Illustration>, StoreError> {
        const SQL: &str = "SELECT i.id, i.media_key, i.width, i.height, i.format, i.dither, \
             i.digital_source_type, i.creator_tool, i.model, s.client_id, s.id AS story_id \
             FROM image i JOIN story_frame f ON f.image_id = i.id JOIN story s ON s.id = f.story_id \
             WHERE i.media_key = $1 LIMIT 1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(key).fetch_optional(db).await)
            .map_err(StoreError::failed("look for an illustration"))
    }

    /// Returns the texts of a story's newest frames, oldest first, at most `limit`.
    pub async fn latest_texts(
        &self,
        story_id: Uuid,
        limit: i64,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT text FROM story_frame WHERE story_id = $1 AND text IS NOT NULL \
             ORDER BY number DESC LIMIT $2";
        let mut texts: Vec<String> = with_read_pool!(self, db => sqlx::query_scalar(SQL)
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
    /// Inserts a frame.
    pub async fn insert_frame(&mut self, frame: NewFrame<'_>) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO story_frame (story_id, number, text, image_id, \
             device_image_id, illustration, min_duration_seconds, trigger_condition, metadata, \
             state_before, date_created, seen, heard, language, \
             text_terms, illustration_terms, seen_terms, heard_terms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .bind(frame.text)
            .bind(frame.image_id)
            .bind(frame.device_image_id)
            .bind(frame.illustration)
            .bind(frame.min_duration_seconds)
            .bind(frame.trigger_condition.map(Json))
            .bind(Json(frame.metadata))
            .bind(Json(frame.state_before))
            .bind(frame.now)
            .bind(frame.seen)
            .bind(frame.heard)
            .bind(frame.language)
            .bind(joined_terms(frame.text.unwrap_or_default()))
            .bind(joined_terms(frame.illustration))
            .bind(frame.seen.map(joined_terms))
            .bind(frame.heard.map(joined_terms))
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("add a frame"))
    }

    /// Inserts an image.
    pub async fn insert_image(&mut self, image: NewImage<'_>) -> Result<(), StoreError> {
        self.insert_images(&[image]).await
    }

    /// Inserts images, all in one statement.
    pub async fn insert_images(&mut self, images: &[NewImage<'_>]) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO image (id, media_key, width, height, format, dither, \
             digital_source_type, creator_tool, model, date_created) ";
        if images.is_empty() {
            return Ok(());
        }
        with_tx!(self, db => {
            let mut insert = QueryBuilder::new(SQL);
            insert.push_values(images, |mut row, image| {
                row.push_bind(image.id)
                    .push_bind(image.media_key)
                    .push_bind(image.width)
                    .push_bind(image.height)
                    .push_bind(image.format)
                    .push_bind(image.dither)
                    .push_bind(image.provenance.map(|from| from.digital_source_type))
                    .push_bind(image.provenance.map(|from| from.creator_tool.as_str()))
                    .push_bind(image.provenance.and_then(|from| from.model.as_deref()))
                    .push_bind(image.now);
            });
            insert.build().execute(db).await.map(drop)
        })
        .map_err(StoreError::failed("add images"))
    }

    /// Inserts an image rendered from `original`, unless it exists.
    pub async fn insert_rendition(
        &mut self,
        image: NewImage<'_>,
        original: Uuid,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO image \
             (id, media_key, width, height, format, dither, date_created, rendition_of, \
             digital_source_type, creator_tool, model) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(image.id)
            .bind(image.media_key)
            .bind(image.width)
            .bind(image.height)
            .bind(image.format)
            .bind(image.dither)
            .bind(image.now)
            .bind(original)
            .bind(image.provenance.map(|from| from.digital_source_type))
            .bind(image.provenance.map(|from| from.creator_tool.as_str()))
            .bind(image.provenance.and_then(|from| from.model.as_deref()))
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("add a rendition"))
    }
}
