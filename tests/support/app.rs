//! The service of a test, in the test's own process.

use std::sync::Arc;
use std::time::Duration;

use calliope::app::{App, AppResources, FileStores, ModelDefaults, SpendLedger};
use calliope::compute::Compute;
use calliope::domain::{Clock, SystemClock};
use calliope::http::{AccessPolicy, ConnectionLimits, HttpState, serve};
use calliope::inference::{Registry, offline};
use calliope::objects::{Bucket, LocalStore};
use calliope::settings::{
    MemorySettings, PageSettings, RateLimitSettings, StorageSettings, TaskSettings,
};
use calliope::situation::SituationService;
use calliope::store::Store;
use calliope::telemetry::MetricsRecorder;
use calliope::vectors::Pinecone;
use calliope::worker::Worker;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{TestDatabase, client, files, pause, send_json, with_timeout};

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
    pub pages: PageSettings,
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
            pages: PageSettings::default(),
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
        let pages = options.pages.clone();
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
            pages,
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
                pause().await;
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
                pause().await;
            }
        };
        with_timeout(waiting).await;
    }

    /// Returns the names of the files in `media/` or `input/`.
    pub fn files(&self, folder: &str) -> Vec<String> {
        files(&self.database.folder.path().join(folder))
    }
}
