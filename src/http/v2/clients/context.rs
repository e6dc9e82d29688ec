//! `/v2/clients/{client_id}/context`: what is going on with a client, in a session or in none.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::ContextView;
use crate::http::page::List;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Limit, ValidQuery};
use crate::http::{HttpState, cursor};

/// Which part of a client's context.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ContextQuery {
    /// Of this session alone; empty for what belongs to none.
    session_id: Option<String>,
    /// How many items at most: 1-100, 20 without.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// Where to go on: the `next_cursor` of the part before.
    cursor: Option<String>,
}

/// Of which session.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct SessionQuery {
    /// The session; without, what belongs to none, or where all is meant, all.
    pub(super) session_id: Option<String>,
}

/// What of a client's context holds now, by session and key.
#[utoipa::path(get, path = "/v2/clients/{client_id}/context", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow."), ContextQuery),
    responses((status = 200, body = List<ContextView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidQuery(query): ValidQuery<ContextQuery>,
) -> Result<Json<List<ContextView>>, Problem> {
    let after: Option<(String, String)> = cursor::parse(query.cursor.as_ref())?;
    let session_id = query.session_id.as_deref();
    let page = state.app.clients().context(&client_id, session_id, after, query.limit.0).await;
    page.map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}

/// Forget all of a client's context, or what is of one session.
#[utoipa::path(delete, path = "/v2/clients/{client_id}/context", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow."), SessionQuery),
    responses((status = 204, description = "Gone."), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidQuery(query): ValidQuery<SessionQuery>,
) -> Result<StatusCode, Problem> {
    let removed =
        state.app.clients().remove_context(&client_id, query.session_id.as_deref(), None).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "query"))
}
