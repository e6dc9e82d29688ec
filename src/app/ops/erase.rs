//! Erases a client, as a durable task: its stories with their media and vectors, the copies of its frames in branches of
//! others, recordings, voices, memory, tokens, configuration, and every other row that names it.
//!
//! Each transaction that deletes rows also records in the task which files to remove, so that after a kill at any
//! moment the next run finds everything that is left. At the end the task is anonymized; its result is what it removed.
//! A client that sends requests while it is erased starts again as a new client.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Ops;
use crate::app::audit::{AuditChange, AuditContext};
use crate::app::jobs::{EraseClient, ErasureCounts, LearnFromFrame, Subject, TaskOutcome};
use crate::app::{Actor, AppError};
use crate::domain::ClientId;
use crate::store::{Lease, Tx};

/// Number of rows that one scan reads.
const ROWS_PER_PAGE: i64 = 500;

impl Ops {
    /// Enqueues a task that removes everything stored about a client, and returns the task's id. If such a task is
    /// already open, returns its id instead.
    pub async fn enqueue_erasure(
        &self,
        actor: Actor<'_>,
        client_id: &ClientId,
    ) -> Result<Uuid, AppError> {
        // The name of a device's principal contains the client's id, which must not be kept.
        let is_own_client = actor.client_id == Some(client_id);
        let actor = if is_own_client {
            "the client itself".to_owned()
        } else {
            actor.principal.to_string()
        };
        self.enqueue_erasure_by(&actor, client_id).await
    }

    /// Does the same as [`Ops::enqueue_erasure`], for an actor with this name.
    pub(super) async fn enqueue_erasure_by(
        &self,
        actor: &str,
        client_id: &ClientId,
    ) -> Result<Uuid, AppError> {
        let lane = EraseClient::lane_for(client_id.as_str());
        let mut tx = self.store.begin().await?;
        if let Some(open) = tx.open_task(&lane).await? {
            return Ok(open.id);
        }
        let job = EraseClient {
            client_id: client_id.as_str().to_owned(),
            actor: actor.to_owned(),
            files: Vec::new(),
            unindexed: Vec::new(),
            removed: ErasureCounts::default(),
        };
        let subject = Subject { client_id: Some(client_id.as_str()), story_id: None };
        let id = self.jobs.enqueue(&mut tx, subject, &job).await?;
        tx.save().await?;
        Ok(id)
    }

    /// Runs a claimed erasure task. While a backup is being made, the task is deferred.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database, the disk or the bucket fails; the task is then retried and resumes where
    /// it stopped.
    pub async fn erase_client(
        &self,
        lease: &Lease,
        mut erasure: EraseClient,
    ) -> Result<TaskOutcome, AppError> {
        let run = ErasureRun { ops: self, lease };
        loop {
            let paused_until = self.store.deletion_paused_until().await?;
            if let Some(until) = paused_until.filter(|until| *until > self.clock.now()) {
                return self.jobs.defer(lease, &erasure, until).await;
            }
            run.remove_files(&mut erasure).await?;
            run.remove_vectors(&mut erasure).await?;
            if let Some(id) = self.store.any_story_of_client(&erasure.client_id).await? {
                run.delete_story(&mut erasure, id).await?;
                continue;
            }
            let client_id = &erasure.client_id;
            if let Some(id) = self.store.any_story_with_copies(client_id).await? {
                run.empty_copies(&mut erasure, id).await?;
                continue;
            }
            run.remove_client_media(&mut erasure).await?;
            if erasure.files.is_empty() {
                break;
            }
        }
        run.remove_mentions(&mut erasure).await?;
        run.complete(erasure).await
    }
}

/// One run of an erasure task.
#[derive(Clone, Copy)]
struct ErasureRun<'a> {
    ops: &'a Ops,
    lease: &'a Lease,
}

impl ErasureRun<'_> {
    /// Removes the files listed in the task, and clears the list.
    async fn remove_files(self, erasure: &mut EraseClient) -> Result<(), AppError> {
        if erasure.files.is_empty() {
            return Ok(());
        }
        self.ops.files.remove_everywhere(erasure.files.clone()).await?;
        erasure.removed.files += erasure.files.len() as u64;
        erasure.files.clear();
        self.save_progress(self.ops.store.begin().await?, erasure).await
    }

    /// Removes the vectors of deleted stories from the remote index, if one is configured.
    async fn remove_vectors(self, erasure: &mut EraseClient) -> Result<(), AppError> {
        if erasure.unindexed.is_empty() {
            return Ok(());
        }
        for (story_id, frames) in &erasure.unindexed {
            self.ops.search.unindex_story(*story_id, *frames).await?;
        }
        erasure.unindexed.clear();
        self.save_progress(self.ops.store.begin().await?, erasure).await
    }

    async fn delete_story(self, erasure: &mut EraseClient, id: Uuid) -> Result<(), AppError> {
        let mut tx = self.ops.store.begin().await?;
        if tx.lock_story(id).await? {
            let (keys, size) = self.ops.stories.remove_story_rows(&mut tx, id).await?;
            erasure.files.extend(keys);
            erasure.unindexed.push((id, size.frames));
            erasure.removed.pieces += size.pieces.unsigned_abs();
            erasure.removed.stories += 1;
        }
        self.save_progress(tx, erasure).await
    }

    /// Empties the copies of the client's frames in a branch of another client.
    async fn empty_copies(self, erasure: &mut EraseClient, id: Uuid) -> Result<(), AppError> {
        let mut tx = self.ops.store.begin().await?;
        if tx.lock_story(id).await? {
            let client_id = erasure.client_id.clone();
            let keys = self.ops.stories.erase_copied_frames(&mut tx, id, &client_id).await?;
            erasure.files.extend(keys);
        }
        self.save_progress(tx, erasure).await
    }

    /// Deletes the rows of the client's recordings, voices, inputs and uploads.
    async fn remove_client_media(self, erasure: &mut EraseClient) -> Result<(), AppError> {
        let mut tx = self.ops.store.begin().await?;
        let mut keys = tx.delete_client_sounds(&erasure.client_id).await?;
        keys.extend(tx.media_keys_of_client(&erasure.client_id).await?);
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        erasure.files.extend(tx.delete_media_objects(&keys).await?);
        tx.detach_media_from_client(&erasure.client_id).await?;
        self.save_progress(tx, erasure).await
    }

    /// Deletes every other row that names the client, in any column.
    async fn remove_mentions(self, erasure: &mut EraseClient) -> Result<(), AppError> {
        let client_id = erasure.client_id.clone();
        let store = &self.ops.store;
        let mut tx = store.begin().await?;
        erasure.removed.rows += tx.delete_client_rows(&client_id).await?;
        tx.bump_configuration_version().await?;
        self.save_progress(tx, erasure).await?;
        self.remove_saved_responses(erasure).await?;
        let lane = LearnFromFrame::lane_for(&client_id);
        let mut after = Uuid::nil();
        loop {
            let rows = store.scan_tasks(after, ROWS_PER_PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            let named = rows.iter().filter(|row| {
                row.id != self.lease.task().id
                    && (row.client_id.as_deref() == Some(&*client_id)
                        || row.name.as_deref() == Some(&*lane)
                        || contains_name(row.payload.as_ref(), &client_id)
                        || contains_name(row.more.as_ref(), &client_id))
            });
            let mut tx = store.begin().await?;
            for row in named {
                tx.delete_task(row.id).await?;
                erasure.removed.rows += 1;
            }
            self.save_progress(tx, erasure).await?;
        }
        let device = format!("device {client_id}");
        let mut after = 0;
        loop {
            let rows = store.scan_audit_records(after, ROWS_PER_PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            let named = rows.iter().filter(|row| {
                row.client_id.as_deref() == Some(&*client_id)
                    || row.name.as_deref() == Some(&*device)
                    || contains_name(row.payload.as_ref(), &client_id)
                    || contains_name(row.more.as_ref(), &client_id)
            });
            let mut tx = store.begin().await?;
            for row in named {
                tx.delete_audit_record(row.id).await?;
                erasure.removed.rows += 1;
            }
            self.save_progress(tx, erasure).await?;
        }
        Ok(())
    }

    /// Deletes responses saved for idempotency keys: those whose scope or body contains the client's id.
    async fn remove_saved_responses(self, erasure: &mut EraseClient) -> Result<(), AppError> {
        let client_id = erasure.client_id.clone();
        let quoted = serde_json::to_string(&client_id).map_err(AppError::internal)?;
        let mut after = (String::new(), String::new());
        loop {
            let rows =
                self.ops.store.scan_idempotency_keys((&after.0, &after.1), ROWS_PER_PAGE).await?;
            let Some((scope, key, _)) = rows.last() else { return Ok(()) };
            after = (scope.clone(), key.clone());
            let mut tx = self.ops.store.begin().await?;
            for (scope, key, body) in &rows {
                let body = String::from_utf8_lossy(body.as_deref().unwrap_or_default());
                if scope.contains(&client_id) || body.contains(&quoted) {
                    tx.delete_idempotency_key(scope, key).await?;
                    erasure.removed.rows += 1;
                }
            }
            self.save_progress(tx, erasure).await?;
        }
    }

    /// Completes and anonymizes the task. The audit record contains a fingerprint of the client's id, so that someone
    /// who knows the id can verify that the client was erased.
    async fn complete(self, erasure: EraseClient) -> Result<TaskOutcome, AppError> {
        let now = self.ops.clock.now();
        let mut tx = self.ops.store.begin().await?;
        let fingerprint = fingerprint(&erasure.client_id);
        let change = AuditChange {
            action: "erase",
            resource: "clients",
            id: &fingerprint,
            before: None,
            after: Some(json!(erasure.removed)),
        };
        change.record(&mut tx, &AuditContext::for_actor_name(&erasure.actor), now).await?;
        self.lease.anonymize(&mut tx).await?;
        self.lease.complete(&mut tx, &json!(erasure.removed), now).await?;
        tx.save().await?;
        tracing::info!(stories = erasure.removed.stories, "client erased");
        Ok(TaskOutcome::Completed)
    }

    /// Saves the task's progress in the same transaction as the deletions, and commits it.
    async fn save_progress(self, mut tx: Tx, erasure: &EraseClient) -> Result<(), AppError> {
        let payload = serde_json::to_value(erasure).map_err(AppError::internal)?;
        self.lease.save_progress(&mut tx, &payload).await?;
        Ok(tx.save().await?)
    }
}

/// Returns whether any string or object key in a JSON value equals this name.
fn contains_name(value: Option<&Value>, name: &str) -> bool {
    match value {
        Some(Value::String(text)) => text == name,
        Some(Value::Array(items)) => items.iter().any(|item| contains_name(Some(item), name)),
        Some(Value::Object(fields)) => {
            fields.iter().any(|(key, item)| key == name || contains_name(Some(item), name))
        }
        _ => false,
    }
}

/// Returns the first 16 bytes of the name's SHA-256 in hexadecimal.
fn fingerprint(client_id: &str) -> String {
    let digest = Sha256::digest(client_id.as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_anywhere_and_only_whole() {
        let value = json!({"a": [{"client_id": "ada"}], "b": "adam"});
        assert!(
            contains_name(Some(&value), "ada")
                && contains_name(Some(&value), "adam")
                && contains_name(Some(&value), "b")
        );
        assert!(!contains_name(Some(&value), "ad") && !contains_name(None, "ada"));
        assert_eq!(fingerprint("ada").len(), 32);
    }
}
