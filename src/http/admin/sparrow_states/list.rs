//! `GET /admin/api/sparrow-states`: lists the states of the Sparrows.

use axum::Json;
use axum::extract::State;

use crate::app::SparrowState;
use crate::http::page::{List, SearchPageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor};

/// List Sparrow states
///
/// Every Sparrow with its last telemetry, sorted by client id.
#[utoipa::path(get, path = "/admin/api/sparrow-states", tag = "admin", params(SearchPageQuery),
    responses((status = 200, body = List<SparrowState>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    ValidQuery(query): ValidQuery<SearchPageQuery>,
) -> Result<Json<List<SparrowState>>, Problem> {
    let after: Option<String> = cursor::parse(query.cursor.as_ref())?;
    let states =
        state.app.clients().sparrow_states(&query.q.0, after.as_deref(), query.limit.0).await;
    states
        .map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}
