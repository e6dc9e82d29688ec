//! Finding and removing everything that names a client, whatever table it is in.

use serde::Serialize;
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// Statements that remove a client's rows; `$1` is its name. Stories, files and what is told of them go before.
const ROWS: [&str; 14] = [
    "DELETE FROM story_bookmark WHERE client_id = $1",
    "DELETE FROM bookmark_list WHERE client_id = $1",
    "DELETE FROM story_frame_bookmark WHERE client_id = $1",
    "DELETE FROM user_pattern WHERE client_id = $1",
    "DELETE FROM conversation_context WHERE client_id = $1",
    "DELETE FROM user_insight WHERE client_id = $1",
    "DELETE FROM telemetry WHERE client_id = $1",
    "DELETE FROM schedule_state WHERE client_id = $1",
    "DELETE FROM sparrow_state WHERE client_id = $1",
    "DELETE FROM sparrow_config WHERE client_id = $1",
    "DELETE FROM pairing WHERE client_id = $1",
    "DELETE FROM api_token WHERE client_id = $1",
    "DELETE FROM event WHERE client_id = $1",
    // What was paid for stays in the book, under no name.
    "UPDATE inference_call SET client_id = NULL WHERE client_id = $1",
];

/// A file, as a list of a client's files shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct FileListing {
    /// Its key: the path below the root of a store.
    pub key: String,
    /// What it is for.
    pub kind: String,
    /// Its media type.
    pub content_type: String,
    /// In bytes.
    pub size: i64,
}

/// A row of a table that has no column for a client, but may name one.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ScannedRow<Id: Unpin + Send> {
    /// The row's id.
    pub id: Id,
    /// The client that it is of, where it says so.
    pub client_id: Option<String>,
    /// A name that may hold a client's.
    pub name: Option<String>,
    /// What it holds.
    #[sqlx(json(nullable))]
    pub payload: Option<Value>,
    /// What else it holds.
    #[sqlx(json(nullable))]
    pub more: Option<Value>,
}

impl Store {
    /// One of a client's stories.
    pub async fn any_story_of_client(&self, client_id: &str) -> Result<Option<Uuid>, StoreError> {
        const SQL: &str = "SELECT id FROM story WHERE client_id = $1 ORDER BY date_updated LIMIT 1";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(client_id).fetch_optional(db).await)
            .map_err(StoreError::failed("look for a client's stories"))
    }

    /// Tasks behind an id, by id, at most `limit`.
    pub async fn scan_tasks(
        &self,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<ScannedRow<Uuid>>, StoreError> {
        const SQL: &str = "SELECT id, client_id, lane AS name, payload, result AS more FROM task \
             WHERE id > $1 ORDER BY id LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("look through tasks"))
    }

    /// Returns the keys of requests that became no task, behind a scope and a key, in that order, at most `limit`: their
    /// scope, key and the body of the answer that is kept for them. A key of a task goes with its task.
    pub async fn scan_idempotency_keys(
        &self,
        (scope, key): (&str, &str),
        limit: i64,
    ) -> Result<Vec<(String, String, Option<Vec<u8>>)>, StoreError> {
        const SQL: &str = "SELECT scope, key, body FROM idempotency_key \
             WHERE (scope, key) > ($1, $2) AND task_id IS NULL ORDER BY scope, key LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(scope)
            .bind(key)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("look through kept answers"))
    }

    /// Files that are noted as a client's, by name: their keys, kinds, media types and sizes in bytes.
    pub async fn files_of_client(&self, client_id: &str) -> Result<Vec<FileListing>, StoreError> {
        const SQL: &str = "SELECT key, kind, content_type, size FROM media_object WHERE client_id = $1 ORDER BY key";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(client_id).fetch_all(db).await)
            .map_err(StoreError::failed("list a client's files"))
    }

    /// The files of a story's frames, by name.
    pub async fn files_of_story(&self, story_id: Uuid) -> Result<Vec<FileListing>, StoreError> {
        const SQL: &str = "SELECT m.key, m.kind, m.content_type, m.size FROM media_object m WHERE m.key IN (\
             SELECT i.media_key FROM story_frame f JOIN image i ON i.id = f.image_id WHERE f.story_id = $1 \
             UNION SELECT i.media_key FROM story_frame f JOIN image i ON i.id = f.device_image_id WHERE f.story_id = $1 \
             UNION SELECT v.media_key FROM story_frame f JOIN video v ON v.frame_id = f.id WHERE f.story_id = $1 \
             UNION SELECT a.media_key FROM story_frame f JOIN audio_clip a ON a.frame_id = f.id WHERE f.story_id = $1) \
             ORDER BY m.key";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(story_id).fetch_all(db).await)
            .map_err(StoreError::failed("list a story's files"))
    }

    /// What was seen and heard for each frame of a story, by its number.
    pub async fn seen_and_heard(
        &self,
        story_id: Uuid,
    ) -> Result<Vec<(i32, Option<String>, Option<String>)>, StoreError> {
        const SQL: &str =
            "SELECT number, seen, heard FROM story_frame WHERE story_id = $1 ORDER BY number";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(story_id).fetch_all(db).await)
            .map_err(StoreError::failed("read what was seen and heard"))
    }

    /// Changes behind an id, by id, at most `limit`.
    pub async fn scan_audit_records(
        &self,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ScannedRow<i64>>, StoreError> {
        const SQL: &str = "SELECT id, resource_id AS client_id, actor AS name, before_value AS payload, \
             after_value AS more FROM audit WHERE id > $1 ORDER BY id LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("look through changes"))
    }
}

impl Tx {
    /// Removes every row that is a client's own; how many.
    pub async fn delete_client_rows(&mut self, client_id: &str) -> Result<u64, StoreError> {
        const SPENT: &str = "DELETE FROM spend WHERE scope = $1";
        let failed = StoreError::failed("remove a client's rows");
        let mut removed = 0;
        for sql in ROWS {
            removed += with_tx!(self, db => sqlx::query(sql)
                .bind(client_id)
                .execute(db)
                .await
                .map(|done| done.rows_affected()))
            .map_err(&failed)?;
        }
        let scope = format!("the Sparrow {client_id}");
        removed += with_tx!(self, db => sqlx::query(SPENT)
            .bind(scope)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(&failed)?;
        Ok(removed)
    }

    /// Removes a client's recordings and voice profiles; the keys of their files.
    pub async fn delete_client_sounds(
        &mut self,
        client_id: &str,
    ) -> Result<Vec<String>, StoreError> {
        const SAMPLES: &str = "DELETE FROM voice_sample WHERE client_id = $1 RETURNING media_key";
        const RECORDINGS: &str = "DELETE FROM recording WHERE client_id = $1 RETURNING media_key";
        const PROFILES: &str = "DELETE FROM voice_profile WHERE client_id = $1";
        let failed = StoreError::failed("remove a client's sounds");
        let mut keys: Vec<String> = Vec::new();
        for sql in [SAMPLES, RECORDINGS] {
            let found: Vec<String> =
                with_tx!(self, db => sqlx::query_scalar(sql).bind(client_id).fetch_all(db).await)
                    .map_err(&failed)?;
            keys.extend(found);
        }
        with_tx!(self, db => sqlx::query(PROFILES).bind(client_id).execute(db).await.map(drop))
            .map_err(&failed)?;
        Ok(keys)
    }

    /// The keys of files that are noted as a client's: what it sent, above all.
    pub async fn media_keys_of_client(
        &mut self,
        client_id: &str,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT key FROM media_object WHERE client_id = $1";
        with_tx!(self, db => sqlx::query_scalar(SQL).bind(client_id).fetch_all(db).await)
            .map_err(StoreError::failed("list a client's files"))
    }

    /// Takes a client's name from files that others still refer to.
    pub async fn detach_media_from_client(&mut self, client_id: &str) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE media_object SET client_id = NULL WHERE client_id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(client_id).execute(db).await.map(drop))
            .map_err(StoreError::failed("take a client's name from files"))
    }

    /// Removes a task, and those that wait for its end are told.
    pub async fn remove_task(&mut self, id: Uuid) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM task WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(id).execute(db).await.map(drop))
            .map_err(StoreError::failed("remove a task"))?;
        self.notify_ended(id);
        Ok(())
    }

    /// Removes the note of a change.
    pub async fn delete_audit_record(&mut self, id: i64) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM audit WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(id).execute(db).await.map(drop))
            .map_err(StoreError::failed("remove the note of a change"))
    }

    /// Removes an answer that is kept for a request that may be sent again.
    pub async fn delete_idempotency_key(
        &mut self,
        scope: &str,
        key: &str,
    ) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM idempotency_key WHERE scope = $1 AND key = $2";
        with_tx!(self, db => sqlx::query(SQL).bind(scope).bind(key).execute(db).await.map(drop))
            .map_err(StoreError::failed("forget a kept answer"))
    }
}
