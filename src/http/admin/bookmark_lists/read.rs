//! `GET /admin/api/bookmark-lists/{id}`: returns a bookmark list with its stories.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use crate::domain::Principal;
use crate::http::admin::acting_admin::admin_actor;
use crate::http::bookmark_list::BookmarkListWithStories;
use crate::http::page::PageQuery;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor, path_id};

/// Get a bookmark list
///
/// The list comes with a page of its stories, the most recently added first.
#[utoipa::path(get, path = "/admin/api/bookmark-lists/{id}", tag = "admin",
    params(("id" = i64, Path, example = 1,
            description = "Id of the list: `id` in `GET /admin/api/bookmark-lists`."),
        PageQuery),
    responses(
        (status = 200, body = BookmarkListWithStories), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(principal): Extension<Principal>,
    ValidQuery(query): ValidQuery<PageQuery>,
) -> Result<Json<BookmarkListWithStories>, Problem> {
    let before = cursor::parse(query.cursor.as_ref())?;
    let id = path_id::parse(&id);
    let read =
        state.app.stories().read_list(admin_actor(&principal), id, before, query.limit.0).await;
    read.map(|read| Json(BookmarkListWithStories::from_page(read)))
        .map_err(|error| Problem::from_error(error, "path"))
}
