//! Helpers for all test binaries: a database and a running service for each test.
#![allow(dead_code, unused_imports, reason = "each test binary uses its own part")]

pub mod bucket;
pub mod clock;
pub mod embedder;
pub mod emulators;
pub mod fixtures;
pub mod gated_image_model;
pub mod pooler;
pub mod postgres_server;
pub mod process;
pub mod provider;
pub mod rng;
pub mod sse;
pub mod stalling_proxy;

pub use fixtures::{base64, fixture, fixture_path, photo};

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use calliope::app::{App, AppResources, FileStores, ModelDefaults, SpendLedger};
use calliope::compute::Compute;
use calliope::domain::{Clock, SystemClock};
use calliope::http::{AccessPolicy, ConnectionLimits, HttpState, serve};
use calliope::inference::{Registry, offline};
use calliope::objects::{Bucket, LocalStore};
use calliope::settings::{
    DatabaseSettings, MemorySettings, RateLimitSettings, StorageSettings, TaskSettings,
};
use calliope::situation::SituationService;
use calliope::store::Store;
use calliope::telemetry::MetricsRecorder;
use calliope::vectors::Pinecone;
use calliope::worker::Worker;
use serde_json::Value;
use sqlx::{Connection, Executor};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Environment variable with the URL, without a database name, of the server where PostgreSQL tests create databases.
pub const POSTGRES: &str = "CALLIOPE_TEST_POSTGRES";

/// Declares a test for each database.
#[macro_export]
macro_rules! on_both {
    ($($(#[$attribute:meta])* $name:ident;)*) => { $(
        mod $name {
            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                $crate::support::with_timeout(super::$name($crate::support::TestDatabase::sqlite())).await;
            }
            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(database) = $crate::support::TestDatabase::postgres().await {
                    $crate::support::with_timeout(super::$name(database)).await;
                }
            }
        }
    )* };
}

/// Returns a builder of clients for tests, which speak plain HTTP. The service chooses its own cryptography provider.
pub fn client() -> reqwest::ClientBuilder {
    // Fails after the first test of a process, when a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// Awaits a future and panics if it takes longer than 15 minutes, so that a test does not hang.
pub async fn with_timeout<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(15), future).await.expect("finished in time")
}

/// A database and directories that only one test uses.
pub struct TestDatabase {
    pub folder: TempDir,
    pub settings: DatabaseSettings,
    pub postgres: Option<(String, String)>,
}

impl TestDatabase {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("data/calliope.db");
        let settings = DatabaseSettings { path, ..DatabaseSettings::default() };
        Self { folder, settings, postgres: None }
    }

    /// Creates a PostgreSQL database. If no server is configured, prints that the tests are skipped and returns
    /// `None`.
    pub async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var(POSTGRES) else {
            // Written to stderr directly, because the test harness would capture a print; once is enough.
            static SKIPPED: std::sync::Once = std::sync::Once::new();
            SKIPPED.call_once(|| {
                let line = format!("tests on PostgreSQL are SKIPPED: {POSTGRES} is not set; ./scripts/test sets it\n");
                let _ = std::io::stderr().write_all(line.as_bytes());
            });
            return None;
        };
        Some(Self::on_server(server).await)
    }

    /// Creates a database on a PostgreSQL server, given the URL of the server.
    pub async fn on_server(server: String) -> Self {
        let name = format!("test_{}", Uuid::now_v7().simple());
        let mut admin = sqlx::PgConnection::connect(&format!("{server}/postgres"))
            .await
            .expect("the named PostgreSQL answers");
        let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        admin.execute(sql).await.expect("a database is created");
        let url = format!("{server}/{name}");
        let settings = DatabaseSettings {
            url: Some(url.into()),
            connections: 8,
            ..DatabaseSettings::default()
        };
        let folder = tempfile::tempdir().expect("a temporary directory");
        Self { folder, settings, postgres: Some((server, name)) }
    }

    pub async fn store(&self) -> Store {
        let store = Store::connect(&self.settings).await.expect("the database answers");
        store.migrate().await.expect("the tables are created");
        store
    }

    pub fn storage(&self) -> StorageSettings {
        StorageSettings {
            media_folder: self.folder.path().join("media"),
            input_folder: self.folder.path().join("input"),
            ..StorageSettings::default()
        }
    }

    /// Returns environment variables that make the binary use this database.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        use secrecy::ExposeSecret;
        let storage = self.storage();
        let mut variables = vec![
            ("MEDIA_FOLDER", storage.media_folder.display().to_string()),
            ("INPUT_FOLDER", storage.input_folder.display().to_string()),
        ];
        if let Some(url) = &self.settings.url {
            variables.push(("DATABASE_URL", url.expose_secret().to_owned()));
        }
        variables
    }

    /// Drops the database; the directory is deleted on drop.
    pub async fn remove(self) {
        let Some((server, name)) = self.postgres else { return };
        let mut admin = sqlx::PgConnection::connect(&format!("{server}/postgres"))
            .await
            .expect("the named PostgreSQL answers");
        let sql = sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
        admin.execute(sql).await.expect("the database is dropped");
    }
}

/// How a test's service differs from the default one.
pub struct TestOptions {
    pub api_key: Option<&'static str>,
    pub registry: Option<Registry>,
    pub choices: ModelDefaults,
    pub memory: MemorySettings,
    pub situator: SituationService,
    pub bucket: Option<Bucket>,
    /// Changes the storage settings.
    pub storage: fn(&mut StorageSettings),
    pub pinecone: Option<Pinecone>,
    pub task_limits: TaskSettings,
    pub rate_limits: RateLimitSettings,
    pub connections: ConnectionLimits,
    pub trusted_proxies: &'static [&'static str],
    pub allowed_origins: &'static [&'static str],
    pub keep_alive: Duration,
    pub drain: Duration,
    pub clock: Arc<dyn Clock>,
}

impl Default for TestOptions {
    fn default() -> Self {
        Self {
            api_key: None,
            registry: None,
            choices: ModelDefaults::default(),
            memory: MemorySettings::default(),
            situator: SituationService::default(),
            bucket: None,
            storage: |_| (),
            pinecone: None,
            task_limits: TaskSettings::default(),
            rate_limits: RateLimitSettings::default(),
            connections: ConnectionLimits::default(),
            trusted_proxies: &[],
            allowed_origins: &[],
            keep_alive: Duration::from_secs(75),
            drain: Duration::from_secs(30),
            clock: Arc::new(SystemClock),
        }
    }
}

/// Builds the application on a store and directories, before it starts any work.
pub fn build_app(
    store: Store,
    storage: StorageSettings,
    shutdown: CancellationToken,
    options: TestOptions,
) -> App {
    let compute = Compute::new();
    let offline =
        || Registry::default().with_provider(offline::NAME, offline::provider(compute.clone()));
    let ledger = SpendLedger::new(store.clone(), Arc::clone(&options.clock));
    let files = FileStores {
        local: LocalStore::open(&storage).expect("directories are created"),
        bucket: options.bucket,
        settings: storage,
    };
    App::new(AppResources {
        store,
        files,
        pinecone: options.pinecone,
        registry: options.registry.unwrap_or_else(offline).with_ledger(Arc::new(ledger)),
        model_defaults: options.choices,
        memory: options.memory,
        situator: options.situator,
        compute,
        clock: options.clock,
        task_settings: options.task_limits,
        shutdown,
    })
}

/// The real service on a free port.
pub struct TestApp {
    pub app: Arc<App>,
    pub store: Store,
    pub bucket: Option<Bucket>,
    pub clock: Arc<dyn Clock>,
    pub shutdown: CancellationToken,
    pub url: String,
    pub client: reqwest::Client,
    pub database: TestDatabase,
    running: Vec<JoinHandle<()>>,
}

impl TestApp {
    pub async fn start(database: TestDatabase) -> Self {
        Self::start_with(database, TestOptions::default()).await
    }

    pub async fn start_with(database: TestDatabase, options: TestOptions) -> Self {
        let store = database.store().await;
        let mut storage = database.storage();
        (options.storage)(&mut storage);
        let (bucket, clock) = (options.bucket.clone(), Arc::clone(&options.clock));
        let (shutdown, limits) = (CancellationToken::new(), options.task_limits.clone());
        let (api_key, rates) = (options.api_key, options.rate_limits.clone());
        let connections = options.connections;
        let (trusted_proxies, drain) = (options.trusted_proxies, options.drain);
        let (allowed_origins, keep_alive) = (options.allowed_origins, options.keep_alive);
        let app = Arc::new(build_app(store.clone(), storage, shutdown.clone(), options));
        app.config().seed().await.expect("seeded");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let proxies = trusted_proxies.iter();
        let access_policy = AccessPolicy {
            api_key: api_key.map(Into::into),
            trusted_proxies: proxies.map(|network| network.parse().expect("a network")).collect(),
            limits: rates,
            allowed_origins: allowed_origins.iter().map(ToString::to_string).collect(),
            connections,
        };
        let metrics = MetricsRecorder::install().expect("a recorder is installed");
        let state =
            HttpState::new(Arc::clone(&app), access_policy, metrics).with_keep_alive(keep_alive);
        let tail_app = Arc::clone(&app);
        let running = vec![
            tokio::spawn(serve(listener, state, shutdown.clone(), drain)),
            tokio::spawn(Worker::new(Arc::clone(&app), limits).run(drain)),
            tokio::spawn(async move {
                let background_tasks = async {
                    tokio::join!(tail_app.listen_to_other_instances(), tail_app.events().tail())
                };
                let _ = tokio::time::timeout(Duration::from_mins(10), background_tasks).await;
            }),
        ];
        let client = client().build().expect("a client");
        Self { app, store, bucket, clock, shutdown, url, client, database, running }
    }

    /// Stops the service, waits until it has ended, and returns its database.
    pub async fn stop(mut self) -> TestDatabase {
        self.shutdown.cancel();
        if let Some(listener) = self.running.pop() {
            listener.abort();
        }
        for task in self.running {
            task.await.expect("the service ends without a panic");
        }
        self.store.close().await;
        self.database
    }

    pub async fn stop_and_remove(self) {
        self.stop().await.remove().await;
    }

    /// Builds a GET of a path, or of a media URL, which has no leading slash.
    pub fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(self.address(path))
    }

    /// Returns the complete URL of a path, or of a media URL.
    pub fn address(&self, path: &str) -> String {
        format!("{}/{}", self.url, path.trim_start_matches('/'))
    }

    /// Sends a request with a JSON body unless it is null. Returns the status and the JSON of the response.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let request = self.client.request(method, format!("{}{path}", self.url));
        send_json(if body.is_null() { request } else { request.json(&body) }).await
    }

    pub fn put(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.put(format!("{}{path}", self.url))
    }

    pub fn post_frame(&self, body: &Value) -> reqwest::RequestBuilder {
        self.client.post(format!("{}/v1/frames/", self.url)).json(body)
    }

    pub async fn create_frame(&self, body: Value) -> Value {
        let (status, body) = send_json(self.post_frame(&body)).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub async fn json(&self, path: &str) -> Value {
        let (status, body) = send_json(self.get(path)).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Requests a path until the JSON of the response fulfils the condition, and returns it.
    pub async fn wait_for_json(&self, path: &str, is_expected: impl Fn(&Value) -> bool) -> Value {
        let waiting = async {
            loop {
                let body = self.json(path).await;
                if is_expected(&body) {
                    break body;
                }
                tokio::task::yield_now().await;
            }
        };
        with_timeout(waiting).await
    }

    /// Waits until no task is open.
    pub async fn wait_until_idle(&self) {
        let waiting = async {
            loop {
                let tasks = self.json("/admin/api/tasks?limit=100").await;
                let open = |task: &Value| task["completed_at"].is_null();
                if !tasks["items"].as_array().expect("tasks").iter().any(open) {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        with_timeout(waiting).await;
    }

    /// Returns the names of the files in `media/` or `input/`.
    pub fn files(&self, folder: &str) -> Vec<String> {
        files(&self.database.folder.path().join(folder))
    }
}

/// Returns the names of the files in a directory, sorted, without the marks of instances.
pub fn files(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the directory exists");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("listed").file_name().to_string_lossy().into_owned())
        .collect();
    names.retain(|name| !name.starts_with(".instance-"));
    names.sort();
    names
}

/// Sends a request and returns the status and the JSON of the response; text that is not JSON becomes a string.
pub async fn send_json(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("a response");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, value)
}
