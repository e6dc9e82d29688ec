//! `/v2/clients/{client_id}/telemetry`: a device's reports about itself.

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

/// Report telemetry
///
/// Stores a report of the device about itself. Every field is optional. The latest 500 reports of each device are kept.
#[utoipa::path(post, path = "/v2/clients/{client_id}/telemetry", tag = "devices",
    params(("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen")),
    request_body(content = TelemetryRequest, description = "At most 16 KiB.", example = json!({
        "battery_mv": 3912, "battery_percent": 78.0, "rssi_dbm": -61, "free_heap_bytes": 143_360,
        "firmware": "1.0", "wake_reason": "timer", "extra": {"boots": 12}
    })),
    responses(
        (status = 204, description = "The report is stored."),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidJson(order): ValidJson<TelemetryRequest>,
) -> Result<StatusCode, Problem> {
    let recorded = state.app.clients().record_telemetry(&client_id, order).await;
    recorded.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "body"))
}

/// List telemetry reports
///
/// Lists the device's latest 500 reports, the newest first.
#[utoipa::path(get, path = "/v2/clients/{client_id}/telemetry", tag = "devices",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        PageQuery,
    ),
    responses(
        (status = 200, description = "One page of the reports.", body = List<TelemetryReport>),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
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
