//! A fake Pinecone with the published REST API, for indexes and for vectors, and with failures on demand.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, RawQuery, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use calliope::compute::Compute;
use calliope::http_client;
use calliope::settings::SearchSettings;
use calliope::vectors::Pinecone;
use serde_json::{Map, Value, json};
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
            .route("/indexes/{name}", get(describe))
            .route("/indexes", post(create))
            .with_state(Arc::clone(&state));
        // A request may have two megabytes, which is what axum accepts.
        let vectors = Router::new()
            .route("/vectors/upsert", post(upsert))
            .route("/vectors/delete", post(delete))
            .route("/vectors/fetch", get(fetch))
            .route("/query", post(query))
            .route("/describe_index_stats", post(describe_stats))
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

fn index_json(name: &str, index: &FakeIndex, host: &str, is_ready: bool) -> Value {
    json!({
        "name": name, "dimension": index.dimension, "metric": index.metric, "host": host,
        "deletion_protection": "disabled", "vector_type": "dense",
        "spec": {"serverless": {"cloud": "aws", "region": "us-east-1"}},
        "status": {"ready": is_ready, "state": if is_ready { "Ready" } else { "Initializing" }},
    })
}

async fn describe(
    State(state): State<Arc<Mutex<Inner>>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let mut state = state.lock().expect("nobody panics with it");
    state.calls.push("describe".to_owned());
    if let Some(error) = check_access(&state, &headers) {
        return error;
    }
    let host = state.data.clone();
    let Some(index) = state.indexes.get_mut(&name) else {
        let message = format!("Resource {name} not found");
        return error_response(StatusCode::NOT_FOUND, "NOT_FOUND", &message);
    };
    let is_ready = index.is_initializing == 0;
    index.is_initializing = index.is_initializing.saturating_sub(1);
    Json(index_json(&name, index, &host, is_ready)).into_response()
}

async fn create(
    State(state): State<Arc<Mutex<Inner>>>,
    headers: HeaderMap,
    Json(asked): Json<Value>,
) -> Response {
    let mut state = state.lock().expect("nobody panics with it");
    state.calls.push("create".to_owned());
    if let Some(error) = check_access(&state, &headers) {
        return error;
    }
    let name = asked["name"].as_str().expect("a name").to_owned();
    if state.indexes.contains_key(&name) {
        return error_response(StatusCode::CONFLICT, "ALREADY_EXISTS", "Resource already exists");
    }
    assert_eq!(asked["spec"]["serverless"], json!({"cloud": "aws", "region": "us-east-1"}));
    let dimension = asked["dimension"].as_u64().expect("a dimension") as usize;
    let metric = if asked["metric"] == "cosine" { "cosine" } else { "dotproduct" };
    let index = FakeIndex { dimension, metric, is_initializing: 2 };
    let answer = index_json(&name, &index, &state.data, false);
    state.indexes.insert(name, index);
    (StatusCode::CREATED, Json(answer)).into_response()
}

/// An answer of the data API, or an error's status, code and message.
type Answer = Result<Value, (StatusCode, i32, String)>;

fn invalid<T>(message: impl Into<String>) -> Result<T, (StatusCode, i32, String)> {
    Err((StatusCode::BAD_REQUEST, 3, message.into()))
}

/// Answers a call of the data API.
fn answer(
    state: &Mutex<Inner>,
    method: &str,
    headers: &HeaderMap,
    call: impl FnOnce(&mut Inner) -> Answer,
) -> Response {
    let mut state = state.lock().expect("nobody panics with it");
    state.calls.push(method.to_owned());
    let is_failing = state.failing.front().is_some_and(|(failing, _)| failing == method);
    if let Some(error) = check_access(&state, headers) {
        return error;
    }
    let result = if is_failing {
        let (_, status) = state.failing.pop_front().expect("a failure");
        Err((StatusCode::from_u16(status).expect("a status"), 8, "a bad day".to_owned()))
    } else {
        call(&mut state)
    };
    match result {
        Ok(answer) => Json(answer).into_response(),
        Err((status, code, message)) => {
            let error = json!({"code": code, "message": message, "details": []});
            let wait = state.retry_after.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds)));
            (status, HeaderMap::from_iter(wait), Json(error)).into_response()
        }
    }
}

type Shared = State<Arc<Mutex<Inner>>>;

async fn upsert(State(state): Shared, headers: HeaderMap, Json(sent): Json<Value>) -> Response {
    answer(&state, "Upsert", &headers, |state| state.upsert(&sent))
}

async fn query(State(state): Shared, headers: HeaderMap, Json(sent): Json<Value>) -> Response {
    answer(&state, "Query", &headers, |state| state.query(&sent))
}

async fn delete(State(state): Shared, headers: HeaderMap, Json(sent): Json<Value>) -> Response {
    answer(&state, "Delete", &headers, |state| state.delete(&sent))
}

async fn fetch(State(state): Shared, headers: HeaderMap, RawQuery(sent): RawQuery) -> Response {
    answer(&state, "Fetch", &headers, |state| Ok(state.fetch(&sent.unwrap_or_default())))
}

async fn describe_stats(
    State(state): Shared,
    headers: HeaderMap,
    Json(_): Json<Value>,
) -> Response {
    answer(&state, "DescribeIndexStats", &headers, |state| Ok(state.stats()))
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().expect("a text").to_owned()
}

fn numbers(value: &Value) -> Vec<f32> {
    let numbers = value.as_array().expect("a vector").iter();
    numbers.map(|number| number.as_f64().expect("a number") as f32).collect()
}

/// Returns metadata as it is stored: every number is a floating-point number.
fn stored_metadata(sent: &Value) -> Value {
    let fields = sent.as_object().expect("metadata").iter();
    let stored = fields.map(|(name, value)| {
        let value = match value {
            Value::Number(number) => json!(number.as_f64()),
            Value::String(_) | Value::Bool(_) => value.clone(),
            other => panic!("{other} cannot be metadata"),
        };
        (name.clone(), value)
    });
    Value::Object(stored.collect::<Map<String, Value>>())
}

impl Inner {
    /// Checks that a vector has the dimension of the index, and is not all zeros.
    fn check_dimension(&self, values: &[f32]) -> Result<(), (StatusCode, i32, String)> {
        let (given, dimension) =
            (values.len(), self.indexes.values().next().map_or(0, |index| index.dimension));
        if given == dimension && values.iter().any(|number| *number != 0.0) {
            return Ok(());
        }
        invalid(format!(
            "Vector dimension {given} does not match the dimension of the index {dimension}"
        ))
    }

    fn upsert(&mut self, sent: &Value) -> Answer {
        let vectors = sent["vectors"].as_array().expect("vectors");
        if vectors.is_empty() || vectors.len() > 1000 {
            return invalid("an upsert has 1 to 1000 vectors");
        }
        for vector in vectors {
            self.check_dimension(&numbers(&vector["values"]))?;
        }
        for vector in vectors {
            let key = (text(sent, "namespace"), text(vector, "id"));
            let metadata = stored_metadata(&vector["metadata"]);
            self.vectors.insert(key, StoredVector { values: numbers(&vector["values"]), metadata });
        }
        Ok(json!({"upsertedCount": vectors.len()}))
    }

    fn query(&self, sent: &Value) -> Answer {
        let vector = numbers(&sent["vector"]);
        self.check_dimension(&vector)?;
        let top_k = sent["topK"].as_u64().unwrap_or_default();
        if !(1..=10_000).contains(&top_k) {
            return invalid("top_k is from 1 to 10000");
        }
        let filter = sent.get("filter");
        let mut matches: Vec<(f32, Value)> = Vec::new();
        for ((namespace, id), stored) in &self.vectors {
            if sent["namespace"] != *namespace
                || !filter.is_none_or(|filter| is_match(filter, &stored.metadata))
            {
                continue;
            }
            let score = cosine(&vector, &stored.values);
            let mut found = json!({"id": id, "score": score, "values": []});
            if sent["includeMetadata"] == true && !stored.metadata.is_null() {
                found["metadata"] = stored.metadata.clone();
            }
            matches.push((score, found));
        }
        matches.sort_by(|a, b| b.0.total_cmp(&a.0));
        matches.truncate(top_k as usize);
        let matches: Vec<Value> = matches.into_iter().map(|(_, found)| found).collect();
        Ok(json!({"matches": matches, "namespace": sent["namespace"], "usage": {"readUnits": 5}}))
    }

    fn fetch(&self, query: &str) -> Value {
        let parameters: Vec<(String, String)> =
            serde_urlencoded::from_str(query).expect("parameters");
        let of = |name: &str| -> Vec<String> {
            let named = parameters.iter().filter(|(given, _)| given == name);
            named.map(|(_, value)| value.clone()).collect()
        };
        let namespace = of("namespace").pop().expect("a namespace");
        let mut vectors = Map::new();
        for id in of("ids") {
            if let Some(stored) = self.vectors.get(&(namespace.clone(), id.clone())) {
                let StoredVector { values, metadata } = stored;
                let vector = json!({"id": id, "values": values, "metadata": metadata});
                vectors.insert(id, vector);
            }
        }
        json!({"vectors": vectors, "namespace": namespace, "usage": {"readUnits": 1}})
    }

    fn delete(&mut self, sent: &Value) -> Answer {
        let namespace = text(sent, "namespace");
        let ids = sent.get("ids").map_or_else(Vec::new, |ids| ids.as_array().expect("ids").clone());
        let is_of_all = sent["deleteAll"] == true;
        if ids.len() > 1000 || ids.is_empty() != is_of_all {
            return invalid("a deletion has 1 to 1000 ids, or is of all");
        }
        if !self.vectors.keys().any(|(known, _)| *known == namespace) {
            return Err((StatusCode::NOT_FOUND, 5, "Namespace not found".to_owned()));
        }
        self.vectors.retain(|(known, id), _| {
            *known != namespace || !(is_of_all || ids.contains(&json!(id)))
        });
        Ok(json!({}))
    }

    fn stats(&self) -> Value {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (namespace, _) in self.vectors.keys() {
            *counts.entry(namespace).or_default() += 1;
        }
        let namespaces: Map<String, Value> = counts
            .into_iter()
            .map(|(namespace, count)| (namespace.to_owned(), json!({"vectorCount": count})))
            .collect();
        let dimension = self.indexes.values().next().map_or(0, |index| index.dimension);
        let total = self.vectors.len();
        json!({"namespaces": namespaces, "dimension": dimension, "indexFullness": 0,
            "totalVectorCount": total})
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Returns whether metadata matches a filter.
fn is_match(filter: &Value, metadata: &Value) -> bool {
    filter.as_object().expect("a filter").iter().all(|(field, wanted)| {
        if field == "$and" {
            return wanted.as_array().expect("filters").iter().all(|each| is_match(each, metadata));
        }
        wanted.as_object().expect("an operation").iter().all(|(operation, operand)| {
            let value = &metadata[field];
            let among = || operand.as_array().expect("a list").contains(value);
            let number = |value: &Value| value.as_f64().expect("a number");
            // Stored numbers have a point, sent ones may not.
            let is_equal =
                value == operand || (value.is_number() && value.as_f64() == operand.as_f64());
            match operation.as_str() {
                "$eq" => is_equal,
                "$ne" => !is_equal,
                "$in" => among(),
                "$nin" => !among(),
                "$gte" => number(value) >= number(operand),
                "$lte" => number(value) <= number(operand),
                "$lt" => number(value) < number(operand),
                other => panic!("{other} is no operation"),
            }
        })
    })
}
