//! `/v2/clients/{client_id}/context/{key}`: one thing that is going on.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::context::SessionQuery;
use crate::app::{ContextOrder, ContextView};
use crate::http::Door;
use crate::http::json::Sent;
use crate::http::path_client::PathClient;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::Asked;

/// The largest body, in bytes.
const MAX: usize = 80 << 10;

/// Say what is going on, in the place of what was said of it.
#[utoipa::path(put, path = "/v2/clients/{client_id}/context/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("key" = String, Path, description = "Which thing."),
    ),
    request_body = ContextOrder,
    responses(
        (status = 201, description = "Kept.", body = ContextView),
        (status = 200, description = "Kept in the place of what was there.", body = ContextView),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(door): State<Door>,
    PathClient(client_id): PathClient,
    Path((_, key)): Path<(String, String)>,
    Sent(order): Sent<ContextOrder, MAX>,
) -> Result<(StatusCode, Json<ContextView>), Problem> {
    let kept = door.app.clients().keep_context(&client_id, &key, order).await;
    let (view, is_new) = kept.map_err(|error| Problem::of(error, "body"))?;
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
    State(door): State<Door>,
    PathClient(client_id): PathClient,
    Path((_, key)): Path<(String, String)>,
    Asked(query): Asked<SessionQuery>,
) -> Result<Json<ContextView>, Problem> {
    let session_id = query.session_id.unwrap_or_default();
    let view = door.app.clients().context_value(&client_id, &session_id, &key).await;
    view.map(Json).map_err(|error| Problem::of(error, "path"))
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
    State(door): State<Door>,
    PathClient(client_id): PathClient,
    Path((_, key)): Path<(String, String)>,
    Asked(query): Asked<SessionQuery>,
) -> Result<StatusCode, Problem> {
    let session_id = query.session_id.unwrap_or_default();
    let removed =
        door.app.clients().remove_context(&client_id, Some(&session_id), Some(&key)).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::of(error, "path"))
}
