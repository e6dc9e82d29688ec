//! Frames that are gone leave Pinecone too, by a task of the transaction that removes them; rows of vectors go with their
//! frames by themselves.

use std::ops::RangeInclusive;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::app::{App, AppError, Done};
use crate::domain::TaskKind;
use crate::store::{NewTask, Task, Tx};

/// When to look again: vectors that were under way when their frame was removed have arrived by then, or never will.
const ONCE_MORE: TimeDelta = TimeDelta::minutes(2);

/// When to try again while Pinecone does not answer.
const LATER: TimeDelta = TimeDelta::minutes(5);

/// The payload of [`TaskKind::ForgetFrames`].
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Gone {
    story_id: Uuid,
    from: i32,
    to: i32,
    /// Whether they were taken out once.
    #[serde(default)]
    is_second: bool,
}

impl App {
    /// Has frames of a story taken out of Pinecone, where there is one, with the transaction that removes them.
    pub(in crate::app) async fn forget_later(
        &self,
        tx: &mut Tx,
        story_id: Uuid,
        numbers: RangeInclusive<i32>,
    ) -> Result<(), AppError> {
        if self.pinecone.is_none() || numbers.is_empty() {
            return Ok(());
        }
        let gone = Gone { story_id, from: *numbers.start(), to: *numbers.end(), is_second: false };
        let task = NewTask {
            id: Uuid::now_v7(),
            kind: TaskKind::ForgetFrames,
            lane: None,
            client_id: None,
            story_id: None,
            payload: &serde_json::to_value(gone)?,
            now: self.clock.now(),
        };
        tx.enqueue(task).await?;
        Ok(())
    }

    /// Takes the frames of a claimed task out of Pinecone, twice, and ends the task; it is put off for as long as Pinecone
    /// does not answer.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database fails, or Pinecone refuses.
    pub async fn forget_frames(&self, task: &Task, owner: Uuid) -> Result<Done, AppError> {
        let gone: Gone = serde_json::from_value(task.payload.clone())?;
        let now = self.clock.now();
        // A frame that was told anew is in the index for itself.
        let is_told_anew = self.is_told(&gone).await?;
        if let Some(pinecone) = self.pinecone.as_ref().filter(|_| !is_told_anew) {
            match pinecone.remove(gone.story_id, gone.from..=gone.to).await {
                Err(fault) if fault.may_pass() => {
                    tracing::warn!(%fault, "frames that are gone stay in the index for now");
                    return self.put_off(task, owner, &gone, LATER).await;
                }
                removed => removed?,
            }
            if self.is_told(&gone).await? {
                let mut tx = self.store.begin().await?;
                self.index_later(&mut tx, gone.story_id, gone.from).await?;
                tx.save().await?;
            } else if !gone.is_second {
                let gone = Gone { is_second: true, ..gone };
                return self.put_off(task, owner, &gone, ONCE_MORE).await;
            }
        }
        let mut tx = self.store.begin().await?;
        if tx.complete(task.id, owner, &json!(null), now).await? {
            tx.save().await?;
        }
        Ok(Done::Ended)
    }

    /// Whether a single frame is there again. A story that is gone never is.
    async fn is_told(&self, gone: &Gone) -> Result<bool, AppError> {
        let found = self.store.frame_id(gone.story_id, gone.from).await?;
        Ok(gone.from == gone.to && found.is_some())
    }

    async fn put_off(
        &self,
        task: &Task,
        owner: Uuid,
        gone: &Gone,
        by: TimeDelta,
    ) -> Result<Done, AppError> {
        let payload = serde_json::to_value(gone)?;
        let mut tx = self.store.begin().await?;
        if tx.put_off(task.id, owner, &payload, self.clock.now() + by).await? {
            tx.save().await?;
        }
        Ok(Done::PutOff)
    }
}
