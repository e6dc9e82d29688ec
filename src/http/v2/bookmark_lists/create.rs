//! `POST /v2/bookmark-lists`: a new list.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{AppendHeaders, IntoResponse};

use super::{ClientActor, RequiredClientQuery};
use crate::app::{BookmarkList, BookmarkListRequest};
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};

/// Make a list.
#[utoipa::path(post, path = "/v2/bookmark-lists", tag = "bookmark lists", params(RequiredClientQuery),
    request_body = BookmarkListRequest,
    responses(
        (status = 201, description = "Made; `Location` says where it is.", body = BookmarkList),
        (status = 409, description = "The client has one of this name, or too many.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    actor: ClientActor,
    ValidJson(order): ValidJson<BookmarkListRequest>,
) -> Result<impl IntoResponse, Problem> {
    let made = state.app.stories().create_list(actor.as_actor(), &actor.client_id, order).await;
    let made = made.map_err(|error| Problem::from_error(error, "body"))?;
    let location = format!("/v2/bookmark-lists/{}", made.id);
    Ok((StatusCode::CREATED, AppendHeaders([(LOCATION, location)]), Json(made)))
}
