//! `GET /v1/bookmarks/frame/story/{id}/frame/{n}`: the bookmark of one frame.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::FrameBookmarkView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::query::V1Query;

/// The client's bookmark of a frame.
#[utoipa::path(get, path = "/v1/bookmarks/frame/story/{id}/frame/{n}", tag = "v1",
    params(
        ("id" = String, Path, description = "The story's id."),
        ("n" = i32, Path, description = "The frame's number, from 0."),
        ("client_id" = String, Query),
    ),
    responses(
        (status = 200, body = FrameBookmarkView),
        (status = 404, description = "The client keeps no such frame.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path((story_id, number)): Path<(String, String)>,
    query: V1Query,
) -> Result<Json<FrameBookmarkView>, Problem> {
    // What is no number is no frame's.
    let number = number.parse().unwrap_or(-1);
    let kept = state.app.stories().frame_bookmark(&query.client_id, &story_id, number).await;
    kept.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
