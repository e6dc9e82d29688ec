//! `DELETE /v2/bookmark-lists/{id}`: a list with what it holds; the stories stay.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::{ClientActor, RequiredClientQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, path_id};

/// Remove a list; its stories stay.
#[utoipa::path(delete, path = "/v2/bookmark-lists/{id}", tag = "bookmark lists",
    params(("id" = i64, Path, description = "The list's id."), RequiredClientQuery),
    responses(
        (status = 204, description = "Removed."),
        (status = 403, description = "Another client's public list.", body = ProblemBody),
        (status = 404, description = "No such list, or another's.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    actor: ClientActor,
) -> Result<StatusCode, Problem> {
    let removed = state.app.stories().remove_list(actor.as_actor(), path_id::parse(&id)).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
