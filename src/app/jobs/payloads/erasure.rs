//! The job that erases a client.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::jobs::{Job, Subject};
use crate::domain::TaskKind;

/// Removes all data about a client. The payload also records the progress of the erasure, so that a run after a kill
/// continues from there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EraseClient {
    /// Id of the client to erase.
    pub client_id: String,
    /// The principal that asked for the erasure, as in the audit log.
    pub actor: String,
    /// Keys of files whose rows are removed; the files may still exist.
    #[serde(default)]
    pub files: Vec<String>,
    /// Ids of removed stories, each with its number of frames; their vectors may still be in the remote index.
    #[serde(default)]
    pub unindexed: Vec<(Uuid, i32)>,
    /// What the erasure has removed so far.
    #[serde(default)]
    pub removed: ErasureCounts,
}

/// Counts of what an erasure removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureCounts {
    /// Number of stories.
    pub stories: u64,
    /// Number of files.
    pub files: u64,
    /// Number of pieces of frames in the search index.
    #[serde(default)]
    pub pieces: u64,
    /// Number of other rows.
    pub rows: u64,
}

impl EraseClient {
    /// Returns the lane of a client's erasures, which run one at a time.
    pub fn lane_for(client_id: &str) -> String {
        format!("erase {client_id}")
    }
}

impl Job for EraseClient {
    const KIND: TaskKind = TaskKind::EraseClient;

    fn lane(&self, _: Subject<'_>) -> Option<String> {
        Some(Self::lane_for(&self.client_id))
    }
}
