//! `GET /admin/api/bookmark-lists`: lists the bookmark lists of every client.

use axum::Json;
use axum::extract::State;

use crate::app::BookmarkList;
use crate::http::page::{List, SearchPageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor};

/// List bookmark lists
///
/// The lists of every client, the newest first.
#[utoipa::path(get, path = "/admin/api/bookmark-lists", tag = "admin", params(SearchPageQuery),
    responses((status = 200, body = List<BookmarkList>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    ValidQuery(query): ValidQuery<SearchPageQuery>,
) -> Result<Json<List<BookmarkList>>, Problem> {
    let before = cursor::parse(query.cursor.as_ref())?;
    let lists = state.app.stories().all_lists(&query.q.0, before, query.limit.0).await;
    lists
        .map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}
