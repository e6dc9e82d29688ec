//! Retention: media of stories that nobody continued, inputs that have been processed, and old records.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{MediaObject, Store, StoreError, Tx, with_read_pool, with_tx};

/// Maximum number of rows per statement; databases limit the number of bound values.
const MAX_BINDS: usize = 500;

/// Selects stories past retention, oldest first; `$5` is whether stories with bookmarks are spared.
///
/// The current story of a Sparrow that was seen since `$1` and the stories that Flocks share are spared at any age,
/// so that no screen goes blank.
const PAST_RETENTION: &str = "SELECT s.date_updated, s.id FROM story s WHERE s.date_updated < $1 \
     AND (s.date_updated, s.id) > ($2, $3) AND EXISTS (SELECT 1 FROM story_frame f \
     WHERE f.story_id = s.id AND f.image_id IS NOT NULL) AND NOT EXISTS \
     (SELECT 1 FROM sparrow_state c WHERE c.current_story_id = s.id AND c.last_seen >= $1) \
     AND NOT EXISTS (SELECT 1 FROM flock_story WHERE story_id = s.id) AND (NOT $5 OR (NOT EXISTS \
     (SELECT 1 FROM story_bookmark WHERE story_id = s.id) AND NOT EXISTS \
     (SELECT 1 FROM story_frame_bookmark WHERE story_id = s.id))) \
     ORDER BY s.date_updated, s.id LIMIT $4";

/// Position of a story in the order of age: time of the last update and id.
pub type StoryAgeCursor = (DateTime<Utc>, Uuid);

impl Store {
    /// Returns stories that have media and have not been updated since `until`, oldest first, starting after `after`,
    /// at most `limit`.
    ///
    /// If `spares_bookmarked` is set, stories with bookmarks are left out.
    pub async fn stories_past_retention(
        &self,
        until: DateTime<Utc>,
        after: StoryAgeCursor,
        limit: i64,
        spares_bookmarked: bool,
    ) -> Result<Vec<StoryAgeCursor>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(PAST_RETENTION)
            .bind(until)
            .bind(after.0)
            .bind(after.1)
            .bind(limit)
            .bind(spares_bookmarked)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list stories past retention"))
    }

    /// Returns the time until which no file may be deleted because a backup is being made; `None` if deletion is not
    /// paused.
    pub async fn deletion_paused_until(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        const SQL: &str = "SELECT kept_until FROM installation WHERE id = 1";
        let found: Option<Option<DateTime<Utc>>> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
                .map_err(StoreError::failed("read whether deletion is paused"))?;
        Ok(found.flatten())
    }
}

impl Tx {
    /// Reports whether a story is still past retention. The story must be locked by [`Tx::lock_story`].
    pub async fn is_past_retention(
        &mut self,
        id: Uuid,
        until: DateTime<Utc>,
        spares_bookmarked: bool,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM story s WHERE s.id = $1 AND s.date_updated < $2 \
             AND NOT EXISTS (SELECT 1 FROM sparrow_state c WHERE c.current_story_id = s.id \
             AND c.last_seen >= $2) AND NOT EXISTS (SELECT 1 FROM flock_story WHERE story_id = s.id) \
             AND (NOT $3 OR (NOT EXISTS (SELECT 1 FROM story_bookmark WHERE story_id = s.id) \
             AND NOT EXISTS (SELECT 1 FROM story_frame_bookmark WHERE story_id = s.id)))";
        let found: i64 = with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(id)
            .bind(until)
            .bind(spares_bookmarked)
            .fetch_one(db)
            .await)
        .map_err(StoreError::failed("check whether a story is past retention"))?;
        Ok(found == 1)
    }

    /// Detaches videos, narrations and images from all frames of a story. The caller deletes the rows of images and
    /// files.
    pub async fn detach_story_media(&mut self, story_id: Uuid) -> Result<(), StoreError> {
        const VIDEOS: &str = "DELETE FROM video WHERE frame_id IN \
             (SELECT id FROM story_frame WHERE story_id = $1)";
        const NARRATIONS: &str = "DELETE FROM audio_clip WHERE frame_id IN \
             (SELECT id FROM story_frame WHERE story_id = $1)";
        const IMAGES: &str = "UPDATE story_frame SET image_id = NULL, device_image_id = NULL \
             WHERE story_id = $1";
        for sql in [VIDEOS, NARRATIONS, IMAGES] {
            with_tx!(self, db => sqlx::query(sql).bind(story_id).execute(db).await.map(drop))
                .map_err(StoreError::failed("detach a story's media"))?;
        }
        Ok(())
    }

    /// Returns the total size in bytes of the files with these keys.
    pub async fn total_media_size(&mut self, keys: &[String]) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT size FROM media_object WHERE key IN (";
        let mut bytes = 0;
        for keys in keys.chunks(MAX_BINDS) {
            let sizes: Vec<i64> = with_tx!(self, db => {
                let mut select = QueryBuilder::new(SQL);
                let mut list = select.separated(", ");
                for key in keys {
                    list.push_bind(key);
                }
                list.push_unseparated(")");
                select.build_query_scalar().fetch_all(db).await
            })
            .map_err(StoreError::failed("sum the sizes of files"))?;
            bytes += sizes.iter().sum::<i64>();
        }
        Ok(bytes)
    }

    /// Deletes the rows of inputs created before `until` whose clients have no open task, oldest first, at most
    /// `limit`. Returns the media keys of their files.
    pub async fn delete_inputs(
        &mut self,
        until: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "DELETE FROM media_object WHERE key IN (SELECT m.key FROM media_object m \
             WHERE m.kind = 'input' AND m.date_created < $1 AND NOT EXISTS (SELECT 1 FROM task t \
             WHERE t.client_id = m.client_id AND t.status IN ('pending', 'running')) \
             ORDER BY m.date_created LIMIT $2) RETURNING key";
        with_tx!(self, db => sqlx::query_scalar(SQL).bind(until).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("delete inputs"))
    }

    /// Records that the bucket's copy of a file was compared and is equal. Locks the row until the transaction ends.
    ///
    /// Returns `false` if the row's content has changed since, or the row says that the file is not in the bucket.
    pub async fn mark_compared(
        &mut self,
        object: &MediaObject,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE media_object SET date_compared = $3 \
             WHERE key = $1 AND sha256 = $2 AND date_synced IS NOT NULL";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&object.key)
            .bind(&object.sha256)
            .bind(at)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("record that a file was compared"))
    }

    /// Records that a file with this content is not in the bucket.
    pub async fn mark_unsynced(&mut self, object: &MediaObject) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE media_object SET location = NULL, date_synced = NULL, \
             date_compared = NULL WHERE key = $1 AND sha256 = $2";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&object.key)
            .bind(&object.sha256)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("record that a file is not in the bucket"))
    }

    /// Claims the maintenance run. Returns `true` for one process, if no run was claimed after `since`.
    pub async fn claim_maintenance(
        &mut self,
        now: DateTime<Utc>,
        since: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE installation SET date_cleaned = $1 \
             WHERE id = 1 AND (date_cleaned IS NULL OR date_cleaned <= $2)";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(now)
            .bind(since)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("claim the maintenance run"))
    }

    /// Pauses the deletion of files until `until`; `None` resumes it.
    pub async fn set_deletion_pause(
        &mut self,
        until: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE installation SET kept_until = $1 WHERE id = 1";
        with_tx!(self, db => sqlx::query(SQL).bind(until).execute(db).await.map(drop))
            .map_err(StoreError::failed("pause the deletion of files"))
    }

    /// Deletes events created before `events`, tasks ended before `tasks` and inference calls made before `calls`.
    pub async fn delete_old_records(
        &mut self,
        events: DateTime<Utc>,
        tasks: DateTime<Utc>,
        calls: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const EVENTS: &str = "DELETE FROM event WHERE date_created < $1";
        const TASKS: &str = "DELETE FROM task WHERE status IN ('completed', 'failed', 'cancelled') \
             AND date_completed < $1";
        const CALLS: &str = "DELETE FROM inference_call WHERE date_created < $1";
        for (sql, until) in [(EVENTS, events), (TASKS, tasks), (CALLS, calls)] {
            with_tx!(self, db => sqlx::query(sql).bind(until).execute(db).await.map(drop))
                .map_err(StoreError::failed("delete old records"))?;
        }
        Ok(())
    }
}
