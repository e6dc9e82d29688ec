//! `/v2/clients/{client_id}/context/{key}`: one thing that is going on.

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

/// Say what is going on, in the place of what was said of it.
#[utoipa::path(put, path = "/v2/clients/{client_id}/context/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("key" = String, Path, description = "Which thing."),
    ),
    request_body = ContextRequest,
    responses(
        (status = 201, description = "Kept.", body = ContextView),
        (status = 200, description = "Kept in the place of what was there.", body = ContextView),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, key)): Path<(String, String)>,
    ValidJson(order): ValidJson<ContextRequest, MAX_BODY>,
) -> Result<(StatusCode, Json<ContextView>), Problem> {
    let kept = state.app.clients().upsert_context(&client_id, &key, order).await;
    let (view, is_new) = kept.map_err(|error| Problem::from_error(error, "body"))?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(view)))
}

/// One thing of a client's context, while it holds.
#[utoipa::path(get, path = "/v2/clients/{client_id}/context/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("key" = String, Path, description = "Which thing."),
        SessionQuery,
    ),
    responses((status = 200, body = ContextView), (status = 404, body = ProblemBody)))]
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

/// Forget one thing of a client's context.
#[utoipa::path(delete, path = "/v2/clients/{client_id}/context/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("key" = String, Path, description = "Which thing."),
        SessionQuery,
    ),
    responses((status = 204, description = "Gone."), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, key)): Path<(String, String)>,
    ValidQuery(query): ValidQuery<SessionQuery>,
) -> Result<StatusCode, Problem> {
    let session_id = query.session_id.unwrap_or_default();
    let removed =
        state.app.clients().remove_context(&client_id, Some(&session_id), Some(&key)).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
