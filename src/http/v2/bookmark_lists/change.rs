//! `PATCH /v2/bookmark-lists/{id}`: change a list's name, description or visibility.

use axum::Json;
use axum::extract::{Path, State};

use super::{ClientActor, RequiredClientQuery};
use crate::app::{BookmarkList, BookmarkListPatch};
use crate::http::bookmark_list::MAX_LIST_BODY;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, path_id};

/// Change a bookmark list
///
/// Omitted fields stay as they are.
#[utoipa::path(patch, path = "/v2/bookmark-lists/{id}", tag = "bookmark lists",
    params(
        ("id" = i64, Path, description = "The list's id: `id` in the response of `POST /v2/bookmark-lists`.",
            example = 1),
        RequiredClientQuery,
    ),
    request_body(content = BookmarkListPatch, example = json!({"is_public": true})),
    responses(
        (status = 200, description = "The changed list.", body = BookmarkList),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 403, description = "The list is public but belongs to another client.", body = ProblemBody),
        (status = 404, body = ProblemBody,
            description = "No list has this id, or it belongs to another client and is not public."),
        (status = 409, description = "The client already has a list of this name.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    actor: ClientActor,
    ValidJson(patch): ValidJson<BookmarkListPatch, MAX_LIST_BODY>,
) -> Result<Json<BookmarkList>, Problem> {
    let list = state.app.stories().update_list(actor.as_actor(), path_id::parse(&id), patch).await;
    list.map(Json).map_err(|error| Problem::from_error(error, "body"))
}
