//! `GET /v2/bookmark-lists/public`: the public lists of all clients.

use axum::Json;
use axum::extract::State;

use crate::app::BookmarkList;
use crate::http::page::{List, PageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor};

/// List public bookmark lists
///
/// Lists the public lists of all clients, the newest first.
#[utoipa::path(get, path = "/v2/bookmark-lists/public", tag = "bookmark lists", params(PageQuery),
    responses(
        (status = 200, description = "One page of the lists.", body = List<BookmarkList>),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    ValidQuery(query): ValidQuery<PageQuery>,
) -> Result<Json<List<BookmarkList>>, Problem> {
    let before = cursor::parse(query.cursor.as_ref())?;
    let lists = state.app.stories().public_lists(before, query.limit.0).await;
    lists
        .map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}
