//! `PATCH /v2/bookmark-lists/{id}`: another name, description or readership.

use axum::Json;
use axum::extract::{Path, State};

use super::{Acting, ClientQuery};
use crate::app::{BookmarkList, ListEdit};
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{Door, path_id};

/// Change a list.
#[utoipa::path(patch, path = "/v2/bookmark-lists/{id}", tag = "bookmark lists",
    params(("id" = i64, Path, description = "The list's id."), ClientQuery), request_body = ListEdit,
    responses(
        (status = 200, body = BookmarkList),
        (status = 403, description = "Another client's public list.", body = ProblemBody),
        (status = 404, description = "No such list, or another's.", body = ProblemBody),
        (status = 409, description = "The client has one of this name.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(door): State<Door>,
    Path(id): Path<String>,
    acting: Acting,
    Sent(edit): Sent<ListEdit>,
) -> Result<Json<BookmarkList>, Problem> {
    let changed = door.app.stories().change_list(acting.actor(), path_id::id(&id), edit).await;
    changed.map(Json).map_err(|error| Problem::of(error, "body"))
}
