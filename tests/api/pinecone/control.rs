//! The fake's control API, for indexes.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{FakeIndex, Shared, check_access, error_response};

fn index_json(name: &str, index: &FakeIndex, host: &str, is_ready: bool) -> Value {
    json!({
        "name": name, "dimension": index.dimension, "metric": index.metric, "host": host,
        "deletion_protection": "disabled", "vector_type": "dense",
        "spec": {"serverless": {"cloud": "aws", "region": "us-east-1"}},
        "status": {"ready": is_ready, "state": if is_ready { "Ready" } else { "Initializing" }},
    })
}

pub(super) async fn describe(
    State(state): Shared,
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

pub(super) async fn create(
    State(state): Shared,
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
