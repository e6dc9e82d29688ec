//! A fake Pinecone with the published REST API, for indexes and for vectors, and with failures on demand.

mod control;
mod data;
mod vectors;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use calliope::compute::Compute;
use calliope::http_client;
use calliope::settings::SearchSettings;
use calliope::vectors::Pinecone;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The API key that the fake accepts.
pub const KEY: &str = "pc-key-of-tests";

/// Statuses of answers.
pub const THROTTLED: u16 = 429;
pub const UNAVAILABLE: u16 = 503;

/// The version of the API that the fake speaks.
const API_VERSION: &str = "2026-04";

/// Returns a client of Pinecone with these settings.
pub fn client(search: &SearchSettings) -> Option<Pinecone> {
    let http = http_client::build_client().expect("a client");
    Pinecone::from_settings(search, http, Compute::new()).expect("a valid key")
}

/// A running fake. Dropping it stops the service.
pub struct FakePinecone {
    /// Base URL of the control API.
    pub url: String,
    state: Arc<Mutex<Inner>>,
    _serving: JoinSet<()>,
}

/// An index of the fake.
#[derive(Debug, Clone)]
pub struct FakeIndex {
    pub dimension: usize,
    pub metric: &'static str,
    /// Number of descriptions that report the index as not ready.
    pub is_initializing: usize,
}

/// The state that the handlers share.
type Shared = State<Arc<Mutex<Inner>>>;

#[derive(Default)]
struct Inner {
    indexes: HashMap<String, FakeIndex>,
    /// The stored vectors, by namespace and id.
    vectors: BTreeMap<(String, String), StoredVector>,
    /// Statuses that the next calls of a method fail with.
    failing: VecDeque<(String, u16)>,
    /// The seconds of `Retry-After` in errors.
    retry_after: Option<u64>,
    is_down: bool,
    calls: Vec<String>,
    data: String,
}

#[derive(Debug, Clone)]
struct StoredVector {
    values: Vec<f32>,
    metadata: Value,
}

impl FakePinecone {
    pub async fn start() -> Self {
        let (control, data) = (listener().await, listener().await);
        let url = |tcp: &TcpListener| format!("http://{}", tcp.local_addr().expect("an address"));
        let control_url = url(&control);
        let state = Arc::new(Mutex::new(Inner { data: url(&data), ..Inner::default() }));
        let indexes = Router::new()
            .route("/indexes/{name}", get(control::describe))
            .route("/indexes", post(control::create))
            .with_state(Arc::clone(&state));
        // A request may have two megabytes, which is what axum accepts.
        let vectors = Router::new()
            .route("/vectors/upsert", post(data::upsert))
            .route("/vectors/delete", post(data::delete))
            .route("/vectors/fetch", get(data::fetch))
            .route("/query", post(data::query))
            .route("/describe_index_stats", post(data::describe_stats))
            .with_state(Arc::clone(&state));
        let mut serving = JoinSet::new();
        for (listener, routes) in [(control, indexes), (data, vectors)] {
            serving.spawn(async move {
                let _ended = axum::serve(listener, routes).await;
            });
        }
        Self { url: control_url, state, _serving: serving }
    }

    /// Returns settings that use an index of this fake.
    pub fn search(&self, index: &str) -> SearchSettings {
        SearchSettings {
            pinecone_api_key: Some(KEY.into()),
            pinecone_url: self.url.clone(),
            index: Some(index.to_owned()),
            ..SearchSettings::default()
        }
    }

    fn lock_state(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().expect("nobody panics with it")
    }

    pub fn add_index(&self, name: &str, index: FakeIndex) {
        self.lock_state().indexes.insert(name.to_owned(), index);
    }

    pub fn index(&self, name: &str) -> Option<FakeIndex> {
        self.lock_state().indexes.get(name).cloned()
    }

    /// Makes the next calls of a method fail with these statuses.
    pub fn fail(&self, method: &str, statuses: &[u16]) {
        self.lock_state()
            .failing
            .extend(statuses.iter().map(|status| (method.to_owned(), *status)));
    }

    /// Sets how many seconds errors ask to wait.
    pub fn set_retry_after(&self, seconds: Option<u64>) {
        self.lock_state().retry_after = seconds;
    }

    /// Sets whether every request fails.
    pub fn set_down(&self, is_down: bool) {
        self.lock_state().is_down = is_down;
    }

    /// Returns the ids in a namespace, with the metadata of each.
    pub fn vectors(&self, namespace: &str) -> Vec<(String, Value)> {
        let state = self.lock_state();
        let ours = state.vectors.iter().filter(|((name, _), _)| name == namespace);
        ours.map(|((_, id), stored)| (id.clone(), stored.metadata.clone())).collect()
    }

    /// Adds a vector that was in transit while its frame was removed.
    pub fn arrive(&self, namespace: &str, id: &str) {
        let stored = StoredVector { values: vec![1.0], metadata: Value::Null };
        self.lock_state().vectors.insert((namespace.to_owned(), id.to_owned()), stored);
    }

    /// Returns the number of calls of a method.
    pub fn calls(&self, method: &str) -> usize {
        self.lock_state().calls.iter().filter(|call| *call == method).count()
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

fn error_response(status: StatusCode, code: &str, message: &str) -> Response {
    let error = json!({"error": {"code": code, "message": message}, "status": status.as_u16()});
    (status, Json(error)).into_response()
}

/// Returns an error if the fake is down or the key is wrong.
fn check_access(state: &Inner, headers: &HeaderMap) -> Option<Response> {
    if state.is_down {
        let message = "Something went wrong";
        return Some(error_response(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message));
    }
    if headers.get("api-key").is_none_or(|key| key != KEY) {
        let message = "Invalid API Key";
        return Some(error_response(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message));
    }
    assert_eq!(headers.get("x-pinecone-api-version").expect("a version"), API_VERSION);
    None
}
