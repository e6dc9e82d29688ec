//! Jobs that remove files or upload them.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::app::jobs::{Job, Subject};
use crate::domain::{Principal, TaskKind};
use crate::settings::RetentionExemption;

/// The lane of jobs that work on all stored files. They run one at a time, because they process the same files.
const MEDIA_LANE: &str = "media";

/// Removes files whose rows are removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RemoveFiles {
    /// Keys of the files.
    pub keys: Vec<String>,
}

impl Job for RemoveFiles {
    const KIND: TaskKind = TaskKind::RemoveFiles;
}

/// Uploads every file to the bucket that is not in it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct SyncMedia {}

impl Job for SyncMedia {
    const KIND: TaskKind = TaskKind::SyncMedia;

    fn lane(&self, _: Subject<'_>) -> Option<String> {
        Some(MEDIA_LANE.to_owned())
    }
}

/// Removes media that retention does not keep.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApplyRetention {
    /// Seconds since a story's last update after which it loses its media; `None` leaves the media of stories alone.
    pub older_than: Option<i64>,
    /// Stories that keep their media regardless of age.
    pub keep: RetentionExemption,
    /// Whether to only count what would be removed.
    pub dry_run: bool,
    /// The principal that asked for it, as in the audit log.
    pub actor: String,
}

impl ApplyRetention {
    /// Creates the job that a principal asks for.
    #[must_use]
    pub fn new(
        principal: &Principal,
        older_than: Option<TimeDelta>,
        keep: RetentionExemption,
        dry_run: bool,
    ) -> Self {
        let older_than = older_than.map(|age| age.num_seconds());
        Self { older_than, keep, dry_run, actor: principal.to_string() }
    }
}

impl Job for ApplyRetention {
    const KIND: TaskKind = TaskKind::ApplyRetention;

    fn lane(&self, _: Subject<'_>) -> Option<String> {
        Some(MEDIA_LANE.to_owned())
    }
}
