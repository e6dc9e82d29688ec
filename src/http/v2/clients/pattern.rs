//! `/v2/clients/{client_id}/patterns/{type}/{key}`: one pattern, and all patterns of a type.

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

/// Set a pattern
///
/// Stores what the client likes or does, and replaces the pattern with the same type and key. Storytellers use patterns
/// with a confidence of 0.3 or more. A pattern set here does not fade, and learning does not change it.
#[utoipa::path(put, path = "/v2/clients/{client_id}/patterns/{type}/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ("type" = String, Path, description = "The pattern's type: 1-128 printable characters.", example = "likes"),
        ("key" = String, Path, description = "The pattern's key: 1-128 printable characters.", example = "boats"),
    ),
    request_body(content = PatternRequest, description = "At most 80 KiB.",
        example = json!({"value": true, "confidence": 0.9})),
    responses(
        (status = 201, description = "The pattern is new.", body = PatternView),
        (status = 200, description = "The pattern replaces an earlier one.", body = PatternView),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, kind, key)): Path<(String, String, String)>,
    ValidJson(order): ValidJson<PatternRequest, MAX_BODY>,
) -> Result<(StatusCode, Json<PatternView>), Problem> {
    let upserted = state.app.clients().upsert_pattern(&client_id, &kind, &key, order).await;
    let (view, is_new) = upserted.map_err(|error| Problem::from_error(error, "body"))?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(view)))
}

/// Read a pattern
///
/// Set the pattern first, with `PUT` at the same path: a new installation has no patterns.
#[utoipa::path(get, path = "/v2/clients/{client_id}/patterns/{type}/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ("type" = String, Path, example = "likes",
            description = "The pattern's type: 1-128 printable characters, such as `type` in `GET …/patterns`."),
        ("key" = String, Path, example = "boats",
            description = "The pattern's key: 1-128 printable characters, such as `key` in `GET …/patterns`."),
    ),
    responses(
        (status = 200, description = "The pattern.", body = PatternView),
        (status = 404, description = "The client has no such pattern.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, kind, key)): Path<(String, String, String)>,
) -> Result<Json<PatternView>, Problem> {
    let view = state.app.clients().pattern(&client_id, &kind, &key).await;
    view.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Delete a pattern
#[utoipa::path(delete, path = "/v2/clients/{client_id}/patterns/{type}/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ("type" = String, Path, example = "likes",
            description = "The pattern's type: 1-128 printable characters, such as `type` in `GET …/patterns`."),
        ("key" = String, Path, example = "boats",
            description = "The pattern's key: 1-128 printable characters, such as `key` in `GET …/patterns`."),
    ),
    responses(
        (status = 204, description = "The pattern is deleted."),
        (status = 404, description = "The client has no such pattern.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, kind, key)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let removed = state.app.clients().delete_patterns(&client_id, Some(&kind), Some(&key)).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}

/// Delete the patterns of a type
#[utoipa::path(delete, path = "/v2/clients/{client_id}/patterns/{type}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ("type" = String, Path, example = "likes",
            description = "The pattern's type: 1-128 printable characters, such as `type` in `GET …/patterns`."),
    ),
    responses(
        (status = 204, description = "The patterns are deleted, also if there were none."),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete_type(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, kind)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let removed = state.app.clients().delete_patterns(&client_id, Some(&kind), None).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
