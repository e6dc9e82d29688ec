//! Rows: stories, frames, tasks and their kin, in SQLite or PostgreSQL by one SQL text.
//!
//! Reads are methods of [`Store`]; writes are methods of [`Tx`], a transaction that is nothing until
//! [`Tx::save`]. What differs between the databases lives in `dialect` alone. Absence is `Option`, never an
//! error. One table family a file.

mod announce;
mod audit;
mod beside;
mod bookmark_lists;
mod bookmarks;
mod cell;
mod cleaning;
mod clients;
mod configs;
mod dialect;
mod erasing;
mod error;
mod events;
mod flocks;
mod found;
mod frames;
mod idempotency;
mod installation;
mod learned;
mod leases;
mod levels;
mod like;
mod media;
mod memory;
mod migrations;
mod overview;
mod pairing;
mod pools;
mod resources;
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

pub use announce::Announcement;
pub use audit::{AuditEntry, AuditRecord};
pub use beside::{Beside, NewAudioClip, NewVideo};
pub use bookmark_lists::{BookmarkList, ListChange, NewBookmarkList};
pub use bookmarks::FrameBookmark;
pub use cleaning::ByAge;
pub use configs::{ModelChoice, ModelRow, SHARED_PROMPTS, Seeds, Strategy, StrategySummary};
pub use dialect::SoleUse;
pub use dialect::words::{Having, MARKS, Ranked, SearchFilter, Sees};
pub use erasing::{FileListing, Mention};
pub use error::StoreError;
pub use events::Event;
pub use flocks::ScheduleRow;
pub use found::{FoundFrame, FrameThere};
pub use frames::{FramePicture, FrameRow, NewFrame, NewImage, NewestFrame};
pub use idempotency::{KeyUse, UsedKey};
pub use leases::{Lease, LeaseError, LeaseLost};
pub use levels::{FlockLevel, SparrowLevel};
pub use media::{MediaObject, MediaUsage, Unsynced, UnsyncedPlace};
pub use memory::{ByImportance, Context, Insight, InsightFilter, NewInsight, Pattern};
pub use migrations::{PendingMigration, new_migration};
pub use overview::{Counts, StoryOverview};
pub use pairing::{NewPairing, Pairing};
pub use pools::Connections;
pub use resources::{Dated, ResourceTable};
pub use sessions::Session;
pub use signing_keys::SigningKey;
pub use spend::{CallCount, NewCall};
pub use stories::{NewStory, Story, Title};
pub use story_bookmarks::StoryBookmark;
pub use story_changes::{FrameWords, OldPicture, StorySize};
pub use story_list::{StoryListing, StoryPart};
pub use task_list::TaskFilter;
pub use tasks::{NewTask, Task};
pub use telemetry::{Report, SparrowState, TelemetryReport};
pub use tokens::{NewToken, Token};
pub use tx::Tx;
pub use users::{Credentials, NewUser, User};
pub use vectors::{EmbeddingPlace, EmbeddingRow, FrameToIndex, IndexCounts, VectorIndexRow};
pub use voices::{SoundRow, VoiceProfile};

use pools::Pools;
use tokio::sync::broadcast;

/// The database, and the news of what changes in it.
#[derive(Debug, Clone)]
pub struct Store {
    pools: Pools,
    news: broadcast::Sender<Announcement>,
    version: version::Version,
}

/// Runs one read on whichever pool there is.
macro_rules! read {
    ($store:expr, $pool:ident => $body:expr) => {
        match &$store.pools {
            $crate::store::pools::Pools::Postgres($pool) => $body,
            $crate::store::pools::Pools::Sqlite { read: $pool, .. } => $body,
        }
    };
}

/// Runs one statement in whichever transaction this is.
macro_rules! within {
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

pub(crate) use {read, within};
