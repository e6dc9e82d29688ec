//! `GET /v1/bookmarks/frame`: a client's bookmarks of frames.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::FrameBookmarkView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;
use crate::http::v1::query::V1Query;

/// A client's bookmarks of frames.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct BookmarksResponse {
    /// The bookmarks, the newest first; at most the latest 1,000.
    bookmarks: Vec<FrameBookmarkView>,
    /// The request's id, as in the header `X-Request-Id`.
    request_id: String,
    /// When the response was made, in UTC: `2026-11-23 07:04:17.382226`.
    #[schema(example = "2026-11-23 07:04:17.382226")]
    generation_date: String,
}

/// List a client's bookmarks
///
/// Lists the frames that the client bookmarked, the newest bookmark first.
#[utoipa::path(get, path = "/v1/bookmarks/frame", tag = "v1",
    params(
        ("client_id" = String, Query, example = "kitchen",
            description = "The client whose bookmarks to list: 1-255 printable characters."),
        ("story_id" = Option<String>, Query,
            description = "Only bookmarks in the story with this id: `story_id` in the response of `POST /v1/frames`. All \
                           by default."),
    ),
    responses(
        (status = 200, description = "The bookmarks; the list is empty if there are none.", body = BookmarksResponse),
        (status = 404, description = "No story has the id `story_id`.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    query: V1Query,
) -> Result<Json<BookmarksResponse>, Problem> {
    let bookmarks =
        state.app.stories().list_frame_bookmarks(&query.client_id, query.story_id.as_deref()).await;
    let bookmarks = bookmarks.map_err(|error| Problem::from_error(error, "query"))?;
    let generation_date = state.app.stories().generation_date();
    Ok(Json(BookmarksResponse { bookmarks, request_id, generation_date }))
}
