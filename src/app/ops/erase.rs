//! A client's right to be forgotten, as a durable task: stories with their media and vectors, recordings, voices, memory,
//! tokens, configuration, and every other row that names it.
//!
//! Rows go in transactions that note in the task which files are to follow, so that a kill at any moment leaves nothing
//! behind that a next run would not find. At the end the task forgets whom it was about; what it removed is its result. What
//! a client sends while it is erased begins anew.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Ops;
use crate::app::audit::{Act, Change};
use crate::app::jobs::{EraseClient, Erased, LearnFrame, Subject, TaskOutcome};
use crate::app::{Actor, AppError};
use crate::domain::ClientId;
use crate::store::{Lease, Tx};

/// Rows that are looked through at once.
const AT_ONCE: i64 = 500;

impl Ops {
    /// Orders that everything held about a client be removed; the task's id. While one is under way, that one's.
    pub async fn order_erasure(
        &self,
        actor: Actor<'_>,
        client_id: &ClientId,
    ) -> Result<Uuid, AppError> {
        let lane = EraseClient::lane_of(client_id.as_str());
        let mut tx = self.store.begin().await?;
        if let Some(open) = tx.open_task(&lane).await? {
            return Ok(open.id);
        }
        // A device's name is the client's own, which is not to be kept.
        let by_itself = actor.client_id == Some(client_id);
        let actor =
            if by_itself { "the client itself".to_owned() } else { actor.principal.to_string() };
        let job = EraseClient {
            client_id: client_id.as_str().to_owned(),
            actor,
            files: Vec::new(),
            unindexed: Vec::new(),
            removed: Erased::default(),
        };
        let subject = Subject { client_id: Some(client_id.as_str()), story_id: None };
        let id = self.jobs.enqueue(&mut tx, subject, &job).await?;
        tx.save().await?;
        Ok(id)
    }

    /// Erases the client of a claimed task, and ends the task; while a backup is made it is put off.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database, the disk or the bucket fails; the task goes on where it was when it is tried again.
    pub async fn erase_client(
        &self,
        lease: &Lease,
        mut erasure: EraseClient,
    ) -> Result<TaskOutcome, AppError> {
        let run = Run { ops: self, lease };
        loop {
            let held = self.store.kept_until().await?;
            if let Some(until) = held.filter(|until| *until > self.clock.now()) {
                return self.jobs.defer(lease, &erasure, until).await;
            }
            run.remove_files(&mut erasure).await?;
            run.remove_vectors(&mut erasure).await?;
            if let Some(id) = self.store.any_story_of(&erasure.client_id).await? {
                run.remove_story(&mut erasure, id).await?;
                continue;
            }
            run.remove_sent_and_spoken(&mut erasure).await?;
            if erasure.files.is_empty() {
                break;
            }
        }
        run.remove_mentions(&mut erasure).await?;
        run.end(erasure).await
    }
}

/// A run of the task.
#[derive(Clone, Copy)]
struct Run<'a> {
    ops: &'a Ops,
    lease: &'a Lease,
}

impl Run<'_> {
    /// Removes the files that are to go, and notes that they are gone.
    async fn remove_files(self, erasure: &mut EraseClient) -> Result<(), AppError> {
        if erasure.files.is_empty() {
            return Ok(());
        }
        self.ops.files.remove_everywhere(erasure.files.clone()).await?;
        erasure.removed.files += erasure.files.len() as u64;
        erasure.files.clear();
        self.save(self.ops.store.begin().await?, erasure).await
    }

    /// Takes the frames of stories that are gone out of Pinecone, where there is one.
    async fn remove_vectors(self, erasure: &mut EraseClient) -> Result<(), AppError> {
        if erasure.unindexed.is_empty() {
            return Ok(());
        }
        for (story_id, frames) in &erasure.unindexed {
            self.ops.search.remove_story(*story_id, *frames).await?;
        }
        erasure.unindexed.clear();
        self.save(self.ops.store.begin().await?, erasure).await
    }

    async fn remove_story(self, erasure: &mut EraseClient, id: Uuid) -> Result<(), AppError> {
        let mut tx = self.ops.store.begin().await?;
        if tx.lock_story(id).await? {
            let (keys, size) = self.ops.stories.remove_story_rows(&mut tx, id).await?;
            erasure.files.extend(keys);
            erasure.unindexed.push((id, size.frames));
            erasure.removed.pieces += size.pieces.unsigned_abs();
            erasure.removed.stories += 1;
        }
        self.save(tx, erasure).await
    }

    /// Recordings, voices, inputs and uploads.
    async fn remove_sent_and_spoken(self, erasure: &mut EraseClient) -> Result<(), AppError> {
        let mut tx = self.ops.store.begin().await?;
        let mut keys = tx.remove_sounds_of(&erasure.client_id).await?;
        keys.extend(tx.keys_of(&erasure.client_id).await?);
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        erasure.files.extend(tx.remove_media_objects(&keys).await?);
        tx.disown_files_of(&erasure.client_id).await?;
        self.save(tx, erasure).await
    }

    /// Every row that names the client, wherever it does.
    async fn remove_mentions(self, erasure: &mut EraseClient) -> Result<(), AppError> {
        let client_id = erasure.client_id.clone();
        let store = &self.ops.store;
        let mut tx = store.begin().await?;
        erasure.removed.rows += tx.remove_rows_of(&client_id).await?;
        tx.change_configuration().await?;
        self.save(tx, erasure).await?;
        self.remove_answers(erasure).await?;
        let lane = LearnFrame::lane_of(&client_id);
        let mut after = Uuid::nil();
        loop {
            let rows = store.task_mentions(after, AT_ONCE).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            let named = rows.iter().filter(|row| {
                row.id != self.lease.task().id
                    && (row.client_id.as_deref() == Some(&*client_id)
                        || row.name.as_deref() == Some(&*lane)
                        || names(row.payload.as_ref(), &client_id)
                        || names(row.more.as_ref(), &client_id))
            });
            let mut tx = store.begin().await?;
            for row in named {
                tx.remove_task(row.id).await?;
                erasure.removed.rows += 1;
            }
            self.save(tx, erasure).await?;
        }
        let device = format!("device {client_id}");
        let mut after = 0;
        loop {
            let rows = store.audit_mentions(after, AT_ONCE).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            let named = rows.iter().filter(|row| {
                row.client_id.as_deref() == Some(&*client_id)
                    || row.name.as_deref() == Some(&*device)
                    || names(row.payload.as_ref(), &client_id)
                    || names(row.more.as_ref(), &client_id)
            });
            let mut tx = store.begin().await?;
            for row in named {
                tx.remove_audit(row.id).await?;
                erasure.removed.rows += 1;
            }
            self.save(tx, erasure).await?;
        }
        Ok(())
    }

    /// Answers that are kept for requests that may be sent again: those to devices of this name, and those that speak of it.
    async fn remove_answers(self, erasure: &mut EraseClient) -> Result<(), AppError> {
        let client_id = erasure.client_id.clone();
        let quoted = serde_json::to_string(&client_id).map_err(AppError::internal)?;
        let mut after = (String::new(), String::new());
        loop {
            let rows = self.ops.store.answers_after((&after.0, &after.1), AT_ONCE).await?;
            let Some((scope, key, _)) = rows.last() else { return Ok(()) };
            after = (scope.clone(), key.clone());
            let mut tx = self.ops.store.begin().await?;
            for (scope, key, body) in &rows {
                let body = String::from_utf8_lossy(body.as_deref().unwrap_or_default());
                if scope.contains(&client_id) || body.contains(&quoted) {
                    tx.drop_answer(scope, key).await?;
                    erasure.removed.rows += 1;
                }
            }
            self.save(tx, erasure).await?;
        }
    }

    /// Ends the task, which does not remember whom it was about. Whoever knows the name can tell by its fingerprint that it
    /// was erased.
    async fn end(self, erasure: EraseClient) -> Result<TaskOutcome, AppError> {
        let now = self.ops.clock.now();
        let mut tx = self.ops.store.begin().await?;
        let fingerprint = fingerprint(&erasure.client_id);
        let change = Change {
            action: "erase",
            resource: "clients",
            id: &fingerprint,
            before: None,
            after: Some(json!(erasure.removed)),
        };
        change.note(&mut tx, &Act::by_name(&erasure.actor), now).await?;
        self.lease.forget_order(&mut tx).await?;
        self.lease.complete(&mut tx, &json!(erasure.removed), now).await?;
        tx.save().await?;
        tracing::info!(stories = erasure.removed.stories, "a client was erased");
        Ok(TaskOutcome::Completed)
    }

    /// Makes a transaction lasting together with how far the task is.
    async fn save(self, mut tx: Tx, erasure: &EraseClient) -> Result<(), AppError> {
        let payload = serde_json::to_value(erasure).map_err(AppError::internal)?;
        self.lease.note_progress(&mut tx, &payload).await?;
        Ok(tx.save().await?)
    }
}

/// Whether a text anywhere in a value is this name.
fn names(value: Option<&Value>, name: &str) -> bool {
    match value {
        Some(Value::String(text)) => text == name,
        Some(Value::Array(items)) => items.iter().any(|item| names(Some(item), name)),
        Some(Value::Object(fields)) => {
            fields.iter().any(|(key, item)| key == name || names(Some(item), name))
        }
        _ => false,
    }
}

/// The first half of the name's SHA-256, in hexadecimal digits.
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
            names(Some(&value), "ada") && names(Some(&value), "adam") && names(Some(&value), "b")
        );
        assert!(!names(Some(&value), "ad") && !names(None, "ada"));
        assert_eq!(fingerprint("ada").len(), 32);
    }
}
