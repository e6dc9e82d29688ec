//! News of what a saved transaction changed, for whoever waits: in this process at once, in others by
//! PostgreSQL's NOTIFY. News may be lost (a listener that lags, a broken connection), so it only ever makes
//! someone look sooner than they would have; the truth is in the tables.

use tokio::sync::broadcast;
use uuid::Uuid;

use super::Store;

/// One piece of news.
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
    /// Returns when the task has ended, or when news of that may have been lost.
    pub async fn recv_ended(notices: &mut broadcast::Receiver<Self>, task_id: Uuid) {
        while notices.recv().await.is_ok_and(|notices| notices != Self::TaskEnded(task_id)) {}
    }

    /// The channel that instances on one PostgreSQL share.
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
    /// News from now on, of this process and of others on the same PostgreSQL.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<TaskNotice> {
        self.notices.subscribe()
    }

    pub(super) fn notify(&self, notice: TaskNotice) {
        // Nobody listening is no error.
        let _ = self.notices.send(notice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_survives_the_wire() {
        let ended = TaskNotice::TaskEnded(Uuid::from_u128(5));
        for news in [TaskNotice::TaskReady, ended, TaskNotice::EventLogged] {
            assert_eq!(TaskNotice::from_payload(&news.to_payload()), Some(news));
        }
        assert_eq!(TaskNotice::from_payload("from a later version"), None);
    }
}
