//! `/v2/clients/{client_id}/insights`: what was noticed about a client.

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

/// Which of a client's insights.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct InsightsQuery {
    /// Of this type alone.
    r#type: Option<String>,
    /// At least this important: 0-1, 0 without.
    #[serde(default)]
    #[param(value_type = Option<f64>, minimum = 0, maximum = 1)]
    min_importance: f64,
    /// How many items at most: 1-100, 20 without.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// Where to go on: the `next_cursor` of the part before.
    cursor: Option<String>,
}

/// Of which type.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct TypeQuery {
    /// Of this type alone.
    r#type: Option<String>,
}

/// Add an insight.
#[utoipa::path(post, path = "/v2/clients/{client_id}/insights", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow.")),
    request_body = InsightRequest,
    responses(
        (status = 201, description = "Added.", body = Insight),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidJson(order): ValidJson<InsightRequest, MAX_BODY>,
) -> Result<(StatusCode, Json<Insight>), Problem> {
    let added = state.app.clients().add_insight(&client_id, order).await;
    let view = added.map_err(|error| Problem::from_error(error, "body"))?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// A client's insights, the most important first, then the newest.
#[utoipa::path(get, path = "/v2/clients/{client_id}/insights", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow."), InsightsQuery),
    responses((status = 200, body = List<Insight>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidQuery(query): ValidQuery<InsightsQuery>,
) -> Result<Json<List<Insight>>, Problem> {
    let after: Option<InsightCursor> = cursor::parse(query.cursor.as_ref())?;
    let (kind, least) = (query.r#type.as_deref(), query.min_importance);
    let page = state.app.clients().insights(&client_id, kind, least, after, query.limit.0).await;
    page.map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}

/// Forget a client's insights, or those of one type.
#[utoipa::path(delete, path = "/v2/clients/{client_id}/insights", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow."), TypeQuery),
    responses((status = 204, description = "Gone."), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidQuery(query): ValidQuery<TypeQuery>,
) -> Result<StatusCode, Problem> {
    let removed = state.app.clients().remove_insights(&client_id, query.r#type.as_deref()).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "query"))
}
