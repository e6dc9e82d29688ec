//! Finds and deletes every row that names a client, in any table.

use serde::Serialize;
use serde_json::Value;
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// Statements that delete a client's rows; `$1` is the client id. Stories, files and tasks are deleted before.
const ROWS: [&str; 18] = [
    "DELETE FROM share WHERE client_id = $1",
    "DELETE FROM visitor WHERE client_id = $1",
    "DELETE FROM story_bookmark WHERE client_id = $1",
    "DELETE FROM bookmark_list WHERE client_id = $1",
    "DELETE FROM story_frame_bookmark WHERE client_id = $1",
    "DELETE FROM user_pattern WHERE client_id = $1",
    "DELETE FROM conversation_context WHERE client_id = $1",
    "DELETE FROM user_insight WHERE client_id = $1",
    "DELETE FROM telemetry WHERE client_id = $1",
    "DELETE FROM schedule_state WHERE client_id = $1",
    "DELETE FROM device_command WHERE client_id = $1",
    "DELETE FROM command_delivery WHERE client_id = $1",
    "DELETE FROM sparrow_state WHERE client_id = $1",
    "DELETE FROM sparrow_config WHERE client_id = $1",
    "DELETE FROM pairing WHERE client_id = $1",
    "DELETE FROM api_token WHERE client_id = $1",
    "DELETE FROM event WHERE client_id = $1",
    // Spending stays in the ledger, without the client's id.
    "UPDATE inference_call SET client_id = NULL WHERE client_id = $1",
];

/// An entry of a list of a client's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct FileListing {
    /// Media key: the path relative to the root of a file store.
    pub key: String,
    /// What the file is for, such as `frame` or `upload`.
    pub kind: String,
    /// Media type.
    pub content_type: String,
    /// Size in bytes.
    pub size: i64,
}

/// A row of a table that may mention a client outside a client column, such as in JSON.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ScannedRow<Id: Unpin + Send> {
    /// The row's id.
    pub id: Id,
    /// The client that the row belongs to, if it names one.
    pub client_id: Option<String>,
    /// A string that may contain a client id: a task's lane or an audit record's actor.
    pub name: Option<String>,
    /// JSON that may mention the client.
    #[sqlx(json(nullable))]
    pub payload: Option<Value>,
    /// Further JSON that may mention the client.
    #[sqlx(json(nullable))]
    pub more: Option<Value>,
}

impl Store {
    /// Returns the id of one of a client's stories; `None` if the client has none.
    pub async fn any_story_of_client(&self, client_id: &str) -> Result<Option<Uuid>, StoreError> {
        const SQL: &str = "SELECT id FROM story WHERE client_id = $1 ORDER BY date_updated LIMIT 1";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(client_id).fetch_optional(db).await)
            .map_err(StoreError::failed("look for a client's stories"))
    }

    /// Returns tasks with an id above `after`, in the order of their ids, at most `limit`.
    pub async fn scan_tasks(
        &self,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<ScannedRow<Uuid>>, StoreError> {
        const SQL: &str = "SELECT id, client_id, lane AS name, payload, result AS more FROM task \
             WHERE id > $1 ORDER BY id LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("scan tasks"))
    }

    /// Returns the scope, key and saved response body of idempotency keys without a task, in the order of scope and
    /// key.
    ///
    /// The page starts after `(scope, key)` and has at most `limit` entries. The key of a task is deleted with its
    /// task.
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
        .map_err(StoreError::failed("scan saved responses"))
    }

    /// Returns the files that belong to a client, in the order of their keys.
    pub async fn files_of_client(&self, client_id: &str) -> Result<Vec<FileListing>, StoreError> {
        const SQL: &str = "SELECT key, kind, content_type, size FROM media_object WHERE client_id = $1 ORDER BY key";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(client_id).fetch_all(db).await)
            .map_err(StoreError::failed("list a client's files"))
    }

    /// Returns the files of a story's frames, in the order of their keys.
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

    /// Returns the number of each frame of a story, with what the camera saw and what was heard for it.
    pub async fn frame_inputs(
        &self,
        story_id: Uuid,
    ) -> Result<Vec<(i32, Option<String>, Option<String>)>, StoreError> {
        const SQL: &str =
            "SELECT number, seen, heard FROM story_frame WHERE story_id = $1 ORDER BY number";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(story_id).fetch_all(db).await)
            .map_err(StoreError::failed("read the perceptions of a story's frames"))
    }

    /// Returns audit records with an id above `after`, in the order of their ids, at most `limit`.
    pub async fn scan_audit_records(
        &self,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ScannedRow<i64>>, StoreError> {
        const SQL: &str = "SELECT id, resource_id AS client_id, actor AS name, before_value AS payload, \
             after_value AS more FROM audit WHERE id > $1 ORDER BY id LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("scan audit records"))
    }
}

impl Tx {
    /// Deletes every row that belongs to a client. Returns the number of rows deleted or changed.
    pub async fn delete_client_rows(&mut self, client_id: &str) -> Result<u64, StoreError> {
        const SPEND: &str = "DELETE FROM spend WHERE scope = $1";
        let failed = StoreError::failed("delete a client's rows");
        let mut changed = 0;
        for sql in ROWS {
            changed += with_tx!(self, db => sqlx::query(sql)
                .bind(client_id)
                .execute(db)
                .await
                .map(|done| done.rows_affected()))
            .map_err(&failed)?;
        }
        let scope = format!("the Sparrow {client_id}");
        changed += with_tx!(self, db => sqlx::query(SPEND)
            .bind(scope)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(&failed)?;
        Ok(changed)
    }

    /// Deletes a client's recordings and voice profiles. Returns the media keys of their files.
    pub async fn delete_client_sounds(
        &mut self,
        client_id: &str,
    ) -> Result<Vec<String>, StoreError> {
        const SAMPLES: &str = "DELETE FROM voice_sample WHERE client_id = $1 RETURNING media_key";
        const RECORDINGS: &str = "DELETE FROM recording WHERE client_id = $1 RETURNING media_key";
        const PROFILES: &str = "DELETE FROM voice_profile WHERE client_id = $1";
        let failed = StoreError::failed("delete a client's sounds");
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

    /// Returns the media keys of the files that belong to a client, such as its uploads.
    pub async fn media_keys_of_client(
        &mut self,
        client_id: &str,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT key FROM media_object WHERE client_id = $1";
        with_tx!(self, db => sqlx::query_scalar(SQL).bind(client_id).fetch_all(db).await)
            .map_err(StoreError::failed("list a client's files"))
    }

    /// Clears the client of files that are still referenced by others.
    pub async fn detach_media_from_client(&mut self, client_id: &str) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE media_object SET client_id = NULL WHERE client_id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(client_id).execute(db).await.map(drop))
            .map_err(StoreError::failed("detach a client's files"))
    }

    /// Deletes a task and notifies those that wait for its end.
    pub async fn delete_task(&mut self, id: Uuid) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM task WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(id).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete a task"))?;
        self.notify_ended(id);
        Ok(())
    }

    /// Deletes an audit record.
    pub async fn delete_audit_record(&mut self, id: i64) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM audit WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(id).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete an audit record"))
    }

    /// Deletes an idempotency key with its saved response.
    pub async fn delete_idempotency_key(
        &mut self,
        scope: &str,
        key: &str,
    ) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM idempotency_key WHERE scope = $1 AND key = $2";
        with_tx!(self, db => sqlx::query(SQL).bind(scope).bind(key).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete a saved response"))
    }
}
