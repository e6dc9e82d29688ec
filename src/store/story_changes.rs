//! Changes to a story other than new frames: a new title, deletion of the last frame, new images, deletion of the
//! story.
//!
//! Files are not touched here. The methods return the media keys of files that nothing refers to any more, for a task
//! to delete.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::QueryBuilder;
use sqlx::types::Json;
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, Task, Tx, dialect, with_tx};
use crate::domain::{FrameKey, TaskStatus, joined_terms};
use crate::store::with_read_pool;

/// Maximum number of rows deleted per statement; databases limit the number of bound values.
const MAX_BINDS: usize = 500;

/// The parts of a frame from which its illustration is generated again.
#[derive(Debug, Clone, FromRow)]
pub struct IllustrationSource {
    /// How the frame was generated.
    #[sqlx(json)]
    pub metadata: Value,
    /// The frame's text.
    pub text: Option<String>,
    /// The prompt of the illustration; `None` if the illustration was not generated.
    pub illustration: Option<String>,
    /// The original illustration.
    pub image_id: Option<Uuid>,
}

/// The size of a story.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct StorySize {
    /// Number of frames.
    pub frames: i32,
    /// Number of the frames' pieces in the vector index.
    pub pieces: i64,
}

/// An image that is about to be deleted, along with the frames that use it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ImageToDelete {
    id: Uuid,
    media_key: String,
}

impl ImageToDelete {
    /// Returns the media key of the image's file.
    #[must_use]
    pub fn media_key(&self) -> &str {
        &self.media_key
    }
}

impl Store {
    /// Returns the parts of a frame from which its illustration is generated again.
    pub async fn illustration_source(
        &self,
        frame: FrameKey,
    ) -> Result<Option<IllustrationSource>, StoreError> {
        const SQL: &str = "SELECT metadata, text, illustration, image_id FROM story_frame WHERE story_id = $1 AND number = $2";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read the source of an illustration"))
    }
}

impl Tx {
    /// Locks a story against changes by other transactions until this one ends. Returns `false` if the story does not
    /// exist.
    pub async fn lock_story(&mut self, id: Uuid) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE story SET frame_count = frame_count WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(id)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("lock a story"))
    }

    /// Changes a story's title. The slug stays, because links contain it.
    pub async fn update_story_title(
        &mut self,
        id: Uuid,
        title: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE story SET title = $2, date_updated = $3 WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(id).bind(title).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("change a story's title"))
    }

    /// Returns a story's state before a frame; `None` if the frame does not exist.
    pub async fn state_before(&mut self, frame: FrameKey) -> Result<Option<Value>, StoreError> {
        const SQL: &str =
            "SELECT state_before FROM story_frame WHERE story_id = $1 AND number = $2";
        let found: Option<Option<Json<Value>>> = with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read the state before a frame"))?;
        Ok(found.map(|state| state.map_or(Value::Null, |json| json.0)))
    }

    /// Deletes the last frame of a story and restores the story's state. Returns `false` if the frame is not the last
    /// one.
    pub async fn delete_last_frame(
        &mut self,
        frame: FrameKey,
        state: &Value,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const STORY: &str = "UPDATE story SET frame_count = $2, state = $3, date_updated = $4, \
             thumbnail_id = CASE WHEN $2 = 0 THEN NULL ELSE thumbnail_id END \
             WHERE id = $1 AND frame_count = $2 + 1";
        const FRAME: &str = "DELETE FROM story_frame WHERE story_id = $1 AND number = $2";
        let failed = StoreError::failed("delete a story's last frame");
        let is_last = with_tx!(self, db => sqlx::query(STORY)
            .bind(frame.story_id)
            .bind(frame.number)
            .bind(Json(state))
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(&failed)?;
        if is_last {
            with_tx!(self, db => sqlx::query(FRAME).bind(frame.story_id).bind(frame.number).execute(db).await.map(drop))
                .map_err(&failed)?;
        }
        Ok(is_last)
    }

    /// Replaces a frame's images. Returns `false` if the frame does not exist.
    pub async fn set_frame_images(
        &mut self,
        frame: FrameKey,
        image_id: Uuid,
        device_image_id: Uuid,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE story_frame SET image_id = $3, device_image_id = $4 \
             WHERE story_id = $1 AND number = $2";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .bind(image_id)
            .bind(device_image_id)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("replace a frame's images"))
    }

    /// Replaces a frame's text and the words that search knows of it. Returns whether the frame was told in this story,
    /// and not copied from another; `None` if it does not exist.
    pub async fn set_frame_text(
        &mut self,
        frame: FrameKey,
        text: &str,
    ) -> Result<Option<bool>, StoreError> {
        const SQL: &str = "UPDATE story_frame SET text = $3, text_terms = $4, \
             date_indexed = CASE WHEN told_for IS NULL THEN NULL ELSE date_indexed END \
             WHERE story_id = $1 AND number = $2 RETURNING told_for IS NULL";
        with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .bind(text)
            .bind(joined_terms(text))
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("replace a frame's text"))
    }

    /// Returns a frame's text and the media key of its narration as this transaction sees them; `None` if the frame does
    /// not exist.
    pub async fn frame_text(
        &mut self,
        frame: FrameKey,
    ) -> Result<Option<(Option<String>, Option<String>)>, StoreError> {
        const SQL: &str = "SELECT f.text, a.media_key FROM story_frame f \
             LEFT JOIN audio_clip a ON a.frame_id = f.id WHERE f.story_id = $1 AND f.number = $2";
        with_tx!(self, db => sqlx::query_as(SQL)
            .bind(frame.story_id)
            .bind(frame.number)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read a frame's text"))
    }

    /// Clears a story's thumbnail and returns it.
    pub async fn clear_thumbnail(
        &mut self,
        story_id: Uuid,
    ) -> Result<Option<ImageToDelete>, StoreError> {
        const FIND: &str = "SELECT i.id, i.media_key FROM story s JOIN image i ON i.id = s.thumbnail_id \
             WHERE s.id = $1";
        const CLEAR: &str = "UPDATE story SET thumbnail_id = NULL WHERE id = $1";
        let failed = StoreError::failed("clear a story's thumbnail");
        let found =
            with_tx!(self, db => sqlx::query_as(FIND).bind(story_id).fetch_optional(db).await)
                .map_err(&failed)?;
        with_tx!(self, db => sqlx::query(CLEAR).bind(story_id).execute(db).await.map(drop))
            .map_err(&failed)?;
        Ok(found)
    }

    /// Returns the images of a story's frames with numbers from `from` to `to` inclusive. Images rendered from others
    /// come first.
    pub async fn frame_images(
        &mut self,
        story_id: Uuid,
        from: i32,
        to: i32,
    ) -> Result<Vec<ImageToDelete>, StoreError> {
        const RENDITIONS: &str = "SELECT r.id, r.media_key FROM story_frame f \
             JOIN image r ON r.rendition_of = f.image_id \
             WHERE f.story_id = $1 AND f.number BETWEEN $2 AND $3";
        const ORIGINALS: &str = "SELECT i.id, i.media_key FROM story_frame f \
             JOIN image i ON i.id = f.image_id \
             WHERE f.story_id = $1 AND f.number BETWEEN $2 AND $3 \
             UNION SELECT i.id, i.media_key FROM story_frame f \
             JOIN image i ON i.id = f.device_image_id \
             WHERE f.story_id = $1 AND f.number BETWEEN $2 AND $3";
        let mut images = Vec::new();
        for sql in [RENDITIONS, ORIGINALS] {
            let found: Vec<ImageToDelete> = with_tx!(self, db => sqlx::query_as(sql)
                .bind(story_id)
                .bind(from)
                .bind(to)
                .fetch_all(db)
                .await)
            .map_err(StoreError::failed("list the images of frames"))?;
            images.extend(found);
        }
        Ok(images)
    }

    /// Returns the size of a story; zeros if it does not exist.
    pub async fn story_size(&mut self, id: Uuid) -> Result<StorySize, StoreError> {
        const SQL: &str = "SELECT frame_count AS frames, (SELECT COUNT(*) FROM story_frame f \
             JOIN frame_embedding e ON e.frame_id = f.id WHERE f.story_id = s.id) AS pieces \
             FROM story s WHERE id = $1";
        let size = with_tx!(self, db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("measure a story"))?;
        Ok(size.unwrap_or_default())
    }

    /// Deletes a story with its frames and bookmarks.
    pub async fn delete_story(&mut self, id: Uuid) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM story WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(id).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete a story"))
    }

    /// Deletes a story's tasks and events. Returns the tasks as they were before.
    pub async fn delete_story_tasks_and_events(
        &mut self,
        story_id: Uuid,
    ) -> Result<Vec<Task>, StoreError> {
        const TASKS: &str = "DELETE FROM task WHERE story_id = $1 RETURNING *";
        const EVENTS: &str = "DELETE FROM event WHERE story_id = $1";
        let failed = StoreError::failed("delete a story's tasks and events");
        let tasks: Vec<Task> =
            with_tx!(self, db => sqlx::query_as(TASKS).bind(story_id).fetch_all(db).await)
                .map_err(&failed)?;
        with_tx!(self, db => sqlx::query(EVENTS).bind(story_id).execute(db).await.map(drop))
            .map_err(&failed)?;
        for task in &tasks {
            if matches!(task.status, TaskStatus::Pending | TaskStatus::Running) {
                self.notify_ended(task.id);
            }
        }
        Ok(tasks)
    }

    /// Deletes the images and attachments of frames that were removed, except those that other stories share. Images
    /// rendered from others must come first. Returns the media keys of files that nothing refers to any more.
    pub async fn delete_frame_media(
        &mut self,
        images: &[ImageToDelete],
        attachment_keys: &[String],
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "DELETE FROM image WHERE NOT EXISTS \
             (SELECT 1 FROM story_frame f WHERE f.image_id = image.id) AND NOT EXISTS \
             (SELECT 1 FROM story_frame f WHERE f.device_image_id = image.id) AND NOT EXISTS \
             (SELECT 1 FROM story_frame f WHERE f.image_id = image.rendition_of) AND NOT EXISTS \
             (SELECT 1 FROM story s WHERE s.thumbnail_id = image.id) AND id IN (";
        let mut ids: Vec<Uuid> = images.iter().map(|image| image.id).collect();
        ids.sort_unstable();
        dialect::lock_media(&mut self.open, ids, attachment_keys.to_vec()).await?;
        for images in images.chunks(MAX_BINDS) {
            with_tx!(self, db => {
                let mut delete = QueryBuilder::new(SQL);
                let mut ids = delete.separated(", ");
                for image in images {
                    ids.push_bind(image.id);
                }
                ids.push_unseparated(")");
                delete.build().execute(db).await.map(drop)
            })
            .map_err(StoreError::failed("delete images"))?;
        }
        let keys = images.iter().map(|image| &*image.media_key);
        let keys: Vec<&str> = keys.chain(attachment_keys.iter().map(String::as_str)).collect();
        self.delete_media_objects(&keys).await
    }

    /// Deletes the rows of those files that no image, video, narration, voice sample or recording refers to. Returns
    /// their keys.
    pub async fn delete_media_objects(&mut self, keys: &[&str]) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "DELETE FROM media_object WHERE NOT EXISTS \
             (SELECT 1 FROM image WHERE media_key = media_object.key) AND NOT EXISTS \
             (SELECT 1 FROM video WHERE media_key = media_object.key) AND NOT EXISTS \
             (SELECT 1 FROM audio_clip WHERE media_key = media_object.key) AND NOT EXISTS \
             (SELECT 1 FROM voice_sample WHERE media_key = media_object.key) AND NOT EXISTS \
             (SELECT 1 FROM recording WHERE media_key = media_object.key) AND key IN (";
        let mut deleted = Vec::new();
        for keys in keys.chunks(MAX_BINDS) {
            let found: Vec<String> = with_tx!(self, db => {
                let mut delete = QueryBuilder::new(SQL);
                let mut list = delete.separated(", ");
                for key in keys {
                    list.push_bind(*key);
                }
                list.push_unseparated(") RETURNING key");
                delete.build_query_scalar().fetch_all(db).await
            })
            .map_err(StoreError::failed("delete the rows of files"))?;
            deleted.extend(found);
        }
        Ok(deleted)
    }
}
