//! Rows: stories, frames, tasks and their kin, in SQLite or PostgreSQL by one SQL text.
//!
//! Reads are methods of [`Store`]; writes are methods of [`Tx`], a transaction that is nothing until
//! [`Tx::save`]. What differs between the databases lives in `dialect` alone. Absence is `Option`, never an
//! error. One table family a file.

mod attachments;
mod audit;
mod bookmark_lists;
mod bookmarks;
mod cell;
mod clients;
mod configs;
mod dialect;
mod erasure;
mod error;
mod events;
mod flocks;
mod frame_lookup;
mod frames;
mod idempotency;
mod installation;
mod learning;
mod leases;
mod levels;
mod like;
mod media;
mod memory;
mod migrations;
mod notices;
mod overview;
mod pairing;
mod pools;
mod resources;
mod retention;
mod sessions;
mod signing_keys;
mod snapshot;
mod spend;
mod stories;
mod story_bookmarks;
mod story_changes;
mod story_list;
mod task_list;
mod tasks;
mod telemetry;
mod tokens;
mod tx;
mod users;
mod vectors;
mod version;
mod voices;

pub use attachments::{FrameAttachments, NewAudioClip, NewVideo};
pub use audit::{AuditRecord, NewAuditRecord};
pub use bookmark_lists::{BookmarkList, BookmarkListChange, NewBookmarkList};
pub use bookmarks::FrameBookmark;
pub use configs::{ModelChoice, ModelRow, SHARED_PROMPTS, Seeds, Strategy, StrategySummary};
pub use dialect::DatabaseLock;
pub use dialect::full_text::{
    HIGHLIGHT_DELIMITERS, RankedFrame, SearchFilter, StoryVisibility, WordMatch,
};
pub use erasure::{FileListing, ScannedRow};
pub use error::StoreError;
pub use events::Event;
pub use flocks::ScheduleRow;
pub use frame_lookup::{ExistingFrame, FrameHit};
pub use frames::{FrameImage, FrameRow, NewFrame, NewImage, NewestFrame};
pub use idempotency::{IdempotencyKey, IdempotencyRecord};
pub use leases::{Lease, LeaseError, LeaseLost};
pub use levels::{FlockLevel, SparrowLevel};
pub use media::{MediaObject, MediaUsage, SyncBacklog, UnsyncedCursor};
pub use memory::{ContextEntry, Insight, InsightCursor, InsightFilter, NewInsight, Pattern};
pub use migrations::{PendingMigration, create_migration_files};
pub use notices::TaskNotice;
pub use overview::{InstallationCounts, StoryOverview};
pub use pairing::{NewPairing, Pairing};
pub use pools::PoolStatus;
pub use resources::{ResourceTable, Timestamped};
pub use retention::StoryAgeCursor;
pub use sessions::Session;
pub use signing_keys::SigningKey;
pub use spend::{CallCount, NewInferenceCall};
pub use stories::{NewStory, Story, StoryTitle};
pub use story_bookmarks::StoryBookmark;
pub use story_changes::{IllustrationSource, ImageToDelete, StorySize};
pub use story_list::{StoryListing, StoryPage};
pub use task_list::TaskFilter;
pub use tasks::{NewTask, Task};
pub use telemetry::{NewTelemetryReport, SparrowState, TelemetryReport};
pub use tokens::{NewToken, Token};
pub use tx::Tx;
pub use users::{Credentials, NewUser, User};
pub use vectors::{EmbeddingCursor, EmbeddingRow, FrameToIndex, IndexCounts, VectorIndexRow};
pub use voices::{SoundRow, VoiceProfile};

use pools::Pools;
use tokio::sync::broadcast;

/// The database, and the news of what changes in it.
#[derive(Debug, Clone)]
pub struct Store {
    pools: Pools,
    notices: broadcast::Sender<TaskNotice>,
    version: version::ConfigurationVersion,
}

/// Runs one read on whichever pool there is.
macro_rules! with_read_pool {
    ($store:expr, $pool:ident => $body:expr) => {
        match &$store.pools {
            $crate::store::pools::Pools::Postgres($pool) => $body,
            $crate::store::pools::Pools::Sqlite { read: $pool, .. } => $body,
        }
    };
}

/// Runs one statement in whichever transaction this is.
macro_rules! with_tx {
    ($tx:expr, $conn:ident => $body:expr) => {
        match &mut $tx.open {
            $crate::store::tx::Open::Postgres(tx) => {
                let $conn = &mut **tx;
                $body
            }
            $crate::store::tx::Open::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
        }
    };
}

pub(crate) use {with_read_pool, with_tx};
