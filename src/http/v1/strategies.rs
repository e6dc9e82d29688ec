//! `GET /v1/config/strategy/`: the strategies to choose from.

use axum::Json;
use axum::extract::State;

use crate::app::StrategyView;
use crate::http::Door;
use crate::http::problem::Problem;

/// The strategies, the default first.
#[utoipa::path(get, path = "/v1/config/strategy", tag = "v1",
    params(("client_id" = Option<String>, Query, description = "May be empty.")),
    responses((status = 200, body = Vec<StrategyView>)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
) -> Result<Json<Vec<StrategyView>>, Problem> {
    door.app.strategies().await.map(Json).map_err(|error| Problem::of(error, "query"))
}
