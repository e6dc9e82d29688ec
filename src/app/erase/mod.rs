//! A client's right to be forgotten, as a durable task: stories with their media and vectors, recordings, voices, memory,
//! tokens, configuration, and every other row that names it.
//!
//! Rows go in transactions that note in the task which files are to follow, so that a kill at any moment leaves nothing
//! behind that a next run would not find. At the end the task forgets whom it was about; what it removed is its result. What
//! a client sends while it is erased begins anew.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::audit::{Act, Change};
use super::{Actor, App, AppError, Done, ErrorKind, learn};
use crate::domain::{ClientId, TaskKind};
use crate::store::{NewTask, Task, Tx};

/// Rows that are looked through at once.
const AT_ONCE: i64 = 500;

/// The payload of [`TaskKind::EraseClient`]: whom, and how far it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Erasure {
    client_id: String,
    /// Who asked for it.
    actor: String,
    /// Files whose rows are gone, and which may still be there.
    #[serde(default)]
    files: Vec<String>,
    /// Stories that are gone, with how many frames they had, whose vectors may still be at Pinecone.
    #[serde(default)]
    unindexed: Vec<(Uuid, i32)>,
    #[serde(default)]
    removed: Erased,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Erased {
    stories: u64,
    files: u64,
    /// Pieces of frames in the index for search.
    #[serde(default)]
    pieces: u64,
    rows: u64,
}

impl App {
    /// Orders that everything held about a client be removed; the task's id. While one is under way, that one's.
    pub async fn order_erasure(
        &self,
        actor: Actor<'_>,
        client_id: &ClientId,
    ) -> Result<Uuid, AppError> {
        let lane = format!("erase {client_id}");
        let mut tx = self.store.begin().await?;
        if let Some(open) = tx.open_task(&lane).await? {
            return Ok(open.id);
        }
        let (id, now) = (Uuid::now_v7(), self.clock.now());
        // A device's name is the client's own, which is not to be kept.
        let by_itself = actor.client_id == Some(client_id);
        let actor =
            if by_itself { "the client itself".to_owned() } else { actor.principal.to_string() };
        let payload = serde_json::to_value(Erasure {
            client_id: client_id.as_str().to_owned(),
            actor,
            files: Vec::new(),
            unindexed: Vec::new(),
            removed: Erased::default(),
        })?;
        let task = NewTask {
            id,
            kind: TaskKind::EraseClient,
            lane: Some(lane),
            client_id: Some(client_id.as_str()),
            story_id: None,
            payload: &payload,
            now,
        };
        tx.enqueue(task).await?;
        tx.save().await?;
        Ok(id)
    }

    /// Erases the client of a claimed task, and ends the task; while a backup is made it is put off.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database, the disk or the bucket fails; the task goes on where it was when it is tried again.
    pub async fn erase_client(&self, task: &Task, owner: Uuid) -> Result<Done, AppError> {
        let mut erasure: Erasure = serde_json::from_value(task.payload.clone())?;
        let run = Run { app: self, task, owner };
        loop {
            let held = self.store.kept_until().await?;
            if let Some(until) = held.filter(|until| *until > self.clock.now()) {
                let mut tx = self.store.begin().await?;
                let payload = serde_json::to_value(&erasure)?;
                if tx.put_off(task.id, owner, &payload, until).await? {
                    tx.save().await?;
                }
                return Ok(Done::PutOff);
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
        run.end(erasure).await?;
        Ok(Done::Ended)
    }
}

/// A run of the task.
#[derive(Clone, Copy)]
struct Run<'a> {
    app: &'a App,
    task: &'a Task,
    owner: Uuid,
}

impl Run<'_> {
    /// Removes the files that are to go, and notes that they are gone.
    async fn remove_files(self, erasure: &mut Erasure) -> Result<(), AppError> {
        if erasure.files.is_empty() {
            return Ok(());
        }
        self.app.objects.remove_keys(erasure.files.clone()).await?;
        if let Some(bucket) = &self.app.bucket {
            bucket.remove_all(&erasure.files).await?;
        }
        erasure.removed.files += erasure.files.len() as u64;
        erasure.files.clear();
        self.save(self.app.store.begin().await?, erasure).await
    }

    /// Takes the frames of stories that are gone out of Pinecone, where there is one.
    async fn remove_vectors(self, erasure: &mut Erasure) -> Result<(), AppError> {
        if erasure.unindexed.is_empty() {
            return Ok(());
        }
        if let Some(pinecone) = &self.app.pinecone {
            for (story_id, frames) in &erasure.unindexed {
                pinecone.remove(*story_id, 0..=frames - 1).await?;
            }
        }
        erasure.unindexed.clear();
        self.save(self.app.store.begin().await?, erasure).await
    }

    async fn remove_story(self, erasure: &mut Erasure, id: Uuid) -> Result<(), AppError> {
        let mut tx = self.app.store.begin().await?;
        if tx.lock_story(id).await? {
            let (keys, size) = self.app.remove_story_rows(&mut tx, id).await?;
            erasure.files.extend(keys);
            erasure.unindexed.push((id, size.frames));
            erasure.removed.pieces += size.pieces.unsigned_abs();
            erasure.removed.stories += 1;
        }
        self.save(tx, erasure).await
    }

    /// Recordings, voices, inputs and uploads.
    async fn remove_sent_and_spoken(self, erasure: &mut Erasure) -> Result<(), AppError> {
        let mut tx = self.app.store.begin().await?;
        let mut keys = tx.remove_sounds_of(&erasure.client_id).await?;
        keys.extend(tx.keys_of(&erasure.client_id).await?);
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        erasure.files.extend(tx.remove_media_objects(&keys).await?);
        tx.disown_files_of(&erasure.client_id).await?;
        self.save(tx, erasure).await
    }

    /// Every row that names the client, wherever it does.
    async fn remove_mentions(self, erasure: &mut Erasure) -> Result<(), AppError> {
        let client_id = erasure.client_id.clone();
        let store = &self.app.store;
        let mut tx = store.begin().await?;
        erasure.removed.rows += tx.remove_rows_of(&client_id).await?;
        tx.change_configuration().await?;
        self.save(tx, erasure).await?;
        self.remove_answers(erasure).await?;
        let lane = learn::lane(&client_id);
        let mut after = Uuid::nil();
        loop {
            let rows = store.task_mentions(after, AT_ONCE).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            let named = rows.iter().filter(|row| {
                row.id != self.task.id
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
    async fn remove_answers(self, erasure: &mut Erasure) -> Result<(), AppError> {
        let client_id = erasure.client_id.clone();
        let quoted = serde_json::to_string(&client_id)?;
        let mut after = (String::new(), String::new());
        loop {
            let rows = self.app.store.answers_after((&after.0, &after.1), AT_ONCE).await?;
            let Some((scope, key, _)) = rows.last() else { return Ok(()) };
            after = (scope.clone(), key.clone());
            let mut tx = self.app.store.begin().await?;
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
    async fn end(self, erasure: Erasure) -> Result<(), AppError> {
        let now = self.app.clock.now();
        let mut tx = self.app.store.begin().await?;
        let fingerprint = fingerprint(&erasure.client_id);
        let change = Change {
            action: "erase",
            resource: "clients",
            id: &fingerprint,
            before: None,
            after: Some(json!(erasure.removed)),
        };
        change.note(&mut tx, &Act::by_name(&erasure.actor), now).await?;
        tx.forget_order(self.task.id).await?;
        if tx.complete(self.task.id, self.owner, &json!(erasure.removed), now).await? {
            tx.save().await?;
        }
        tracing::info!(stories = erasure.removed.stories, "a client was erased");
        Ok(())
    }

    /// Makes a transaction lasting together with how far the task is.
    async fn save(self, mut tx: Tx, erasure: &Erasure) -> Result<(), AppError> {
        let payload = serde_json::to_value(erasure)?;
        if !tx.note_progress(self.task.id, self.owner, &payload).await? {
            return Err(AppError::new(
                ErrorKind::Conflict,
                "Another worker took the erasure over.",
            ));
        }
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
