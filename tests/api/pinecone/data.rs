//! The fake's data API, for the vectors of an index.

use std::sync::Mutex;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::vectors::Answer;
use super::{Inner, Shared, check_access};

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

pub(super) async fn upsert(
    State(state): Shared,
    headers: HeaderMap,
    Json(sent): Json<Value>,
) -> Response {
    answer(&state, "Upsert", &headers, |state| state.upsert(&sent))
}

pub(super) async fn query(
    State(state): Shared,
    headers: HeaderMap,
    Json(sent): Json<Value>,
) -> Response {
    answer(&state, "Query", &headers, |state| state.query(&sent))
}

pub(super) async fn delete(
    State(state): Shared,
    headers: HeaderMap,
    Json(sent): Json<Value>,
) -> Response {
    answer(&state, "Delete", &headers, |state| state.delete(&sent))
}

pub(super) async fn fetch(
    State(state): Shared,
    headers: HeaderMap,
    RawQuery(sent): RawQuery,
) -> Response {
    answer(&state, "Fetch", &headers, |state| Ok(state.fetch(&sent.unwrap_or_default())))
}

pub(super) async fn describe_stats(
    State(state): Shared,
    headers: HeaderMap,
    Json(_): Json<Value>,
) -> Response {
    answer(&state, "DescribeIndexStats", &headers, |state| Ok(state.stats()))
}
