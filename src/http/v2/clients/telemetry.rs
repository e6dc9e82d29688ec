//! `/v2/clients/{client_id}/telemetry`: what a device says of itself.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::app::{TelemetryReport, TelemetryRequest};
use crate::http::json::ValidJson;
use crate::http::page::{List, PageQuery};
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor};

/// Say how the device is. Of each the last 500 reports are kept.
#[utoipa::path(post, path = "/v2/clients/{client_id}/telemetry", tag = "devices",
    params(("client_id" = String, Path, description = "The Sparrow.")),
    request_body = TelemetryRequest,
    responses(
        (status = 204, description = "Kept."),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidJson(order): ValidJson<TelemetryRequest>,
) -> Result<StatusCode, Problem> {
    let kept = state.app.clients().record_telemetry(&client_id, order).await;
    kept.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "body"))
}

/// What the device said of itself, the newest first.
#[utoipa::path(get, path = "/v2/clients/{client_id}/telemetry", tag = "devices",
    params(("client_id" = String, Path, description = "The Sparrow."), PageQuery),
    responses((status = 200, body = List<TelemetryReport>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidQuery(query): ValidQuery<PageQuery>,
) -> Result<Json<List<TelemetryReport>>, Problem> {
    let before: Option<i64> = cursor::parse(query.cursor.as_ref())?;
    let reports = state.app.clients().telemetry_reports(&client_id, before, query.limit.0).await;
    reports
        .map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}
