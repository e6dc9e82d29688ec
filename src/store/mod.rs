//! Persistence of stories, frames, tasks and related rows in SQLite or PostgreSQL, with the same SQL for both.
//!
//! Reads are methods of [`Store`]; writes are methods of [`Tx`], a transaction that has no effect until [`Tx::save`].
//! Code that differs between the databases lives in `dialect`. Absence is an `Option`, never an error. Each file
//! holds one table family.

mod activity;
mod attachments;
mod attempt_limits;
mod audit;
mod bookmark_lists;
mod bookmarks;
mod branches;
mod cell;
mod clients;
mod configs;
mod connections;
mod database_file;
mod device_commands;
mod dialect;
mod erasure;
mod error;
mod events;
mod flocks;
mod frame_lookup;
mod frames;
mod idempotency;
mod installation;
mod instances;
mod learning;
mod leases;
mod lent_connection;
mod levels;
mod like;
mod media;
mod memory;
mod migrations;
mod notices;
mod overview;
mod pairing;
mod pools;
mod postgres;
mod resources;
mod retention;
mod search_terms;
mod sessions;
mod setup_codes;
mod shares;
mod signing_keys;
mod snapshot;
mod spend;
mod sqlite;
mod stories;
mod story_bookmarks;
mod story_changes;
mod story_list;
mod story_pages;
mod task_list;
mod tasks;
mod telemetry;
mod tokens;
mod tx;
mod unnamed;
mod users;
mod vectors;
mod version;
mod visitors;
mod voices;
mod walls;

pub use activity::DatabaseActivity;
pub use attachments::{FrameAttachments, NewAudioClip, NewVideo};
pub use attempt_limits::AttemptLimit;
pub use audit::{AuditRecord, NewAuditRecord};
pub use bookmark_lists::{BookmarkList, BookmarkListChange, NewBookmarkList};
pub use bookmarks::FrameBookmark;
pub use branches::{BranchOrigin, NewBranch};
pub use configs::{ModelChoice, ModelRow, SHARED_PROMPTS, Seeds, Strategy, StrategySummary};
pub use device_commands::{CommandTarget, SentCommand};
pub use dialect::DatabaseLock;
pub use dialect::full_text::{
    HIGHLIGHT_DELIMITERS, RankedFrame, SearchFilter, StoryVisibility, WordMatch,
};
pub use erasure::{FileListing, ScannedRow};
pub use error::StoreError;
pub use events::Event;
pub use flocks::ScheduleRow;
pub use frame_lookup::{ExistingFrame, FrameHit};
pub use frames::{
    FrameImage, FrameRow, Illustration, ImageProvenance, NewFrame, NewImage, NewestFrame,
};
pub use idempotency::{IdempotencyKey, IdempotencyRecord};
pub use learning::{ClientKnowledge, KnowledgeLimits};
pub use leases::{Lease, LeaseError, LeaseLost};
pub use levels::{FlockLevel, SparrowLevel};
pub use media::{MAX_INPUT_IN_ROW, MediaObject, MediaUsage, SyncBacklog, UnsyncedCursor};
pub use memory::{ContextEntry, Insight, InsightCursor, InsightFilter, NewInsight, Pattern};
pub use migrations::{PendingMigration, create_migration_files};
pub use notices::{RemovedFiles, TaskNotice};
pub use overview::{InstallationCounts, StoryOverview};
pub use pairing::{NewPairing, Pairing, WaitingPairing};
pub use pools::PoolStatus;
pub use resources::{ResourceTable, Timestamped};
pub use retention::StoryAgeCursor;
pub use sessions::Session;
pub use shares::{NewShare, Share};
pub use signing_keys::SigningKey;
pub use spend::{CallCount, NewInferenceCall, SpendRow};
pub use stories::{NewStory, Story, StoryTitle};
pub use story_bookmarks::StoryBookmark;
pub use story_changes::{IllustrationSource, ImageToDelete, StorySize};
pub use story_list::{StoryListing, StoryPage};
pub use story_pages::{BookmarkedFrame, ReadableFrame, ReadableStory, ReaderScope, StoryCover};
pub use task_list::TaskFilter;
pub use tasks::{ExpiredLease, NewTask, Task, TaskKinds};
pub use telemetry::{NewTelemetryReport, SparrowState, TelemetryReport};
pub use tokens::{NewToken, Token};
pub use tx::Tx;
pub use users::{Credentials, NewUser, User};
pub use vectors::{EmbeddingCursor, EmbeddingRow, FrameToIndex, IndexCounts, VectorIndexRow};
pub use visitors::Visitor;
pub use voices::{SoundRow, VoiceProfile};
pub use walls::WallFrame;

use std::sync::Arc;

use pools::Pools;
use tokio::sync::broadcast;

/// A handle to the database and to the notices about changes in it. Clones share both.
#[derive(Debug, Clone)]
pub struct Store {
    pools: Pools,
    notices: broadcast::Sender<TaskNotice>,
    instance: Arc<notices::LocalInstance>,
    version: version::ConfigurationVersion,
    activity: activity::ActivityCounters,
}

/// Runs a read on the pool of whichever database is in use.
macro_rules! with_read_pool {
    ($store:expr, $pool:ident => $body:expr) => {{
        $store.activity.count_statement();
        match &$store.pools {
            $crate::store::pools::Pools::Postgres($pool) => $body,
            $crate::store::pools::Pools::Sqlite(database) => {
                let $pool = &database.read;
                $body
            }
        }
    }};
}

/// Runs a statement in a transaction of whichever database is in use.
macro_rules! with_tx {
    ($tx:expr, $conn:ident => $body:expr) => {{
        $tx.count_statement();
        match &mut $tx.open {
            $crate::store::tx::Open::Postgres(tx) => {
                let $conn = &mut *tx;
                $body
            }
            $crate::store::tx::Open::Sqlite(tx) => {
                let $conn = &mut *tx;
                $body
            }
        }
    }};
}

pub(crate) use {with_read_pool, with_tx};
