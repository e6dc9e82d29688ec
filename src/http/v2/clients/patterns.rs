//! `/v2/clients/{client_id}/patterns`: what a client is like.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{BatchPattern, PatternView};
use crate::http::json::ValidJson;
use crate::http::page::List;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Limit, ValidQuery};
use crate::http::{HttpState, cursor};

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
pub(in crate::http) struct PatternBatchResult {
    kept: usize,
}

/// A client's patterns, by type and key.
#[utoipa::path(get, path = "/v2/clients/{client_id}/patterns", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow."), PatternsQuery),
    responses((status = 200, body = List<PatternView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidQuery(query): ValidQuery<PatternsQuery>,
) -> Result<Json<List<PatternView>>, Problem> {
    let after: Option<(String, String)> = cursor::parse(query.cursor.as_ref())?;
    let kind = query.r#type.as_deref();
    let page = state.app.clients().patterns(&client_id, kind, after, query.limit.0).await;
    page.map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}

/// Keep several patterns: all of them, or none.
#[utoipa::path(post, path = "/v2/clients/{client_id}/patterns/batch", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow.")),
    request_body = Vec<BatchPattern>,
    responses(
        (status = 200, body = PatternBatchResult),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
    ))]
pub(in crate::http) async fn batch(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidJson(patterns): ValidJson<Vec<BatchPattern>, MAX_BATCH_BYTES>,
) -> Result<Json<PatternBatchResult>, Problem> {
    let kept = state.app.clients().upsert_patterns(&client_id, patterns).await;
    kept.map(|kept| Json(PatternBatchResult { kept }))
        .map_err(|error| Problem::from_error(error, "body"))
}

/// Forget all of a client's patterns.
#[utoipa::path(delete, path = "/v2/clients/{client_id}/patterns", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow.")),
    responses((status = 204, description = "Gone.")))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
) -> Result<StatusCode, Problem> {
    let removed = state.app.clients().remove_patterns(&client_id, None, None).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
