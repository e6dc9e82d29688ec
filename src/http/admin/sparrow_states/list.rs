//! `GET /admin/api/sparrow-states`.

use axum::Json;
use axum::extract::State;

use crate::app::SparrowState;
use crate::http::page::{List, SearchQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::Asked;
use crate::http::{Door, cursor};

/// Sparrows by name, each with what it last said of itself.
#[utoipa::path(get, path = "/admin/api/sparrow-states", tag = "admin", params(SearchQuery),
    responses((status = 200, body = List<SparrowState>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Asked(query): Asked<SearchQuery>,
) -> Result<Json<List<SparrowState>>, Problem> {
    let after: Option<String> = cursor::place(query.cursor.as_ref())?;
    let states =
        door.app.clients().sparrow_states(&query.q.0, after.as_deref(), query.limit.0).await;
    states.map(|page| Json(List::of(page))).map_err(|error| Problem::of(error, "query"))
}
