//! `GET /v1/bookmarks/frame/story/{id}/frame/{n}`: the bookmark of one frame.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::FrameBookmarkView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::query::V1Query;

/// Read the bookmark of a frame
#[utoipa::path(get, path = "/v1/bookmarks/frame/story/{id}/frame/{n}", tag = "v1",
    params(
        ("id" = String, Path, description = "The story's id: `story_id` in `GET /v1/bookmarks/frame`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        ("n" = i32, Path, minimum = 0, example = 0,
            description = "The frame's number in its story, from 0: `frame_number` in `GET /v1/bookmarks/frame`."),
        ("client_id" = String, Query, example = "kitchen",
            description = "The client that bookmarked the frame: 1-255 printable characters."),
    ),
    responses(
        (status = 200, description = "The bookmark.", body = FrameBookmarkView),
        (status = 404, description = "The client has not bookmarked this frame.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path((story_id, number)): Path<(String, String)>,
    query: V1Query,
) -> Result<Json<FrameBookmarkView>, Problem> {
    // No frame has the number -1, so a malformed number is reported as "not found".
    let number = number.parse().unwrap_or(-1);
    let bookmark = state.app.stories().frame_bookmark(&query.client_id, &story_id, number).await;
    bookmark.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
