//! `/v2/clients/{client_id}/context/{key}`: one entry of a client's context.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::context::SessionQuery;
use crate::app::{ContextRequest, ContextView};
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;

/// The largest body, in bytes.
const MAX_BODY: usize = 80 << 10;

/// Set a context entry
///
/// Stores what is going on with the client, and replaces the entry with the same session and key. Storytellers use it
/// until it expires.
#[utoipa::path(put, path = "/v2/clients/{client_id}/context/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ("key" = String, Path, description = "The entry's key: 1-128 printable characters.", example = "visitor"),
    ),
    request_body(content = ContextRequest, description = "At most 80 KiB.",
        example = json!({"value": "A school class from Bergen", "expires_in": 3600})),
    responses(
        (status = 201, description = "The entry is new.", body = ContextView),
        (status = 200, description = "The entry replaces an earlier one.", body = ContextView),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, key)): Path<(String, String)>,
    ValidJson(order): ValidJson<ContextRequest, MAX_BODY>,
) -> Result<(StatusCode, Json<ContextView>), Problem> {
    let upserted = state.app.clients().upsert_context(&client_id, &key, order).await;
    let (view, is_new) = upserted.map_err(|error| Problem::from_error(error, "body"))?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(view)))
}

/// Read a context entry
///
/// Set the entry first, with `PUT` at the same path: a new installation has no entries.
#[utoipa::path(get, path = "/v2/clients/{client_id}/context/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ("key" = String, Path, example = "visitor",
            description = "The entry's key: 1-128 printable characters, such as `key` in `GET …/context`."),
        SessionQuery,
    ),
    responses(
        (status = 200, description = "The entry.", body = ContextView),
        (status = 404, description = "The client has no such entry, or it has expired.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, key)): Path<(String, String)>,
    ValidQuery(query): ValidQuery<SessionQuery>,
) -> Result<Json<ContextView>, Problem> {
    let session_id = query.session_id.unwrap_or_default();
    let view = state.app.clients().context_value(&client_id, &session_id, &key).await;
    view.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Delete a context entry
#[utoipa::path(delete, path = "/v2/clients/{client_id}/context/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ("key" = String, Path, example = "visitor",
            description = "The entry's key: 1-128 printable characters, such as `key` in `GET …/context`."),
        SessionQuery,
    ),
    responses(
        (status = 204, description = "The entry is deleted."),
        (status = 404, description = "The client has no such entry.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, key)): Path<(String, String)>,
    ValidQuery(query): ValidQuery<SessionQuery>,
) -> Result<StatusCode, Problem> {
    let session_id = query.session_id.unwrap_or_default();
    let removed =
        state.app.clients().delete_context(&client_id, Some(&session_id), Some(&key)).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
