//! Keeping a lease while a task runs, and telling where the task is.

use std::error::Error;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Claimed, Worker};
use crate::domain::EventKind;
use crate::store::{Announcement, StoreError};

/// How long a step must last before it is worth a row: a frame of a few milliseconds writes none.
const WORTH_TELLING: Duration = Duration::from_millis(200);

impl Worker {
    /// Returns when the lease is lost.
    pub(super) async fn hold_lease(
        &self,
        claimed: &Claimed,
        watched: watch::Receiver<Option<&'static str>>,
    ) {
        let lease = Duration::from_secs(self.app.limits.lease_seconds);
        let (mut kept_at, mut told) = (Instant::now(), None);
        let mut news = self.app.store.announcements();
        loop {
            let is_ended = tokio::select! {
                () = tokio::time::sleep(WORTH_TELLING.min(lease / 4)) => false,
                // Someone called it off, perhaps.
                () = Announcement::ended(&mut news, claimed.task.id) => true,
            };
            let step = *watched.borrow();
            if step == told && kept_at.elapsed() < lease / 3 && !is_ended {
                continue;
            }
            match self.keep_lease(claimed, step, step != told).await {
                Ok(true) => (kept_at, told) = (Instant::now(), step),
                Ok(false) => return,
                Err(error) => {
                    let error = &error as &dyn Error;
                    tracing::warn!(error, "a lease could not be kept");
                    if kept_at.elapsed() >= lease {
                        return;
                    }
                }
            }
        }
    }

    async fn keep_lease(
        &self,
        claimed: &Claimed,
        step: Option<&'static str>,
        is_news: bool,
    ) -> Result<bool, StoreError> {
        let Claimed { task, owner } = claimed;
        let now = self.app.clock.now();
        let mut tx = self.app.store.begin().await?;
        if !tx.keep_lease(task.id, *owner, now + self.lease(), step).await? {
            return Ok(false);
        }
        if is_news {
            let event = json!({"id": task.id, "status": "running", "step": step});
            let client_id = task.client_id.as_deref();
            tx.tell(EventKind::Task, client_id, task.story_id, event, now);
        }
        tx.save().await?;
        Ok(true)
    }
}
