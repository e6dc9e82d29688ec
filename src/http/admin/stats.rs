//! `GET /admin/api/stats`: how much there is.

use axum::Json;
use axum::extract::State;

use crate::app::Stats;
use crate::http::Door;
use crate::http::problem::Problem;

/// How much there is.
#[utoipa::path(get, path = "/admin/api/stats", tag = "admin", responses((status = 200, body = Stats)))]
pub(in crate::http) async fn get(State(door): State<Door>) -> Result<Json<Stats>, Problem> {
    door.app.ops().stats().await.map(Json).map_err(|error| Problem::of(error, "query"))
}
