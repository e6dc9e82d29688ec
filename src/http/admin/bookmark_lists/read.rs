//! `GET /admin/api/bookmark-lists/{id}`: a list with its stories.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use super::admin;
use crate::domain::Principal;
use crate::http::list_with_stories::ListWithStories;
use crate::http::page::PageQuery;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::Asked;
use crate::http::{Door, cursor, path_id};

/// A list with its stories, the last kept first.
#[utoipa::path(get, path = "/admin/api/bookmark-lists/{id}", tag = "admin",
    params(("id" = i64, Path, description = "The list's id."), PageQuery),
    responses(
        (status = 200, body = ListWithStories), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Path(id): Path<String>,
    Extension(principal): Extension<Principal>,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<ListWithStories>, Problem> {
    let before = cursor::place(query.cursor.as_ref())?;
    let id = path_id::id(&id);
    let read = door.app.stories().read_list(admin(&principal), id, before, query.limit.0).await;
    read.map(|read| Json(ListWithStories::of(read))).map_err(|error| Problem::of(error, "path"))
}
