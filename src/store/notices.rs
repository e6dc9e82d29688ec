//! Notices about what a saved transaction changed, for subscribers in this process and, by PostgreSQL's `NOTIFY`, in
//! others.
//!
//! A notice may be lost, for example if a subscriber lags or a connection breaks. It therefore only makes a
//! subscriber look earlier than it would have; the tables hold the truth.

use tokio::sync::broadcast;
use uuid::Uuid;

use super::Store;

/// A notice about a change in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskNotice {
    /// A task may be claimed.
    TaskReady,
    /// A task has reached a final status.
    TaskEnded(Uuid),
    /// The event log has grown.
    EventLogged,
}

impl TaskNotice {
    /// Returns when the task has ended, or when notices of that may have been lost.
    pub async fn recv_ended(notices: &mut broadcast::Receiver<Self>, task_id: Uuid) {
        while notices.recv().await.is_ok_and(|notice| notice != Self::TaskEnded(task_id)) {}
    }

    /// The PostgreSQL channel that all instances on a database share.
    pub(super) const CHANNEL: &'static str = "calliope";

    pub(super) fn to_payload(self) -> String {
        match self {
            Self::TaskReady => "ready".to_owned(),
            Self::TaskEnded(id) => format!("ended {id}"),
            Self::EventLogged => "event".to_owned(),
        }
    }

    pub(super) fn from_payload(payload: &str) -> Option<Self> {
        match payload.split_once(' ') {
            None if payload == "ready" => Some(Self::TaskReady),
            None if payload == "event" => Some(Self::EventLogged),
            Some(("ended", id)) => id.parse().ok().map(Self::TaskEnded),
            _ => None,
        }
    }
}

impl Store {
    /// Subscribes to notices of this process and of others on the same PostgreSQL database, from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<TaskNotice> {
        self.notices.subscribe()
    }

    pub(super) fn notify(&self, notice: TaskNotice) {
        // Sending fails only if no subscriber exists.
        let _ = self.notices.send(notice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_survives_the_wire() {
        let ended = TaskNotice::TaskEnded(Uuid::from_u128(5));
        for notice in [TaskNotice::TaskReady, ended, TaskNotice::EventLogged] {
            assert_eq!(TaskNotice::from_payload(&notice.to_payload()), Some(notice));
        }
        assert_eq!(TaskNotice::from_payload("from a later version"), None);
    }
}
