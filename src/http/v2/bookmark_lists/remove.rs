//! `DELETE /v2/bookmark-lists/{id}`: remove a list and its entries.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::{ClientActor, RequiredClientQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, path_id};

/// Remove a bookmark list
///
/// Removes the list and its comments. The stories stay.
#[utoipa::path(delete, path = "/v2/bookmark-lists/{id}", tag = "bookmark lists",
    params(
        ("id" = i64, Path, description = "The list's id: `id` in the response of `POST /v2/bookmark-lists`.",
            example = 1),
        RequiredClientQuery,
    ),
    responses(
        (status = 204, description = "The list is removed."),
        (status = 403, description = "The list is public but belongs to another client.", body = ProblemBody),
        (status = 404, body = ProblemBody,
            description = "No list has this id, or it belongs to another client and is not public."),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    actor: ClientActor,
) -> Result<StatusCode, Problem> {
    let removed = state.app.stories().remove_list(actor.as_actor(), path_id::parse(&id)).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
