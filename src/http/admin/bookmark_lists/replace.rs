//! `PUT /admin/api/bookmark-lists/{id}`: another list in the place of one.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use super::admin;
use crate::app::{BookmarkList, ListOrder};
use crate::domain::Principal;
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{Door, path_id};

/// Put a list in the place of another; its owner and its stories stay.
#[utoipa::path(put, path = "/admin/api/bookmark-lists/{id}", tag = "admin",
    params(("id" = i64, Path, description = "The list's id.")), request_body = ListOrder,
    responses(
        (status = 200, body = BookmarkList), (status = 404, body = ProblemBody),
        (status = 409, description = "The client has one of this name.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(door): State<Door>,
    Path(id): Path<String>,
    Extension(principal): Extension<Principal>,
    Sent(edit): Sent<ListOrder>,
) -> Result<Json<BookmarkList>, Problem> {
    let changed =
        door.app.stories().change_list(admin(&principal), path_id::id(&id), edit.into()).await;
    changed.map(Json).map_err(|error| Problem::of(error, "body"))
}
