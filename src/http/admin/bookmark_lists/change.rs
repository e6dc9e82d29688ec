//! `PATCH /admin/api/bookmark-lists/{id}`: another name, description or readership.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use super::admin;
use crate::app::{BookmarkList, ListEdit};
use crate::domain::Principal;
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{Door, path_id};

/// Change a list.
#[utoipa::path(patch, path = "/admin/api/bookmark-lists/{id}", tag = "admin",
    params(("id" = i64, Path, description = "The list's id.")), request_body = ListEdit,
    responses(
        (status = 200, body = BookmarkList), (status = 404, body = ProblemBody),
        (status = 409, description = "The client has one of this name.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(door): State<Door>,
    Path(id): Path<String>,
    Extension(principal): Extension<Principal>,
    Sent(edit): Sent<ListEdit>,
) -> Result<Json<BookmarkList>, Problem> {
    let changed = door.app.stories().change_list(admin(&principal), path_id::id(&id), edit).await;
    changed.map(Json).map_err(|error| Problem::of(error, "body"))
}
