//! The services: what Calliope does, independent of who calls. The entry points ([`crate::http`], [`crate::worker`],
//! [`crate::cli`]) translate to and from them.
//!
//! Each service has a folder of its own and private fields. Its constructor takes the services that it depends on. A
//! service depends only on services below it in this table:
//!
//! | service | owns |
//! |---|---|
//! | [`Ops`] | backup, erasure, export, health, load, maintenance |
//! | [`Frames`] | frames, from the request to the stored result |
//! | [`Search`] | the index, queries, similar frames |
//! | [`Clients`] | telemetry, memory, learning, recordings, voice profiles, shares |
//! | [`DeviceCommands`] | commands to devices, blackouts |
//! | [`Books`] | stories as EPUB and PDF |
//! | [`Events`] | the subscribers of the event log |
//! | [`Stories`] | access rules, reading, listing, editing, bookmarks |
//! | [`Models`] | the choice of models, and their cost |
//! | [`Config`], [`Files`], [`Identities`], [`Idempotency`] | the cascade; files on disk and in the bucket; authentication; repeated requests |
//! | [`Jobs`] | the queue of tasks |
//!
//! `cargo test --test architecture services -- --nocapture` prints the dependencies.

mod actor;
mod audit;
mod books;
mod clients;
mod config;
mod device_commands;
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
pub use books::{BookFormat, BookOrder, Books, MAX_FRAMES as MAX_BOOK_FRAMES};
pub use clients::{
    BatchPattern, Clients, ContextRequest, ContextView, InsightRequest, NewShareView,
    NewVisitorView, PatternRequest, PatternView, ShareLookup, ShareRequest, ShareWatch, Shares,
    TelemetryRequest, VoiceProfileView,
};
pub use config::{ClientConfigView, Config, Resource, ResourceView, StrategyView};
pub use device_commands::{DeviceCommands, SentCommandView};
pub use error::{AppError, ErrorKind, with_causes};
pub use events::{EventListener, EventView, Events};
pub use files::{
    CleanupSummary, FileLocation, FileStores, Files, MediaFormat, MediaMigrationSummary, NewSound,
    PresignRequest, PresignedUrl, SoundView, SyncSummary, UploadOutcome, VerificationSummary,
};
pub use frames::{
    AcceptedOrder, AudioInput, FrameOrder, FrameWait, Frames, NextFrame, NextFrameQuery,
    NextFrameResult, RedrawOrder, RehearsalOptions, RehearsalSession, RehearsedFrame, SmallWidth,
    TaggedFrame,
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
    SearchPage, SearchRequest, SimilarFramesView, SimilarMoments,
};
pub use stories::{
    AudioView, BookmarkListPatch, BookmarkListRequest, BranchOriginView, BranchRequest,
    CurrentStory, FrameBookmarkView, FrameView, ImageView, NumberedFrame, PageReader, ReadOptions,
    Stories, StoryBookmarkOutcome, StoryBookmarkView, StoryCursor, StoryDetail, StoryListPage,
    StoryListView, StoryOrigin, StoryResponse, StorySelector, StoryStatus, StoryView, VideoView,
    Wall, WallContent,
};

// Database rows that the API returns unchanged, and their cursors.
pub use crate::store::{
    AuditRecord, BookmarkList, BookmarkedFrame, BranchOrigin, DatabaseActivity, Insight,
    InsightCursor, MediaObject, ReadableFrame, ReadableStory, Share, SparrowState, StoryCover,
    StoryOverview, TelemetryReport, Visitor, WallFrame,
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
    device_commands: Arc<DeviceCommands>,
    books: Books,
    search: Arc<Search>,
    frames: Frames,
    ops: Ops,
}

/// The resources from which the services of one process are built.
#[derive(Debug)]
pub struct AppResources {
    /// The database, with its migrations applied.
    pub store: Store,
    /// The local folders and the bucket, with the rules for them.
    pub files: FileStores,
    /// The remote vector index; `None` if vectors are in the database.
    pub pinecone: Option<Pinecone>,
    /// The providers' models.
    pub registry: Registry,
    /// The models that are used if a strategy leaves the choice.
    pub model_defaults: ModelDefaults,
    /// Whether Calliope learns about clients, and how much of it storytellers get.
    pub memory: MemorySettings,
    /// Resolves the place, time and weather of a client.
    pub situator: SituationService,
    /// Threads for work on pixels and bytes.
    pub compute: Compute,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// The limits of tasks.
    pub task_settings: TaskSettings,
    /// Cancelled when the process should stop. No work begins after that.
    pub shutdown: CancellationToken,
}

impl App {
    /// Builds the services of one process, before it accepts any work.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "it shows all dependencies in one place")]
    pub fn new(resources: AppResources) -> Self {
        let AppResources {
            store,
            clock,
            compute,
            shutdown,
            model_defaults,
            pinecone,
            task_settings,
            ..
        } = resources;
        let frame_deadline = Duration::from_secs(task_settings.frame_deadline_seconds);
        let follow_ups = jobs::FollowUps {
            indexes_frames: model_defaults.embedding_model().is_some(),
            has_remote_index: pinecone.is_some(),
        };
        let (clone_store, clone_clock) = (|| store.clone(), || Arc::clone(&clock));
        let clone_compute = || compute.clone();

        let jobs = Arc::new(Jobs::new(clone_store(), clone_clock(), task_settings, follow_ups));
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
            model_defaults,
            Arc::clone(&config),
            clone_compute(),
            frame_deadline,
        );
        let models = Arc::new(models);
        let stories =
            Stories::new(clone_store(), clone_clock(), Arc::clone(&config), Arc::clone(&jobs));
        let stories = Arc::new(stories);
        let events = Events::new(clone_store(), Arc::clone(&stories), shutdown.clone());
        let shares =
            Shares::new(clone_store(), clone_clock(), Arc::clone(&config), Arc::clone(&stories));
        let clients = Arc::new(Clients::new(
            clone_store(),
            clone_clock(),
            Arc::clone(&config),
            Arc::clone(&files),
            Arc::clone(&models),
            Arc::clone(&jobs),
            resources.memory,
            shares,
        ));
        let device_commands =
            Arc::new(DeviceCommands::new(clone_store(), clone_clock(), Arc::clone(&config)));
        let books = Books::new(Arc::clone(&files), clone_compute());
        let search = Arc::new(Search::new(
            clone_store(),
            clone_clock(),
            clone_compute(),
            Arc::clone(&models),
            Arc::clone(&stories),
            Arc::clone(&jobs),
            pinecone,
            shutdown.clone(),
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
            device_commands: Arc::clone(&device_commands),
            frame_deadline,
            shutdown: shutdown.clone(),
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
            shutdown,
            jobs,
            idempotency,
            identities,
            files,
            config,
            stories,
            events,
            clients,
            device_commands,
            books,
            search,
            frames,
            ops,
        }
    }

    /// Returns the queue of tasks.
    #[must_use]
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Returns the service for idempotency keys.
    #[must_use]
    pub fn idempotency(&self) -> &Idempotency {
        &self.idempotency
    }

    /// Returns the service for tokens, users and pairings.
    #[must_use]
    pub const fn identities(&self) -> &Identities {
        &self.identities
    }

    /// Returns the service for files.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Returns the service for configurations.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the service for stories and bookmarks.
    #[must_use]
    pub fn stories(&self) -> &Stories {
        &self.stories
    }

    /// Returns the service for subscriptions to the event log.
    #[must_use]
    pub const fn events(&self) -> &Events {
        &self.events
    }

    /// Returns the service for data about clients.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Returns the service for shares.
    #[must_use]
    pub fn shares(&self) -> &Shares {
        self.clients.shares()
    }

    /// Returns the service for commands to devices.
    #[must_use]
    pub fn device_commands(&self) -> &DeviceCommands {
        &self.device_commands
    }

    /// Returns the service for books.
    #[must_use]
    pub const fn books(&self) -> &Books {
        &self.books
    }

    /// Returns the search service.
    #[must_use]
    pub fn search(&self) -> &Search {
        &self.search
    }

    /// Returns the service for frames.
    #[must_use]
    pub const fn frames(&self) -> &Frames {
        &self.frames
    }

    /// Returns the service for operating the installation.
    #[must_use]
    pub const fn ops(&self) -> &Ops {
        &self.ops
    }

    /// Returns the threads for work on pixels and bytes.
    #[must_use]
    pub const fn compute(&self) -> &Compute {
        &self.compute
    }

    /// Returns when this process started.
    #[must_use]
    pub const fn started_at(&self) -> DateTime<Utc> {
        self.started_at
    }

    /// Returns the token that is cancelled when the process should stop. No work begins after that.
    #[must_use]
    pub const fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }

    /// Returns the name of the database system.
    #[must_use]
    pub fn database_kind(&self) -> &'static str {
        if self.store.is_sqlite() { "SQLite" } else { "PostgreSQL" }
    }

    /// Receives the notices of other instances and passes them to subscribers here, until the future is dropped.
    pub async fn listen_to_other_instances(&self) {
        self.store.listen_for_notices().await;
    }

    /// Closes the connections to the database.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
