//! `/v2/clients/{client_id}/patterns`: what a client likes and does.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{ArrayBuilder, Ref, RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::app::{BatchPattern, PatternView};
use crate::http::json::ValidJson;
use crate::http::page::List;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Limit, ValidQuery};
use crate::http::{HttpState, cursor};

/// The largest batch, in bytes.
const MAX_BATCH_BYTES: usize = 1 << 20;

/// Which page of a client's patterns.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct PatternsQuery {
    /// Only patterns of this type: 1-128 printable characters; of all types by default.
    r#type: Option<String>,
    /// The most items on a page, 1-100; 20 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// The `next_cursor` of the previous page; the first page by default.
    cursor: Option<String>,
}

/// 1-200 patterns. It describes the body, which is read as a list.
enum PatternBatch {}

impl PartialSchema for PatternBatch {
    fn schema() -> RefOr<Schema> {
        let items = Ref::from_schema_name(BatchPattern::name());
        ArrayBuilder::new().items(items).min_items(Some(1)).max_items(Some(200)).into()
    }
}

impl ToSchema for PatternBatch {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((BatchPattern::name().into_owned(), BatchPattern::schema()));
        BatchPattern::schemas(schemas);
    }
}

/// The result of a batch.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PatternBatchResult {
    /// How many patterns were stored.
    kept: usize,
}

/// List a client's patterns
///
/// Lists the patterns, learned and set, by type and key.
#[utoipa::path(get, path = "/v2/clients/{client_id}/patterns", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        PatternsQuery,
    ),
    responses(
        (status = 200, description = "One page of the patterns.", body = List<PatternView>),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
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

/// Set several patterns
///
/// Stores 1-200 patterns, all or none. Each replaces the pattern with the same type and key.
#[utoipa::path(post, path = "/v2/clients/{client_id}/patterns/batch", tag = "memory",
    params(("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen")),
    request_body(content = PatternBatch, description = "1-200 patterns, at most 1 MiB.",
        example = json!([{"type": "likes", "key": "boats", "value": true, "confidence": 0.9}])),
    responses(
        (status = 200, description = "How many patterns were stored.", body = PatternBatchResult),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
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

/// Delete a client's patterns
#[utoipa::path(delete, path = "/v2/clients/{client_id}/patterns", tag = "memory",
    params(("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen")),
    responses(
        (status = 204, description = "All patterns are deleted, also if there were none."),
        (status = 422, description = "`client_id` is invalid.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
) -> Result<StatusCode, Problem> {
    let removed = state.app.clients().delete_patterns(&client_id, None, None).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
