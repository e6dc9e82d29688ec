//! `GET /v1/config/strategy/`: the strategies to choose from.

use axum::Json;
use axum::extract::{RawQuery, State};

use super::fields;
use crate::app::{AppError, StrategyView};
use crate::domain::ClientId;
use crate::http::HttpState;
use crate::http::problem::Problem;

/// The strategies, the default first.
#[utoipa::path(get, path = "/v1/config/strategy", tag = "v1",
    params(("client_id" = Option<String>, Query, description = "May be empty.")),
    responses((status = 200, body = Vec<StrategyView>)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<StrategyView>>, Problem> {
    let mut fields = fields::from_query(&query.unwrap_or_default());
    let named = fields.remove("client_id").and_then(|name| name.as_str().map(str::to_owned));
    let client_id = named.filter(|name| !name.is_empty()).map(|name| ClientId::new(&name));
    let client_id = client_id.transpose().map_err(|error| {
        Problem::from_error(AppError::invalid("client_id", error.to_string()), "query")
    })?;
    state
        .app
        .config()
        .strategies(client_id.as_ref())
        .await
        .map(Json)
        .map_err(|error| Problem::from_error(error, "query"))
}
