//! What changes of a story beside its growth: its title, its last frame taken back, a picture made anew, its end.
//!
//! Files are not touched here: the keys of those that nothing refers to any more are handed back, for a task to
//! remove them.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{Store, StoreError, Task, Tx, with_tx};
use crate::domain::{FrameKey, TaskStatus};
use crate::store::with_read_pool;

/// Rows that one statement removes at most: databases bound how much may be bound.
const MAX_BINDS: usize = 500;

/// What a frame's picture is made of.
#[derive(Debug, Clone, FromRow)]
pub struct IllustrationSource {
    /// How it came to be.
    #[sqlx(json)]
    pub metadata: Value,
    /// Its prose.
    pub text: Option<String>,
    /// The prompt of its illustration; absent where it came from elsewhere.
    pub illustration: Option<String>,
    /// Its original illustration.
    pub image_id: Option<Uuid>,
}

/// How much a story is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct StorySize {
    /// Frames.
    pub frames: i32,
    /// Pieces of them in the index for search.
    pub pieces: i64,
}

/// A picture that belongs to frames about to go.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ImageToDelete {
    id: Uuid,
    media_key: String,
}

impl ImageToDelete {
    /// The key of its file.
    #[must_use]
    pub fn media_key(&self) -> &str {
        &self.media_key
    }
}

impl Store {
    /// The words of a story's frame.
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
        .map_err(StoreError::failed("read a frame's words"))
    }
}

impl Tx {
    /// Has whatever else would change a story wait until this transaction ends; false when there is no such story.
    pub async fn lock_story(&mut self, id: Uuid) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE story SET frame_count = frame_count WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(id)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("lock a story"))
    }

    /// Gives a story another title. Its slug stays: links lead by it.
    pub async fn retitle_story(
        &mut self,
        id: Uuid,
        title: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE story SET title = $2, date_updated = $3 WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(id).bind(title).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("give a story another title"))
    }

    /// The state that a story was in before a frame; `None` when there is no such frame.
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

    /// Takes a frame back that is the last of its story; false when it is not.
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
        let failed = StoreError::failed("take a frame back");
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

    /// Gives a frame other pictures; false when it is gone.
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
        .map_err(StoreError::failed("give a frame other pictures"))
    }

    /// Takes the picture that lists show from a story; its id.
    pub async fn clear_thumbnail(
        &mut self,
        story_id: Uuid,
    ) -> Result<Option<ImageToDelete>, StoreError> {
        const FIND: &str = "SELECT i.id, i.media_key FROM story s JOIN image i ON i.id = s.thumbnail_id \
             WHERE s.id = $1";
        const TAKE: &str = "UPDATE story SET thumbnail_id = NULL WHERE id = $1";
        let failed = StoreError::failed("take a story's thumbnail");
        let found =
            with_tx!(self, db => sqlx::query_as(FIND).bind(story_id).fetch_optional(db).await)
                .map_err(&failed)?;
        with_tx!(self, db => sqlx::query(TAKE).bind(story_id).execute(db).await.map(drop))
            .map_err(&failed)?;
        Ok(found)
    }

    /// The pictures of a story's frames from number `from` to `to`, those that were rendered from others first.
    pub async fn frame_images(
        &mut self,
        story_id: Uuid,
        from: i32,
        to: i32,
    ) -> Result<Vec<ImageToDelete>, StoreError> {
        const RENDERED: &str = "SELECT r.id, r.media_key FROM story_frame f \
             JOIN image r ON r.rendition_of = f.image_id \
             WHERE f.story_id = $1 AND f.number BETWEEN $2 AND $3";
        const KEPT: &str = "SELECT i.id, i.media_key FROM story_frame f \
             JOIN image i ON i.id = f.image_id \
             WHERE f.story_id = $1 AND f.number BETWEEN $2 AND $3 \
             UNION SELECT i.id, i.media_key FROM story_frame f \
             JOIN image i ON i.id = f.device_image_id \
             WHERE f.story_id = $1 AND f.number BETWEEN $2 AND $3";
        let mut pictures = Vec::new();
        for sql in [RENDERED, KEPT] {
            let found: Vec<ImageToDelete> = with_tx!(self, db => sqlx::query_as(sql)
                .bind(story_id)
                .bind(from)
                .bind(to)
                .fetch_all(db)
                .await)
            .map_err(StoreError::failed("list the pictures of frames"))?;
            pictures.extend(found);
        }
        Ok(pictures)
    }

    /// How much a story is; nothing where there is none.
    pub async fn story_size(&mut self, id: Uuid) -> Result<StorySize, StoreError> {
        const SQL: &str = "SELECT frame_count AS frames, (SELECT COUNT(*) FROM story_frame f \
             JOIN frame_embedding e ON e.frame_id = f.id WHERE f.story_id = s.id) AS pieces \
             FROM story s WHERE id = $1";
        let size = with_tx!(self, db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("see how much a story is"))?;
        Ok(size.unwrap_or_default())
    }

    /// Removes a story with its frames and bookmarks.
    pub async fn remove_story(&mut self, id: Uuid) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM story WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(id).execute(db).await.map(drop))
            .map_err(StoreError::failed("remove a story"))
    }

    /// Removes a story's tasks and events, and returns the tasks as they stood.
    pub async fn delete_story_tasks_and_events(
        &mut self,
        story_id: Uuid,
    ) -> Result<Vec<Task>, StoreError> {
        const TASKS: &str = "DELETE FROM task WHERE story_id = $1 RETURNING *";
        const EVENTS: &str = "DELETE FROM event WHERE story_id = $1";
        let failed = StoreError::failed("remove the work on a story");
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

    /// Removes pictures that no frame has any more; the keys of files that nothing refers to now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails, or something still refers to one.
    pub async fn delete_images(
        &mut self,
        pictures: &[ImageToDelete],
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "DELETE FROM image WHERE id IN (";
        for pictures in pictures.chunks(MAX_BINDS) {
            with_tx!(self, db => {
                let mut delete = QueryBuilder::new(SQL);
                let mut ids = delete.separated(", ");
                for picture in pictures {
                    ids.push_bind(picture.id);
                }
                ids.push_unseparated(")");
                delete.build().execute(db).await.map(drop)
            })
            .map_err(StoreError::failed("remove pictures"))?;
        }
        let keys: Vec<&str> = pictures.iter().map(|picture| &*picture.media_key).collect();
        self.remove_media_objects(&keys).await
    }

    /// Removes the rows of files that no picture, film, voice or recording refers to; the keys of those.
    pub async fn remove_media_objects(&mut self, keys: &[&str]) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "DELETE FROM media_object WHERE NOT EXISTS \
             (SELECT 1 FROM image WHERE media_key = media_object.key) AND NOT EXISTS \
             (SELECT 1 FROM video WHERE media_key = media_object.key) AND NOT EXISTS \
             (SELECT 1 FROM audio_clip WHERE media_key = media_object.key) AND NOT EXISTS \
             (SELECT 1 FROM voice_sample WHERE media_key = media_object.key) AND NOT EXISTS \
             (SELECT 1 FROM recording WHERE media_key = media_object.key) AND key IN (";
        let mut removed = Vec::new();
        for keys in keys.chunks(MAX_BINDS) {
            let gone: Vec<String> = with_tx!(self, db => {
                let mut delete = QueryBuilder::new(SQL);
                let mut list = delete.separated(", ");
                for key in keys {
                    list.push_bind(*key);
                }
                list.push_unseparated(") RETURNING key");
                delete.build_query_scalar().fetch_all(db).await
            })
            .map_err(StoreError::failed("remove the rows of files"))?;
            removed.extend(gone);
        }
        Ok(removed)
    }
}
