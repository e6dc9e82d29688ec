//! `GET /livez` and `GET /readyz`: whether the process runs, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::HttpState;
use crate::app::{HealthStatus, Readiness};

/// Check that the process runs
#[utoipa::path(get, path = "/livez", tag = "operations", responses((status = 200, body = str)))]
pub(super) async fn livez() -> &'static str {
    "ok"
}

/// Check that the service is ready
///
/// Reports the state of each part. The status is 503 only if the database is down.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses(
    (status = 200, body = Readiness), (status = 503, description = "The database is down.", body = Readiness),
))]
pub(super) async fn readyz(State(state): State<HttpState>) -> (StatusCode, Json<Readiness>) {
    let readiness = state.app.ops().readiness().await;
    let status = match readiness.status {
        HealthStatus::Ok | HealthStatus::Degraded => StatusCode::OK,
        HealthStatus::Down => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(readiness))
}
