//! `PATCH /v2/bookmark-lists/{id}`: another name, description or readership.

use axum::Json;
use axum::extract::{Path, State};

use super::{ClientActor, RequiredClientQuery};
use crate::app::{BookmarkList, BookmarkListPatch};
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, path_id};

/// Change a list.
#[utoipa::path(patch, path = "/v2/bookmark-lists/{id}", tag = "bookmark lists",
    params(("id" = i64, Path, description = "The list's id."), RequiredClientQuery), request_body = BookmarkListPatch,
    responses(
        (status = 200, body = BookmarkList),
        (status = 403, description = "Another client's public list.", body = ProblemBody),
        (status = 404, description = "No such list, or another's.", body = ProblemBody),
        (status = 409, description = "The client has one of this name.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    actor: ClientActor,
    ValidJson(edit): ValidJson<BookmarkListPatch>,
) -> Result<Json<BookmarkList>, Problem> {
    let changed =
        state.app.stories().update_list(actor.as_actor(), path_id::parse(&id), edit).await;
    changed.map(Json).map_err(|error| Problem::from_error(error, "body"))
}
