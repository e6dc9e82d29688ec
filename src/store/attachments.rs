//! What comes beside a frame: a film of its picture, and its text spoken. One of each at most.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{StoreError, Tx, with_tx};
use crate::domain::FrameKey;

/// A frame's film and voice, as far as it has them.
#[derive(Debug, Clone, Default, PartialEq, FromRow)]
pub struct FrameAttachments {
    /// The key of the film's file.
    pub video_key: Option<String>,
    /// In pixels.
    pub video_width: Option<i32>,
    /// In pixels.
    pub video_height: Option<i32>,
    /// A media type.
    pub video_format: Option<String>,
    /// How long it is.
    pub video_seconds: Option<f64>,
    /// Pictures a second.
    pub video_rate: Option<f64>,
    /// The key of the voice's file.
    pub audio_key: Option<String>,
    /// A media type.
    pub audio_format: Option<String>,
    /// How long it is, where that is known.
    pub audio_seconds: Option<f64>,
}

/// A film to be kept; its file's row is there already.
#[derive(Debug)]
pub struct NewVideo<'a> {
    /// The key of its file.
    pub media_key: &'a str,
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
    /// A media type.
    pub format: &'a str,
    /// How long it is.
    pub duration_seconds: f64,
    /// Pictures a second.
    pub frame_rate: f64,
    /// When.
    pub now: DateTime<Utc>,
}

/// A voice to be kept; its file's row is there already.
#[derive(Debug)]
pub struct NewAudioClip<'a> {
    /// The key of its file.
    pub media_key: &'a str,
    /// A media type.
    pub format: &'a str,
    /// How long it is, where that is known.
    pub duration_seconds: Option<f64>,
    /// When.
    pub now: DateTime<Utc>,
}

impl Tx {
    /// Gives a frame its film, in the place of one that it had; false when there is no such frame.
    pub async fn set_video(
        &mut self,
        frame: FrameKey,
        video: NewVideo<'_>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO video (frame_id, media_key, width, height, format, \
             duration_seconds, frame_rate, date_created) \
             SELECT id, $3, $4, $5, $6, $7, $8, $9 FROM story_frame WHERE story_id = $1 AND number = $2 \
             ON CONFLICT (frame_id) DO UPDATE SET media_key = excluded.media_key, \
             width = excluded.width, height = excluded.height, format = excluded.format, \
             duration_seconds = excluded.duration_seconds, frame_rate = excluded.frame_rate, \
             date_created = excluded.date_created";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .bind(video.media_key)
            .bind(video.width)
            .bind(video.height)
            .bind(video.format)
            .bind(video.duration_seconds)
            .bind(video.frame_rate)
            .bind(video.now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("give a frame its film"))
    }

    /// Gives a frame its voice, in the place of one that it had; false when there is no such frame.
    pub async fn set_audio_clip(
        &mut self,
        frame: FrameKey,
        clip: NewAudioClip<'_>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO audio_clip (frame_id, media_key, format, duration_seconds, \
             date_created) \
             SELECT id, $3, $4, $5, $6 FROM story_frame WHERE story_id = $1 AND number = $2 \
             ON CONFLICT (frame_id) DO UPDATE SET media_key = excluded.media_key, \
             format = excluded.format, duration_seconds = excluded.duration_seconds, \
             date_created = excluded.date_created";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .bind(clip.media_key)
            .bind(clip.format)
            .bind(clip.duration_seconds)
            .bind(clip.now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("give a frame its voice"))
    }

    /// The keys of the films and voices of a story's frames from number `from` to `to`.
    pub async fn attachment_keys(
        &mut self,
        story_id: Uuid,
        from: i32,
        to: i32,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT v.media_key FROM story_frame f JOIN video v ON v.frame_id = f.id \
             WHERE f.story_id = $1 AND f.number BETWEEN $2 AND $3 \
             UNION ALL SELECT a.media_key FROM story_frame f JOIN audio_clip a ON a.frame_id = f.id \
             WHERE f.story_id = $1 AND f.number BETWEEN $2 AND $3";
        with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(story_id)
            .bind(from)
            .bind(to)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list the films and voices of frames"))
    }

    /// The original illustration of a frame, as this transaction sees it.
    pub async fn frame_image_id(&mut self, frame: FrameKey) -> Result<Option<Uuid>, StoreError> {
        const SQL: &str = "SELECT image_id FROM story_frame WHERE story_id = $1 AND number = $2";
        let found: Option<Option<Uuid>> = with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read a frame's illustration"))?;
        Ok(found.flatten())
    }

    /// Takes a frame's film from it; the key of its file.
    pub async fn delete_video(&mut self, frame: FrameKey) -> Result<Option<String>, StoreError> {
        const SQL: &str = "DELETE FROM video WHERE frame_id = \
             (SELECT id FROM story_frame WHERE story_id = $1 AND number = $2) RETURNING media_key";
        with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("take a frame's film"))
    }
}
