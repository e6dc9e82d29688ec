//! `GET /admin/api/stats`: counts what the installation holds.

use axum::Json;
use axum::extract::State;

use crate::app::InstallationStats;
use crate::http::HttpState;
use crate::http::problem::Problem;

/// Get statistics
///
/// Counts of what the installation holds.
#[utoipa::path(get, path = "/admin/api/stats", tag = "admin", responses((status = 200, body = InstallationStats)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
) -> Result<Json<InstallationStats>, Problem> {
    state.app.ops().stats().await.map(Json).map_err(|error| Problem::from_error(error, "query"))
}
