//! Jobs that look after files.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::app::jobs::{Job, Subject};
use crate::domain::{Principal, TaskKind};
use crate::settings::RetentionExemption;

/// The lane of work on everything that is kept: one at a time, because it looks at the same files.
const MEDIA_LANE: &str = "media";

/// Removes files whose rows are gone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RemoveFiles {
    /// Their keys.
    pub keys: Vec<String>,
}

impl Job for RemoveFiles {
    const KIND: TaskKind = TaskKind::RemoveFiles;
}

/// Puts every file into the bucket that is not there.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct SyncMedia {}

impl Job for SyncMedia {
    const KIND: TaskKind = TaskKind::SyncMedia;

    fn lane(&self, _: Subject<'_>) -> Option<String> {
        Some(MEDIA_LANE.to_owned())
    }
}

/// Removes media that need not be kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApplyRetention {
    /// How long, in seconds, nobody must have continued a story for it to lose its media; `None` leaves stories alone.
    pub older_than: Option<i64>,
    /// Stories that keep theirs nevertheless.
    pub keep: RetentionExemption,
    /// Whether to remove nothing and only count what would go.
    pub dry_run: bool,
    /// Who asked for it.
    pub actor: String,
}

impl ApplyRetention {
    /// What a principal asks for.
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
