//! Use cases: what Calliope does, whoever asks. The doors ([`crate::http`], [`crate::worker`]) translate to and
//! from here; everything below is called from here alone.
//!
//! One frame's way: [`App::order_frame`] checks and keeps what came and enqueues a task in one transaction;
//! a worker calls [`App::tell_frame`], which ends the task in the transaction that keeps the frame;
//! [`App::await_frame`] waits for that.

mod accept;
mod actor;
mod answer;
mod answers;
mod asleep;
mod audit;
mod await_frame;
mod backup;
mod beside;
mod bookmark_lists;
mod bookmarks;
mod cache;
mod clean;
mod client_config;
mod configuration;
mod erase;
mod error;
mod events;
mod evict;
mod export;
mod housekeeping;
pub mod identity;
mod illustrate;
mod index;
mod inputs;
mod keep;
mod learn;
mod load;
mod media;
mod memory;
mod migrate;
mod models;
mod next_frame;
mod overview;
mod page;
mod perceive;
mod reach;
mod ready;
mod recordings;
mod redraw;
mod rehearse;
mod renditions;
mod resources;
mod search;
mod seeds;
mod signed;
mod sounds;
mod sparrows;
mod spend;
mod stories;
mod story_bookmarks;
mod story_edits;
mod story_parts;
mod strategies;
mod sweep;
mod sync;
mod tasks;
mod tell;
mod verify;
mod voices;
mod whose_story;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

pub use accept::{FrameOrder, Ordered, WhichStory};
pub use actor::Actor;
pub use answer::{
    AudioView, FrameView, ImageView, StoryListView, StoryResponse, StoryView, VideoView,
};
pub use answers::{Answer, Keyed};
pub use audit::{Act, AuditView};
pub use backup::{Manifest, Restored, restore};
pub use beside::Done;
pub use bookmark_lists::{BookmarkListView, ListEdit, ListOrder};
pub use bookmarks::FrameBookmarkView;
pub use clean::{CleanOrder, Cleaned};
pub use client_config::ClientConfigView;
pub use error::{AppError, ErrorKind, with_causes};
pub use events::{EventListener, EventView};
pub use export::Export;
pub use identity::Identities;
pub use index::{IndexStatus, Indexed};
pub use inputs::Sound;
pub use load::{Load, Waiting};
pub use media::{MediaKind, Uploaded};
pub use memory::{
    ByImportance, ContextOrder, ContextView, InsightOrder, InsightView, NamedPattern, PatternOrder,
    PatternView,
};
pub use migrate::Migrated;
pub use models::Choices;
pub use next_frame::{Newest, Next, NextFrame, NextOrder};
pub use overview::{Stats, StoryOverviewView};
pub use page::Page;
pub use reach::Found;
pub use ready::{Health, Readiness};
pub use redraw::RedrawOrder;
pub use rehearse::{Rehearsal, Rehearsed, Rehearsing};
pub use resources::{Resource, ResourceView};
pub use search::{FoundView, Matched, Mode, SearchOrder, SearchPage, SearchPlace, SimilarView};
pub use signed::{SignOrder, SignedUrl};
pub use sounds::{NewSound, SoundView};
pub use sparrows::{SparrowStateView, TelemetryOrder, TelemetryView};
pub use spend::Book;
pub use stories::Reading;
pub use story_bookmarks::{KeptStory, StoryBookmarkView};
pub use story_parts::{NumberedFrame, StoriesPart, StoryDetail, StoryPlace, StoryStatus};
pub use strategies::StrategyView;
pub use sync::Synced;
pub use tasks::TaskView;
pub use tell::Steps;
pub use verify::Verified;
pub use voices::VoiceProfileView;

use crate::compute::Compute;
use crate::domain::Clock;
use crate::inference::Registry;
use crate::objects::{Bucket, LocalStore};
use crate::settings::{Memory, Storage, Tasks};
use crate::situation::Situator;
use crate::store::Store;
use crate::vectors::Pinecone;

/// How long an idempotency key is kept.
const KEY_LIFE: TimeDelta = TimeDelta::hours(24);

/// The use cases, with what they work on. Clones share everything.
#[derive(Debug, Clone)]
pub struct App {
    /// Rows.
    pub store: Store,
    /// Files.
    pub objects: LocalStore,
    /// Where files go beside this machine's disk.
    pub bucket: Option<Bucket>,
    /// The rules by which they are kept.
    pub storage: Storage,
    /// Where vectors are, when it is not the database.
    pub pinecone: Option<Pinecone>,
    /// Models.
    pub registry: Registry,
    /// Which of them are asked where a strategy leaves the choice.
    pub choices: Choices,
    /// What is learned of clients, and how much of it is told.
    pub memory: Memory,
    /// Where and when.
    pub situator: Situator,
    /// Threads for pixels.
    pub compute: Compute,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Who may come in.
    pub identities: Identities,
    /// Bounds of the work.
    pub limits: Tasks,
    /// When this process began, before it took any work.
    pub started: DateTime<Utc>,
    /// Cancelled when the process is asked to stop: no work is begun after that.
    pub stopping: CancellationToken,
    caches: cache::Caches,
    hub: events::Hub,
    seen_lately: sparrows::SeenLately,
    fetching: reach::Fetching,
    signing: signed::Signing,
    semantic: search::Semantic,
}

/// What [`App::new`] is built from.
#[derive(Debug)]
pub struct Parts {
    /// Rows, their tables made.
    pub store: Store,
    /// Files.
    pub objects: LocalStore,
    /// Where files go beside this machine's disk.
    pub bucket: Option<Bucket>,
    /// The rules by which they are kept.
    pub storage: Storage,
    /// Where vectors are, when it is not the database.
    pub pinecone: Option<Pinecone>,
    /// Models.
    pub registry: Registry,
    /// Which of them are asked where a strategy leaves the choice.
    pub choices: Choices,
    /// What is learned of clients, and how much of it is told.
    pub memory: Memory,
    /// Where and when.
    pub situator: Situator,
    /// Threads for pixels.
    pub compute: Compute,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Bounds of the work.
    pub limits: Tasks,
    /// Cancelled when the process is asked to stop.
    pub stopping: CancellationToken,
}

impl App {
    /// The use cases of one process, before it takes any work.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts {
            store,
            objects,
            bucket,
            storage,
            pinecone,
            registry,
            choices,
            memory,
            situator,
            compute,
            clock,
            limits,
            stopping,
        } = parts;
        let started = clock.now();
        let caches = cache::Caches::default();
        let identities = Identities::new(store.clone(), compute.clone(), Arc::clone(&clock));
        Self {
            store,
            objects,
            bucket,
            storage,
            pinecone,
            registry,
            choices,
            memory,
            situator,
            compute,
            clock,
            identities,
            limits,
            started,
            stopping,
            caches,
            hub: events::Hub::default(),
            seen_lately: sparrows::SeenLately::default(),
            fetching: reach::Fetching::default(),
            signing: signed::Signing::default(),
            semantic: search::Semantic::default(),
        }
    }
}
