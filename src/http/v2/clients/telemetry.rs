//! `/v2/clients/{client_id}/telemetry`: what a device says of itself.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::app::{TelemetryOrder, TelemetryReport};
use crate::http::json::Sent;
use crate::http::page::{List, PageQuery};
use crate::http::path_client::PathClient;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::Asked;
use crate::http::{Door, cursor};

/// Say how the device is. Of each the last 500 reports are kept.
#[utoipa::path(post, path = "/v2/clients/{client_id}/telemetry", tag = "devices",
    params(("client_id" = String, Path, description = "The Sparrow.")),
    request_body = TelemetryOrder,
    responses(
        (status = 204, description = "Kept."),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(door): State<Door>,
    PathClient(client_id): PathClient,
    Sent(order): Sent<TelemetryOrder>,
) -> Result<StatusCode, Problem> {
    let kept = door.app.clients().report(&client_id, order).await;
    kept.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::of(error, "body"))
}

/// What the device said of itself, the newest first.
#[utoipa::path(get, path = "/v2/clients/{client_id}/telemetry", tag = "devices",
    params(("client_id" = String, Path, description = "The Sparrow."), PageQuery),
    responses((status = 200, body = List<TelemetryReport>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    PathClient(client_id): PathClient,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<List<TelemetryReport>>, Problem> {
    let before: Option<i64> = cursor::place(query.cursor.as_ref())?;
    let reports = door.app.clients().reports(&client_id, before, query.limit.0).await;
    reports.map(|page| Json(List::of(page))).map_err(|error| Problem::of(error, "query"))
}
