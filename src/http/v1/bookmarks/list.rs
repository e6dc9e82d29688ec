//! `GET /v1/bookmarks/frame`: the frames that a client keeps.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::FrameBookmarkView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;
use crate::http::v1::query::V1Query;

/// The frames that a client keeps, the newest bookmark first.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct BookmarksResponse {
    /// The bookmarks.
    bookmarks: Vec<FrameBookmarkView>,
    /// The request that this answers.
    request_id: String,
    /// When it was answered: UTC, with a space and microseconds.
    generation_date: String,
}

/// The frames that the client keeps, of one story or of all.
#[utoipa::path(get, path = "/v1/bookmarks/frame", tag = "v1",
    params(("client_id" = String, Query), ("story_id" = Option<String>, Query)),
    responses(
        (status = 200, body = BookmarksResponse),
        (status = 404, description = "No such story.", body = ProblemBody),
        (status = 422, body = ProblemBody),
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
