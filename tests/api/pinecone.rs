//! A fake Pinecone with the published protocol, REST for indexes and gRPC for vectors, and with failures on demand.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::{BufMut, Bytes, BytesMut};
use calliope::settings::SearchSettings;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::pinecone_wire::{
    DeleteRequest, FetchRequest, FetchResponse, INVALID, NOT_FOUND, Nothing, QueryRequest,
    QueryResponse, ScoredVector, Stats, StatsRequest, Summary, UNAVAILABLE, UNKNOWN_KEY,
    UpsertRequest, UpsertResponse, Vector, as_json,
};

/// The API key that the fake accepts.
pub const KEY: &str = "pc-key-of-tests";

/// A running fake. Dropping it stops the service.
pub struct FakePinecone {
    /// Base URL of the REST service.
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
    /// gRPC codes that the next calls of a method fail with.
    failing: VecDeque<(String, u16)>,
    is_down: bool,
    calls: Vec<String>,
    data: String,
}

#[derive(Debug, Clone)]
struct StoredVector {
    values: Vec<f32>,
    metadata: Option<prost_types::Struct>,
}

impl FakePinecone {
    pub async fn start() -> Self {
        let (control, data) = (listener().await, listener().await);
        let url = |tcp: &TcpListener| format!("http://{}", tcp.local_addr().expect("an address"));
        let control_url = url(&control);
        let state = Arc::new(Mutex::new(Inner { data: url(&data), ..Inner::default() }));
        let routes = Router::new()
            .route("/indexes/{name}", get(describe))
            .route("/indexes", post(create))
            .with_state(Arc::clone(&state));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let _ended = axum::serve(control, routes).await;
        });
        serving.spawn(serve_vectors(data, Arc::clone(&state)));
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

    /// Makes the next calls of a method fail with these codes.
    pub fn fail(&self, method: &str, codes: &[u16]) {
        self.lock_state().failing.extend(codes.iter().map(|code| (method.to_owned(), *code)));
    }

    /// Sets whether every request fails.
    pub fn set_down(&self, is_down: bool) {
        self.lock_state().is_down = is_down;
    }

    /// Returns the ids in a namespace, with the metadata of each.
    pub fn vectors(&self, namespace: &str) -> Vec<(String, Value)> {
        let state = self.lock_state();
        let ours = state.vectors.iter().filter(|((name, _), _)| name == namespace);
        ours.map(|((_, id), stored)| {
            (id.clone(), stored.metadata.as_ref().map_or(Value::Null, as_json))
        })
        .collect()
    }

    /// Adds a vector that was in transit while its frame was removed.
    pub fn arrive(&self, namespace: &str, id: &str) {
        let stored = StoredVector { values: vec![1.0], metadata: None };
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
    None
}

fn index_json(name: &str, index: &FakeIndex, host: &str, is_ready: bool) -> Value {
    json!({
        "name": name, "dimension": index.dimension, "metric": index.metric, "host": host,
        "deletion_protection": "disabled",
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

async fn serve_vectors(listener: TcpListener, state: Arc<Mutex<Inner>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = hyper::service::service_fn(move |request| {
            let state = Arc::clone(&state);
            async move { Ok::<_, Infallible>(answer(&state, request).await) }
        });
        let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service);
        connections.spawn(async move {
            let _ended = connection.await;
        });
    }
}

type Body =
    StreamBody<futures_util::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

/// Answers a unary call with a message or an error code.
async fn answer(state: &Mutex<Inner>, request: hyper::Request<Incoming>) -> hyper::Response<Body> {
    let (head, body) = request.into_parts();
    let sent = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut state = state.lock().expect("nobody panics with it");
    let method = head.uri.path().trim_start_matches("/VectorService/").to_owned();
    state.calls.push(method.clone());
    let is_failing = state.failing.front().is_some_and(|(failing, _)| *failing == method);
    let result = if state.is_down {
        Err((UNAVAILABLE, "connection refused".to_owned()))
    } else if head.headers.get("api-key").is_none_or(|key| key != KEY) {
        Err((UNKNOWN_KEY, "Invalid API Key".to_owned()))
    } else if is_failing {
        let code = state.failing.pop_front().map_or(UNAVAILABLE, |(_, code)| code);
        Err((code, "a bad day".to_owned()))
    } else {
        state.call(&method, sent.get(5..).unwrap_or_default())
    };
    let (frames, status) = match result {
        Ok(message) => {
            let mut framed = BytesMut::new();
            framed.put_u8(0);
            framed.put_u32(u32::try_from(message.len()).expect("a small message"));
            framed.extend_from_slice(&message);
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().expect("a header"));
            (vec![Ok(Frame::data(framed.freeze())), Ok(Frame::trailers(trailers))], None)
        }
        Err(refused) => (Vec::new(), Some(refused)),
    };
    let mut response = hyper::Response::builder().header("content-type", "application/grpc");
    if let Some((code, message)) = status {
        response = response.header("grpc-status", code).header("grpc-message", message);
    }
    response.body(StreamBody::new(futures_util::stream::iter(frames))).expect("a response")
}

type CallResult = Result<Vec<u8>, (u16, String)>;

impl Inner {
    fn call(&mut self, method: &str, message: &[u8]) -> CallResult {
        match method {
            "Upsert" => self.upsert(read(message)?),
            "Query" => self.query(read(message)?),
            "Fetch" => Ok(self.fetch(read(message)?)),
            "Delete" => self.delete(&read(message)?),
            "DescribeIndexStats" => read(message).map(|request| self.stats(&request)),
            other => Err((12, format!("{other} is not spoken here"))),
        }
    }

    /// Checks that a vector has the dimension of the index, and is not all zeros.
    fn check_dimension(&self, values: &[f32]) -> Result<(), (u16, String)> {
        let (given, dimension) =
            (values.len(), self.indexes.values().next().map_or(0, |index| index.dimension));
        if given == dimension && values.iter().any(|number| *number != 0.0) {
            return Ok(());
        }
        let message = format!(
            "Vector dimension {given} does not match the dimension of the index {dimension}"
        );
        Err((INVALID, message))
    }

    fn upsert(&mut self, request: UpsertRequest) -> CallResult {
        if request.vectors.is_empty() || request.vectors.len() > 1000 {
            return Err((INVALID, "an upsert has 1 to 1000 vectors".to_owned()));
        }
        for vector in &request.vectors {
            self.check_dimension(&vector.values)?;
        }
        let upserted_count = request.vectors.len() as u32;
        for Vector { id, values, metadata } in request.vectors {
            self.vectors.insert((request.namespace.clone(), id), StoredVector { values, metadata });
        }
        Ok(UpsertResponse { upserted_count }.encode_to_vec())
    }

    fn query(&mut self, request: QueryRequest) -> CallResult {
        self.check_dimension(&request.vector)?;
        if !(1..=10_000).contains(&request.top_k) {
            return Err((INVALID, "top_k is from 1 to 10000".to_owned()));
        }
        let filter = request.filter.as_ref().map(as_json);
        let mut matches: Vec<ScoredVector> = Vec::new();
        for ((namespace, id), stored) in &self.vectors {
            let metadata = stored.metadata.as_ref().map_or(Value::Null, as_json);
            if *namespace != request.namespace
                || !filter.as_ref().is_none_or(|f| is_match(f, &metadata))
            {
                continue;
            }
            let metadata = stored.metadata.clone().filter(|_| request.include_metadata);
            let score = cosine(&request.vector, &stored.values);
            matches.push(ScoredVector { id: id.clone(), score, metadata });
        }
        matches.sort_by(|a, b| b.score.total_cmp(&a.score));
        matches.truncate(request.top_k as usize);
        Ok(QueryResponse { matches, namespace: request.namespace }.encode_to_vec())
    }

    fn fetch(&self, request: FetchRequest) -> Vec<u8> {
        let mut vectors = HashMap::new();
        for id in request.ids {
            if let Some(stored) = self.vectors.get(&(request.namespace.clone(), id.clone())) {
                let StoredVector { values, metadata } = stored.clone();
                vectors.insert(id.clone(), Vector { id, values, metadata });
            }
        }
        FetchResponse { vectors, namespace: request.namespace }.encode_to_vec()
    }

    fn delete(&mut self, request: &DeleteRequest) -> CallResult {
        if request.ids.len() > 1000 || request.ids.is_empty() != request.delete_all {
            return Err((INVALID, "a deletion has 1 to 1000 ids, or is of all".to_owned()));
        }
        if !self.vectors.keys().any(|(namespace, _)| *namespace == request.namespace) {
            return Err((NOT_FOUND, "Namespace not found".to_owned()));
        }
        self.vectors.retain(|(namespace, id), _| {
            *namespace != request.namespace || !(request.delete_all || request.ids.contains(id))
        });
        Ok(Nothing {}.encode_to_vec())
    }

    fn stats(&self, _: &StatsRequest) -> Vec<u8> {
        let mut namespaces: HashMap<String, Summary> = HashMap::new();
        for (namespace, _) in self.vectors.keys() {
            namespaces.entry(namespace.clone()).or_default().vector_count += 1;
        }
        let dimension = self.indexes.values().next().map_or(0, |index| index.dimension as u32);
        let total_vector_count = self.vectors.len() as u32;
        Stats { namespaces, dimension, total_vector_count }.encode_to_vec()
    }
}

fn read<M: Message + Default>(message: &[u8]) -> Result<M, (u16, String)> {
    M::decode(message).map_err(|error| (INVALID, error.to_string()))
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
            match operation.as_str() {
                "$eq" => value == operand,
                "$ne" => value != operand,
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
