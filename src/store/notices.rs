//! Notices about what a saved transaction changed, for subscribers in this process and, by PostgreSQL's `NOTIFY`, in
//! others.
//!
//! A notice may be lost, for example if a subscriber lags or a connection breaks. It therefore only makes a
//! subscriber look earlier than it would have; the tables hold the truth.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::broadcast;
use uuid::Uuid;

use super::Store;

/// How long other instances leave a task to the instance that enqueued it, if that instance has an idle worker. It has the
/// task's inputs on its disk, and claims the task within a few milliseconds.
const HEAD_START: Duration = Duration::from_millis(100);

/// The most bytes of keys in one notice; PostgreSQL accepts 8000 bytes.
const MAX_KEYS_BYTES: usize = 7000;

/// The number of notices of removed files that may wait for this process to read them.
const REMOVAL_CAPACITY: usize = 256;

/// The keys of files that another instance removed.
pub type RemovedFiles = Arc<[String]>;

/// A notice about a change in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskNotice {
    /// This process enqueued a task, or made one ready.
    TaskReady,
    /// Another process did so, or notices may have been lost.
    RemoteTaskReady,
    /// A task has ended, so that another one of its lane or client may be claimed.
    LaneFree,
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

    /// Returns the text by which `instance` sends this notice to the others.
    pub(super) fn to_payload(self, instance: &LocalInstance) -> String {
        match self {
            Self::TaskReady if instance.is_idle.load(Ordering::Relaxed) => {
                format!("ready {}", instance.id)
            }
            Self::TaskReady | Self::RemoteTaskReady => "ready".to_owned(),
            Self::LaneFree => "free".to_owned(),
            Self::TaskEnded(id) => format!("ended {id}"),
            Self::EventLogged => "event".to_owned(),
        }
    }
}

/// A notice from another instance.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RemoteNotice {
    /// A notice of a change in the database.
    Task(TaskNotice),
    /// A task may be claimed, and the instance that enqueued it has an idle worker.
    TaskClaimedSoon,
    /// Files were removed.
    FilesRemoved(RemovedFiles),
}

impl RemoteNotice {
    /// Reads a notice. Returns `None` for what `own_id` sent and knows already, and for notices of later versions.
    pub(super) fn from_payload(payload: &str, own_id: Uuid) -> Option<Self> {
        let Some((kind, rest)) = payload.split_once(' ') else {
            return match payload {
                "ready" => Some(Self::Task(TaskNotice::RemoteTaskReady)),
                "free" => Some(Self::Task(TaskNotice::LaneFree)),
                "event" => Some(Self::Task(TaskNotice::EventLogged)),
                _ => None,
            };
        };
        match kind {
            "ready" => {
                let from: Uuid = rest.parse().ok()?;
                (from != own_id).then_some(Self::TaskClaimedSoon)
            }
            "ended" => rest.parse().ok().map(|id| Self::Task(TaskNotice::TaskEnded(id))),
            "removed" => Some(Self::FilesRemoved(rest.split('\n').map(str::to_owned).collect())),
            _ => None,
        }
    }

    /// Returns the texts that tell other instances that files were removed.
    pub(super) fn removal_payloads(keys: &[String]) -> Vec<String> {
        let mut payloads: Vec<String> = Vec::new();
        for key in keys {
            match payloads.last_mut() {
                Some(last) if last.len() + key.len() < MAX_KEYS_BYTES => {
                    last.push('\n');
                    last.push_str(key);
                }
                _ => payloads.push(format!("removed {key}")),
            }
        }
        payloads
    }
}

/// What this process tells other instances about itself, and hears from them about files.
#[derive(Debug)]
pub(super) struct LocalInstance {
    /// Identifies the process among those that share the database.
    pub(super) id: Uuid,
    /// Whether a worker of this process would claim a task at once.
    is_idle: AtomicBool,
    /// Whether the end of a head start is awaited.
    is_waiting: AtomicBool,
    removals: broadcast::Sender<RemovedFiles>,
}

impl Default for LocalInstance {
    fn default() -> Self {
        let (removals, _) = broadcast::channel(REMOVAL_CAPACITY);
        let (is_idle, is_waiting) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { id: Uuid::now_v7(), is_idle, is_waiting, removals }
    }
}

impl LocalInstance {
    pub(super) fn report_removed(&self, keys: RemovedFiles) {
        // Sending fails only if no subscriber exists.
        let _ = self.removals.send(keys);
    }
}

impl Store {
    /// Subscribes to notices of this process and of others on the same PostgreSQL database, from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<TaskNotice> {
        self.notices.subscribe()
    }

    /// Subscribes to the keys of files that other instances remove, from now on.
    #[must_use]
    pub fn subscribe_to_removed_files(&self) -> broadcast::Receiver<RemovedFiles> {
        self.instance.removals.subscribe()
    }

    /// Records whether a worker of this process would claim a task at once. If so, other instances leave it the tasks that
    /// it enqueues for a moment.
    pub fn set_idle(&self, is_idle: bool) {
        self.instance.is_idle.store(is_idle, Ordering::Relaxed);
    }

    /// Notifies this process that a task may be ready, after the head start of the instance that enqueued it.
    pub(super) fn notify_after_head_start(&self) {
        if self.instance.is_waiting.swap(true, Ordering::Relaxed) {
            return;
        }
        let store = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(HEAD_START).await;
            store.instance.is_waiting.store(false, Ordering::Relaxed);
            store.notify(TaskNotice::RemoteTaskReady);
        });
    }

    pub(super) fn notify(&self, notice: TaskNotice) {
        // Sending fails only if no subscriber exists.
        let _ = self.notices.send(notice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: &str) -> Option<RemoteNotice> {
        RemoteNotice::from_payload(payload, Uuid::nil())
    }

    #[test]
    fn news_survives_the_wire() {
        let ended = TaskNotice::TaskEnded(Uuid::from_u128(5));
        let busy = LocalInstance::default();
        for notice in [TaskNotice::LaneFree, ended, TaskNotice::EventLogged] {
            assert_eq!(read(&notice.to_payload(&busy)), Some(RemoteNotice::Task(notice)));
        }
        let ready = RemoteNotice::Task(TaskNotice::RemoteTaskReady);
        assert_eq!(read(&TaskNotice::TaskReady.to_payload(&busy)), Some(ready));
        assert_eq!(read("from a later version"), None);
        assert_eq!(read("ready to be something else"), None);
    }

    #[test]
    fn a_task_is_left_to_an_idle_instance_for_a_moment() {
        let idle = LocalInstance::default();
        idle.is_idle.store(true, Ordering::Relaxed);
        let payload = TaskNotice::TaskReady.to_payload(&idle);
        assert_eq!(read(&payload), Some(RemoteNotice::TaskClaimedSoon));
        assert_eq!(RemoteNotice::from_payload(&payload, idle.id), None, "its own notice");
    }

    #[test]
    fn removed_files_are_told_in_notices_that_postgresql_accepts() {
        let keys: Vec<String> = (0..500).map(|n| format!("input/sparrow {n}_in.jpg")).collect();
        let payloads = RemoteNotice::removal_payloads(&keys);
        assert!(payloads.len() > 1 && payloads.iter().all(|payload| payload.len() < 8000));
        let mut told = Vec::new();
        for payload in payloads {
            let Some(RemoteNotice::FilesRemoved(keys)) = read(&payload) else {
                panic!("{payload}")
            };
            told.extend_from_slice(&keys);
        }
        assert_eq!(told, keys);
        assert_eq!(RemoteNotice::removal_payloads(&[]), [""; 0]);
    }
}
