//! The job that erases a client.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::jobs::{Job, Subject};
use crate::domain::TaskKind;

/// Removes everything that is held about a client. It also notes how far the erasure is, so that a run after a kill
/// goes on from there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EraseClient {
    /// The client.
    pub client_id: String,
    /// Who asked for it.
    pub actor: String,
    /// Keys of files whose rows are gone, and which may still be there.
    #[serde(default)]
    pub files: Vec<String>,
    /// Stories that are gone, with how many frames they had, whose vectors may still be in the remote index.
    #[serde(default)]
    pub unindexed: Vec<(Uuid, i32)>,
    /// What was removed so far.
    #[serde(default)]
    pub removed: ErasureCounts,
}

/// How much an erasure removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureCounts {
    /// Stories.
    pub stories: u64,
    /// Files.
    pub files: u64,
    /// Pieces of frames in the index for search.
    #[serde(default)]
    pub pieces: u64,
    /// Other rows.
    pub rows: u64,
}

impl EraseClient {
    /// The lane of a client's erasures: one at a time.
    pub fn lane_of(client_id: &str) -> String {
        format!("erase {client_id}")
    }
}

impl Job for EraseClient {
    const KIND: TaskKind = TaskKind::EraseClient;

    fn lane(&self, _: Subject<'_>) -> Option<String> {
        Some(Self::lane_of(&self.client_id))
    }
}
