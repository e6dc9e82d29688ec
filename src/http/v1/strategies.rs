//! `GET /v1/config/strategy/`: the strategies that a client may choose from.

use axum::Json;
use axum::extract::{RawQuery, State};

use super::fields;
use crate::app::{AppError, StrategyView};
use crate::domain::ClientId;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};

/// List the strategies
///
/// Send a strategy's `slug` as `strategy` with a frame. `is_default_for_client` marks the one that is used otherwise.
#[utoipa::path(get, path = "/v1/config/strategy", tag = "v1",
    params(
        ("client_id" = Option<String>, Query, example = "kitchen",
            description = "The client whose default to mark: 1-255 printable characters. The installation's default if \
                           omitted or empty."),
    ),
    responses(
        (status = 200, description = "Every strategy.", body = Vec<StrategyView>),
        (status = 422, description = "`client_id` is invalid.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<StrategyView>>, Problem> {
    let mut fields = fields::from_query(&query.unwrap_or_default());
    let client_id = fields.remove("client_id").and_then(|name| name.as_str().map(str::to_owned));
    let client_id = client_id.filter(|name| !name.is_empty()).map(|name| ClientId::new(&name));
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
