//! Whether the process lives, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::Door;
use crate::app::{Health, Readiness};

/// The process answers.
#[utoipa::path(get, path = "/livez", tag = "operations", responses((status = 200, body = str)))]
pub(super) async fn livez() -> &'static str {
    "ok"
}

/// How every part is.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses(
    (status = 200, body = Readiness), (status = 503, description = "The database is down.", body = Readiness),
))]
pub(super) async fn readyz(State(door): State<Door>) -> (StatusCode, Json<Readiness>) {
    let readiness = door.app.ops().readiness().await;
    let status = match readiness.status {
        Health::Ok | Health::Degraded => StatusCode::OK,
        Health::Down => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(readiness))
}
