//! `/v2/clients/{client_id}/patterns/{type}/{key}`: one thing that a client is like, and all of a type.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::app::{PatternRequest, PatternView};
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};

/// The largest body, in bytes.
const MAX_BODY: usize = 80 << 10;

/// Keep a pattern, in the place of the one of this type and key.
#[utoipa::path(put, path = "/v2/clients/{client_id}/patterns/{type}/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("type" = String, Path, description = "What kind of thing."),
        ("key" = String, Path, description = "Which one."),
    ),
    request_body = PatternRequest,
    responses(
        (status = 201, description = "Kept.", body = PatternView),
        (status = 200, description = "Kept in the place of an earlier one.", body = PatternView),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, kind, key)): Path<(String, String, String)>,
    ValidJson(order): ValidJson<PatternRequest, MAX_BODY>,
) -> Result<(StatusCode, Json<PatternView>), Problem> {
    let kept = state.app.clients().upsert_pattern(&client_id, &kind, &key, order).await;
    let (view, is_new) = kept.map_err(|error| Problem::from_error(error, "body"))?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(view)))
}

/// One of a client's patterns.
#[utoipa::path(get, path = "/v2/clients/{client_id}/patterns/{type}/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("type" = String, Path, description = "What kind of thing."),
        ("key" = String, Path, description = "Which one."),
    ),
    responses((status = 200, body = PatternView), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, kind, key)): Path<(String, String, String)>,
) -> Result<Json<PatternView>, Problem> {
    let view = state.app.clients().pattern(&client_id, &kind, &key).await;
    view.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Forget one of a client's patterns.
#[utoipa::path(delete, path = "/v2/clients/{client_id}/patterns/{type}/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("type" = String, Path, description = "What kind of thing."),
        ("key" = String, Path, description = "Which one."),
    ),
    responses((status = 204, description = "Gone."), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, kind, key)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let removed = state.app.clients().remove_patterns(&client_id, Some(&kind), Some(&key)).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}

/// Forget a client's patterns of one type.
#[utoipa::path(delete, path = "/v2/clients/{client_id}/patterns/{type}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("type" = String, Path, description = "What kind of thing."),
    ),
    responses((status = 204, description = "Gone.")))]
pub(in crate::http) async fn delete_type(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, kind)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let removed = state.app.clients().remove_patterns(&client_id, Some(&kind), None).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
