//! `/v2/clients/{client_id}/patterns`: what a client is like.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{NamedPattern, PatternView};
use crate::http::json::Sent;
use crate::http::page::List;
use crate::http::path_client::PathClient;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Asked, Limit};
use crate::http::{Door, cursor};

/// The largest batch, in bytes.
const MAX_BATCH_BYTES: usize = 1 << 20;

/// Which part of a client's patterns.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct PatternsQuery {
    /// Of this type alone.
    r#type: Option<String>,
    /// How many items at most: 1-100, 20 without.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// Where to go on: the `next_cursor` of the part before.
    cursor: Option<String>,
}

/// How many were kept.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Kept {
    kept: usize,
}

/// A client's patterns, by type and key.
#[utoipa::path(get, path = "/v2/clients/{client_id}/patterns", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow."), PatternsQuery),
    responses((status = 200, body = List<PatternView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    PathClient(client_id): PathClient,
    Asked(query): Asked<PatternsQuery>,
) -> Result<Json<List<PatternView>>, Problem> {
    let after: Option<(String, String)> = cursor::place(query.cursor.as_ref())?;
    let kind = query.r#type.as_deref();
    let page = door.app.clients().patterns(&client_id, kind, after, query.limit.0).await;
    page.map(|page| Json(List::of(page))).map_err(|error| Problem::of(error, "query"))
}

/// Keep several patterns: all of them, or none.
#[utoipa::path(post, path = "/v2/clients/{client_id}/patterns/batch", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow.")),
    request_body = Vec<NamedPattern>,
    responses(
        (status = 200, body = Kept),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
    ))]
pub(in crate::http) async fn batch(
    State(door): State<Door>,
    PathClient(client_id): PathClient,
    Sent(patterns): Sent<Vec<NamedPattern>, MAX_BATCH_BYTES>,
) -> Result<Json<Kept>, Problem> {
    let kept = door.app.clients().keep_patterns(&client_id, patterns).await;
    kept.map(|kept| Json(Kept { kept })).map_err(|error| Problem::of(error, "body"))
}

/// Forget all of a client's patterns.
#[utoipa::path(delete, path = "/v2/clients/{client_id}/patterns", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow.")),
    responses((status = 204, description = "Gone.")))]
pub(in crate::http) async fn delete(
    State(door): State<Door>,
    PathClient(client_id): PathClient,
) -> Result<StatusCode, Problem> {
    let removed = door.app.clients().remove_patterns(&client_id, None, None).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::of(error, "path"))
}
