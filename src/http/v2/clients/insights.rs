//! `/v2/clients/{client_id}/insights`: what was noticed about a client.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::{ByImportance, Insight, InsightOrder};
use crate::http::json::Sent;
use crate::http::page::List;
use crate::http::path_client::PathClient;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Asked, Limit};
use crate::http::{Door, cursor};

/// The largest body, in bytes.
const MAX: usize = 80 << 10;

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
    request_body = InsightOrder,
    responses(
        (status = 201, description = "Added.", body = Insight),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(door): State<Door>,
    PathClient(client_id): PathClient,
    Sent(order): Sent<InsightOrder, MAX>,
) -> Result<(StatusCode, Json<Insight>), Problem> {
    let added = door.app.clients().add_insight(&client_id, order).await;
    let view = added.map_err(|error| Problem::of(error, "body"))?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// A client's insights, the most important first, then the newest.
#[utoipa::path(get, path = "/v2/clients/{client_id}/insights", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow."), InsightsQuery),
    responses((status = 200, body = List<Insight>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    PathClient(client_id): PathClient,
    Asked(query): Asked<InsightsQuery>,
) -> Result<Json<List<Insight>>, Problem> {
    let after: Option<ByImportance> = cursor::place(query.cursor.as_ref())?;
    let (kind, least) = (query.r#type.as_deref(), query.min_importance);
    let page = door.app.clients().insights(&client_id, kind, least, after, query.limit.0).await;
    page.map(|page| Json(List::of(page))).map_err(|error| Problem::of(error, "query"))
}

/// Forget a client's insights, or those of one type.
#[utoipa::path(delete, path = "/v2/clients/{client_id}/insights", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow."), TypeQuery),
    responses((status = 204, description = "Gone."), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(door): State<Door>,
    PathClient(client_id): PathClient,
    Asked(query): Asked<TypeQuery>,
) -> Result<StatusCode, Problem> {
    let removed = door.app.clients().remove_insights(&client_id, query.r#type.as_deref()).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::of(error, "query"))
}
