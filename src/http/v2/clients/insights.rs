//! `/v2/clients/{client_id}/insights`: conclusions about a client.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::{Insight, InsightCursor, InsightRequest};
use crate::http::json::ValidJson;
use crate::http::page::List;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Limit, ValidQuery};
use crate::http::{HttpState, cursor};

/// The largest body, in bytes.
const MAX_BODY: usize = 80 << 10;

/// Which insights to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct InsightsQuery {
    /// Only insights of this type: 1-128 printable characters; of all types by default.
    r#type: Option<String>,
    /// Only insights of at least this importance, 0-1; 0 by default.
    #[serde(default)]
    #[param(value_type = Option<f64>, minimum = 0, maximum = 1)]
    min_importance: f64,
    /// The most items on a page, 1-100; 20 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// The `next_cursor` of the previous page; the first page by default.
    cursor: Option<String>,
}

/// Which insights to delete.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct TypeQuery {
    /// Only insights of this type: 1-128 printable characters; of all types by default.
    #[param(min_length = 1, max_length = 128, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    r#type: Option<String>,
}

/// Add an insight
///
/// Stores a conclusion about the client. Storytellers use the most important ones.
#[utoipa::path(post, path = "/v2/clients/{client_id}/insights", tag = "memory",
    params(("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen")),
    request_body(content = InsightRequest, description = "At most 80 KiB.",
        example = json!({"type": "preference", "data": "Asks for boats whenever it rains.", "importance": 0.8})),
    responses(
        (status = 201, description = "The insight is stored.", body = Insight),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidJson(order): ValidJson<InsightRequest, MAX_BODY>,
) -> Result<(StatusCode, Json<Insight>), Problem> {
    let added = state.app.clients().insert_insight(&client_id, order).await;
    let view = added.map_err(|error| Problem::from_error(error, "body"))?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// List a client's insights
///
/// Lists the most important insights first, and among equals the newest.
#[utoipa::path(get, path = "/v2/clients/{client_id}/insights", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        InsightsQuery,
    ),
    responses(
        (status = 200, description = "One page of the insights.", body = List<Insight>),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidQuery(query): ValidQuery<InsightsQuery>,
) -> Result<Json<List<Insight>>, Problem> {
    let after: Option<InsightCursor> = cursor::parse(query.cursor.as_ref())?;
    let (kind, min) = (query.r#type.as_deref(), query.min_importance);
    let page = state.app.clients().insights(&client_id, kind, min, after, query.limit.0).await;
    page.map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}

/// Delete a client's insights
///
/// Deletes all insights, or those of one type.
#[utoipa::path(delete, path = "/v2/clients/{client_id}/insights", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        TypeQuery,
    ),
    responses(
        (status = 204, description = "The insights are deleted, also if there were none."),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidQuery(query): ValidQuery<TypeQuery>,
) -> Result<StatusCode, Problem> {
    let removed = state.app.clients().delete_insights(&client_id, query.r#type.as_deref()).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "query"))
}
