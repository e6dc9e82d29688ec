//! `POST /v2/bookmark-lists`: create a list.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{AppendHeaders, IntoResponse};

use super::{ClientActor, RequiredClientQuery};
use crate::app::{BookmarkList, BookmarkListRequest};
use crate::http::HttpState;
use crate::http::bookmark_list::MAX_LIST_BODY;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};

/// Create a bookmark list
///
/// Creates an empty list of stories. A client has at most 1,000 lists, each with at most 10,000 stories. Add stories
/// with `PUT /v2/bookmark-lists/{id}/stories/{story_id}`.
#[utoipa::path(post, path = "/v2/bookmark-lists", tag = "bookmark lists", params(RequiredClientQuery),
    request_body(content = BookmarkListRequest,
        example = json!({"name": "Bedtime", "description": "Quiet stories", "is_public": false})),
    responses(
        (status = 201, description = "The new list; `Location` holds its address.", body = BookmarkList),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 409, description = "The client already has a list of this name, or 1,000 lists.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    actor: ClientActor,
    ValidJson(order): ValidJson<BookmarkListRequest, MAX_LIST_BODY>,
) -> Result<impl IntoResponse, Problem> {
    let list = state.app.stories().create_list(actor.as_actor(), &actor.client_id, order).await;
    let list = list.map_err(|error| Problem::from_error(error, "body"))?;
    let location = format!("/v2/bookmark-lists/{}", list.id);
    Ok((StatusCode::CREATED, AppendHeaders([(LOCATION, location)]), Json(list)))
}
