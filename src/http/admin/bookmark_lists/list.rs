//! `GET /admin/api/bookmark-lists`: everyone's lists.

use axum::Json;
use axum::extract::State;

use crate::app::BookmarkList;
use crate::http::page::{List, SearchQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::Asked;
use crate::http::{Door, cursor};

/// Everyone's lists, the newest first.
#[utoipa::path(get, path = "/admin/api/bookmark-lists", tag = "admin", params(SearchQuery),
    responses((status = 200, body = List<BookmarkList>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Asked(query): Asked<SearchQuery>,
) -> Result<Json<List<BookmarkList>>, Problem> {
    let before = cursor::place(query.cursor.as_ref())?;
    let lists = door.app.stories().all_lists(&query.q.0, before, query.limit.0).await;
    lists.map(|page| Json(List::of(page))).map_err(|error| Problem::of(error, "query"))
}
