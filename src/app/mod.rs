//! Use cases: what Calliope does, whoever asks. The entry points ([`crate::http`], [`crate::worker`], [`crate::cli`])
//! translate to and from here.
//!
//! Each subject is a service of its own, in a folder of its own, with private fields. A service stands on services
//! below it, which its constructor takes, and never calls one above it. From the roof down:
//!
//! | service | owns |
//! |---|---|
//! | [`Ops`] | backup, erasure, export, health, load, maintenance |
//! | [`Frames`] | the road of a frame |
//! | [`Search`] | the index, queries, similar frames |
//! | [`Clients`] | telemetry, memory, learning, recordings, voice profiles |
//! | [`Events`] | the event log's subscribers |
//! | [`Stories`] | access rules, reading, listing, editing, bookmarks |
//! | [`Models`] | which models are asked, and what they cost |
//! | [`Config`], [`Files`], [`Identities`], [`Idempotency`] | the cascade; files wherever they are; who may come in; repeated requests |
//! | [`Jobs`] | the queue of durable work |
//!
//! `cargo test --test architecture services -- --nocapture` prints who stands on whom.

mod actor;
mod audit;
mod clients;
mod config;
mod error;
mod events;
mod files;
mod frames;
mod idempotency;
pub mod identity;
pub mod jobs;
mod models;
mod ops;
mod page;
mod search;
mod stories;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

pub use actor::Actor;
pub use audit::AuditContext;
pub use clients::{
    BatchPattern, Clients, ContextRequest, ContextView, InsightRequest, PatternRequest,
    PatternView, TelemetryRequest, VoiceProfileView,
};
pub use config::{ClientConfigView, Config, Resource, ResourceView, StrategyView};
pub use error::{AppError, ErrorKind, with_causes};
pub use events::{EventListener, EventView, Events};
pub use files::{
    CleanupSummary, FileLocation, FileStores, Files, MediaFormat, MediaMigrationSummary, NewSound,
    PresignRequest, PresignedUrl, SoundView, SyncSummary, UploadOutcome, VerificationSummary,
};
pub use frames::{
    AcceptedOrder, AudioInput, FrameOrder, Frames, NextFrame, NextFrameQuery, NextFrameResult,
    RedrawOrder, RehearsalOptions, RehearsalSession, RehearsedFrame, TaggedFrame,
};
pub use idempotency::{Idempotency, IdempotencyOutcome, StoredResponse};
pub use identity::Identities;
pub use jobs::{Jobs, TaskView};
pub use models::{ModelDefaults, Models, SpendLedger};
pub use ops::{
    BackupManifest, ExportStream, HealthStatus, InstallationStats, Ops, QueueStats, Readiness,
    RestoreSummary, SystemLoad, restore,
};
pub use page::Page;
pub use search::{
    IndexStatus, IndexingSummary, MatchedBy, Search, SearchCursor, SearchHitView, SearchMode,
    SearchPage, SearchRequest, SimilarFramesView,
};
pub use stories::{
    AudioView, BookmarkListPatch, BookmarkListRequest, FrameBookmarkView, FrameView, ImageView,
    NumberedFrame, ReadOptions, Stories, StoryBookmarkOutcome, StoryBookmarkView, StoryCursor,
    StoryDetail, StoryListPage, StoryListView, StoryResponse, StorySelector, StoryStatus,
    StoryView, VideoView,
};

// Rows that clients see as they are stored, and their places in lists.
pub use crate::store::{
    AuditRecord, BookmarkList, Insight, InsightCursor, SparrowState, StoryOverview, TelemetryReport,
};

use crate::compute::Compute;
use crate::domain::Clock;
use crate::inference::Registry;
use crate::settings::{MemorySettings, TaskSettings};
use crate::situation::SituationService;
use crate::store::Store;
use crate::vectors::Pinecone;

/// The services of one process.
#[derive(Debug)]
pub struct App {
    store: Store,
    compute: Compute,
    started_at: DateTime<Utc>,
    shutdown: CancellationToken,
    jobs: Arc<Jobs>,
    idempotency: Arc<Idempotency>,
    identities: Identities,
    files: Arc<Files>,
    config: Arc<Config>,
    stories: Arc<Stories>,
    events: Events,
    clients: Arc<Clients>,
    search: Arc<Search>,
    frames: Frames,
    ops: Ops,
}

/// What the services of one process are built from.
#[derive(Debug)]
pub struct AppResources {
    /// Rows, their tables made.
    pub store: Store,
    /// Where files are kept, and by which rules.
    pub files: FileStores,
    /// Where vectors are kept, if not in the database.
    pub pinecone: Option<Pinecone>,
    /// The models that can be asked.
    pub registry: Registry,
    /// Which of them are asked if a strategy leaves the choice.
    pub model_defaults: ModelDefaults,
    /// What is learned of clients, and how much of it is told.
    pub memory: MemorySettings,
    /// Where and when it is.
    pub situator: SituationService,
    /// Threads for work on pixels and bytes.
    pub compute: Compute,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The bounds of background work.
    pub task_settings: TaskSettings,
    /// Cancelled when the process is asked to stop: no work is begun after that.
    pub shutdown: CancellationToken,
}

impl App {
    /// Builds the services of one process, before it takes any work.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "who stands on whom, all in one place")]
    pub fn new(resources: AppResources) -> Self {
        let AppResources {
            store,
            clock,
            compute,
            shutdown: stopping,
            model_defaults: choices,
            pinecone,
            task_settings: limits,
            ..
        } = resources;
        let frame_deadline = Duration::from_secs(limits.frame_deadline_seconds);
        let follow_ups = jobs::FollowUps {
            indexes_frames: choices.embedding_model().is_some(),
            has_remote_index: pinecone.is_some(),
        };
        let (clone_store, clone_clock) = (|| store.clone(), || Arc::clone(&clock));
        let clone_compute = || compute.clone();

        let jobs = Arc::new(Jobs::new(clone_store(), clone_clock(), limits, follow_ups));
        let idempotency = Arc::new(Idempotency::new(clone_store(), clone_clock()));
        let identities = Identities::new(clone_store(), clone_compute(), clone_clock());
        let files = Files::new(
            clone_store(),
            clone_clock(),
            clone_compute(),
            resources.files,
            Arc::clone(&jobs),
        );
        let files = Arc::new(files);
        let config = Arc::new(Config::new(clone_store(), clone_clock()));
        let models = Models::new(
            resources.registry,
            choices,
            Arc::clone(&config),
            clone_compute(),
            frame_deadline,
        );
        let models = Arc::new(models);
        let stories =
            Stories::new(clone_store(), clone_clock(), Arc::clone(&config), Arc::clone(&jobs));
        let stories = Arc::new(stories);
        let events = Events::new(clone_store(), Arc::clone(&stories), stopping.clone());
        let clients = Arc::new(Clients::new(
            clone_store(),
            clone_clock(),
            Arc::clone(&config),
            Arc::clone(&files),
            Arc::clone(&models),
            Arc::clone(&jobs),
            resources.memory,
        ));
        let search = Arc::new(Search::new(
            clone_store(),
            clone_clock(),
            clone_compute(),
            Arc::clone(&models),
            Arc::clone(&stories),
            Arc::clone(&jobs),
            pinecone,
            stopping.clone(),
        ));
        let frames = Frames::new(&frames::FrameDependencies {
            store: clone_store(),
            clock: clone_clock(),
            compute: clone_compute(),
            situator: resources.situator,
            jobs: Arc::clone(&jobs),
            idempotency: Arc::clone(&idempotency),
            files: Arc::clone(&files),
            config: Arc::clone(&config),
            models: Arc::clone(&models),
            stories: Arc::clone(&stories),
            events: events.clone(),
            clients: Arc::clone(&clients),
            frame_deadline,
            stopping: stopping.clone(),
        });
        let ops = Ops::new(
            clone_store(),
            clone_clock(),
            Arc::clone(&config),
            Arc::clone(&files),
            models,
            Arc::clone(&stories),
            Arc::clone(&clients),
            Arc::clone(&search),
            Arc::clone(&jobs),
        );
        Self {
            started_at: clock.now(),
            store,
            compute,
            shutdown: stopping,
            jobs,
            idempotency,
            identities,
            files,
            config,
            stories,
            events,
            clients,
            search,
            frames,
            ops,
        }
    }

    /// The queue of durable work.
    #[must_use]
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Requests that are sent again.
    #[must_use]
    pub fn idempotency(&self) -> &Idempotency {
        &self.idempotency
    }

    /// Who may come in.
    #[must_use]
    pub const fn identities(&self) -> &Identities {
        &self.identities
    }

    /// Files.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Configurations.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Stories and bookmarks.
    #[must_use]
    pub fn stories(&self) -> &Stories {
        &self.stories
    }

    /// The event log's subscribers.
    #[must_use]
    pub const fn events(&self) -> &Events {
        &self.events
    }

    /// What is known of clients.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Finding frames.
    #[must_use]
    pub fn search(&self) -> &Search {
        &self.search
    }

    /// Ordering and telling frames.
    #[must_use]
    pub const fn frames(&self) -> &Frames {
        &self.frames
    }

    /// Operating the installation.
    #[must_use]
    pub const fn ops(&self) -> &Ops {
        &self.ops
    }

    /// Threads for work on pixels and bytes.
    #[must_use]
    pub const fn compute(&self) -> &Compute {
        &self.compute
    }

    /// When this process began, before it took any work.
    #[must_use]
    pub const fn started_at(&self) -> DateTime<Utc> {
        self.started_at
    }

    /// Cancelled when the process is asked to stop: no work is begun after that.
    #[must_use]
    pub const fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }

    /// The kind of database that rows are in.
    #[must_use]
    pub fn database_kind(&self) -> &'static str {
        if self.store.is_sqlite() { "SQLite" } else { "PostgreSQL" }
    }

    /// Passes on what other instances announce, until dropped.
    pub async fn listen_to_other_instances(&self) {
        self.store.listen_for_notices().await;
    }

    /// Closes the database's connections.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
