//! Attachments of a frame: a video of its illustration and a narration of its text, at most one of each.

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{StoreError, Tx, with_tx};
use crate::domain::FrameKey;

/// A frame's video and narration. Fields are `None` if the frame has no such attachment.
#[derive(Debug, Clone, Default, PartialEq, FromRow)]
pub struct FrameAttachments {
    /// Media key of the video.
    pub video_key: Option<String>,
    /// Width of the video in pixels.
    pub video_width: Option<i32>,
    /// Height of the video in pixels.
    pub video_height: Option<i32>,
    /// Media type of the video.
    pub video_format: Option<String>,
    /// Duration of the video in seconds.
    pub video_seconds: Option<f64>,
    /// Frame rate of the video, in images per second.
    pub video_rate: Option<f64>,
    /// Media key of the narration.
    pub audio_key: Option<String>,
    /// Media type of the narration.
    pub audio_format: Option<String>,
    /// Duration of the narration in seconds, if known.
    pub audio_seconds: Option<f64>,
}

/// A video to attach to a frame. The row of its file must exist.
#[derive(Debug)]
pub struct NewVideo<'a> {
    /// Media key of the file.
    pub media_key: &'a str,
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    /// Media type, such as `video/mp4`.
    pub format: &'a str,
    /// Duration in seconds.
    pub duration_seconds: f64,
    /// Images per second.
    pub frame_rate: f64,
    /// Current time.
    pub now: DateTime<Utc>,
}

/// A narration to attach to a frame. The row of its file must exist.
#[derive(Debug)]
pub struct NewAudioClip<'a> {
    /// Media key of the file.
    pub media_key: &'a str,
    /// Media type, such as `audio/mpeg`.
    pub format: &'a str,
    /// Duration in seconds, if known.
    pub duration_seconds: Option<f64>,
    /// Current time.
    pub now: DateTime<Utc>,
}

impl Tx {
    /// Sets a frame's video, replacing an existing one. Returns `false` if the frame does not exist.
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
        .map_err(StoreError::failed("set a frame's video"))
    }

    /// Sets a frame's narration, replacing an existing one. Returns `false` if the frame does not exist.
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
        .map_err(StoreError::failed("set a frame's narration"))
    }

    /// Returns the media keys of the videos and narrations of a story's frames with numbers from `from` to `to`
    /// inclusive.
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
        .map_err(StoreError::failed("list the attachments of frames"))
    }

    /// Returns the id of a frame's original illustration as this transaction sees it.
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

    /// Deletes a frame's narration.
    pub async fn delete_audio_clip(&mut self, frame: FrameKey) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM audio_clip WHERE frame_id = \
             (SELECT id FROM story_frame WHERE story_id = $1 AND number = $2)";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("delete a frame's narration"))
    }

    /// Deletes a frame's video and returns the media key of its file; `None` if it had none.
    pub async fn delete_video(&mut self, frame: FrameKey) -> Result<Option<String>, StoreError> {
        const SQL: &str = "DELETE FROM video WHERE frame_id = \
             (SELECT id FROM story_frame WHERE story_id = $1 AND number = $2) RETURNING media_key";
        with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("delete a frame's video"))
    }
}
