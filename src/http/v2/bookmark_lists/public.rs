//! `GET /v2/bookmark-lists/public`: the lists that all may read.

use axum::Json;
use axum::extract::State;

use crate::app::BookmarkList;
use crate::http::page::{List, PageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::Asked;
use crate::http::{Door, cursor};

/// Everyone's public lists, the newest first.
#[utoipa::path(get, path = "/v2/bookmark-lists/public", tag = "bookmark lists", params(PageQuery),
    responses((status = 200, body = List<BookmarkList>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<List<BookmarkList>>, Problem> {
    let before = cursor::place(query.cursor.as_ref())?;
    let lists = door.app.stories().public_lists(before, query.limit.0).await;
    lists.map(|page| Json(List::of(page))).map_err(|error| Problem::of(error, "query"))
}
