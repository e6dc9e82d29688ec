//! Work on everything that is kept, as durable tasks: the sync, the cleaning, and the retention that asks for it daily.

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::clean::CleanOrder;
use super::{App, AppError, ErrorKind};
use crate::domain::TaskKind;
use crate::store::{NewTask, Task, Tx};

/// One at a time: they look at the same files.
const LANE: &str = "media";

/// How often retention has its turn.
const RETENTION_EVERY: TimeDelta = TimeDelta::hours(24);

/// How long what was told, done and called is remembered.
const EVENTS_KEPT: TimeDelta = TimeDelta::days(7);
const TASKS_KEPT: TimeDelta = TimeDelta::days(30);
const CALLS_KEPT: TimeDelta = TimeDelta::days(400);

impl App {
    /// Has everything put into the bucket that it lacks; the task's id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] where there is no bucket.
    pub async fn order_sync(&self) -> Result<Uuid, AppError> {
        if self.bucket.is_none() {
            let detail = "There is no bucket; set CLOUD_ENV and CALLIOPE_BUCKET_NAME.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let mut tx = self.store.begin().await?;
        let id = self.enqueue_upkeep(&mut tx, TaskKind::SyncMedia, &json!({})).await?;
        tx.save().await?;
        Ok(id)
    }

    /// Has media cleaned up; the task's id.
    pub async fn order_cleaning(&self, order: &CleanOrder) -> Result<Uuid, AppError> {
        let payload = serde_json::to_value(order)?;
        let mut tx = self.store.begin().await?;
        let id = self.enqueue_upkeep(&mut tx, TaskKind::CleanMedia, &payload).await?;
        tx.save().await?;
        Ok(id)
    }

    /// Orders the cleaning that the settings ask for, once a day for all instances together.
    pub async fn order_retention(&self) -> Result<(), AppError> {
        if self.storage.retention_days == 0 {
            return Ok(());
        }
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.take_cleaning(now, now - RETENTION_EVERY).await? {
            return Ok(());
        }
        let order = CleanOrder {
            older_than: Some(i64::from(self.storage.retention_days) * 24 * 60 * 60),
            keep: self.storage.retention_keep,
            dry_run: false,
            actor: "retention".to_owned(),
        };
        let payload = serde_json::to_value(order)?;
        self.enqueue_upkeep(&mut tx, TaskKind::CleanMedia, &payload).await?;
        tx.save().await?;
        Ok(())
    }

    /// Syncs for a claimed task, and ends it.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database or the bucket fails; the task is tried again then.
    pub async fn sync_media(&self, task: &Task, owner: Uuid) -> Result<(), AppError> {
        let lost = self.look_for_lost().await?;
        let done = self.sync_and_adopt(|_| ()).await?;
        if done.refused > 0 {
            let detail =
                format!("The bucket refused {} files; they are tried again.", done.refused);
            return Err(AppError::new(ErrorKind::Unavailable, detail));
        }
        let result = json!({"files": done.files, "bytes": done.bytes, "missing": done.missing, "lost": lost});
        self.end_upkeep(task, owner, &result).await
    }

    /// Cleans up for a claimed task, and ends it.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database, the disk or the bucket fails; the task is tried again then, and finds less to do.
    pub async fn clean_media(&self, task: &Task, owner: Uuid) -> Result<(), AppError> {
        let order: CleanOrder = serde_json::from_value(task.payload.clone())?;
        let cleaned = self.clean(&order, |_| ()).await?;
        self.end_upkeep(task, owner, &serde_json::to_value(cleaned)?).await
    }

    /// Forgets records that are long past.
    pub(super) async fn forget_records(&self, tx: &mut Tx) -> Result<(), AppError> {
        let now = self.clock.now();
        tx.forget_records(now - EVENTS_KEPT, now - TASKS_KEPT, now - CALLS_KEPT).await?;
        Ok(())
    }

    async fn enqueue_upkeep(
        &self,
        tx: &mut Tx,
        kind: TaskKind,
        payload: &Value,
    ) -> Result<Uuid, AppError> {
        let (id, now) = (Uuid::now_v7(), self.clock.now());
        let lane = Some(LANE.to_owned());
        tx.enqueue(NewTask { id, kind, lane, client_id: None, story_id: None, payload, now })
            .await?;
        Ok(id)
    }

    pub(super) async fn end_upkeep(
        &self,
        task: &Task,
        owner: Uuid,
        result: &Value,
    ) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        if tx.complete(task.id, owner, result, self.clock.now()).await? {
            tx.save().await?;
        }
        Ok(())
    }
}
