//! `GET /v1/story/slug/{slug}`: a story by its name in links.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use super::client::ClientQuery;
use crate::app::{Reading, StoryResponse};
use crate::http::Door;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;

/// A story, by its slug.
#[utoipa::path(get, path = "/v1/story/slug/{slug}", tag = "v1",
    params(("slug" = String, Path), ("client_id" = String, Query), ("debug" = Option<bool>, Query)),
    responses((status = 200, body = StoryResponse), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Path(slug): Path<String>,
    query: ClientQuery,
) -> Result<Json<StoryResponse>, Problem> {
    let reading = Reading { request_id, debug: query.debug };
    let read = door.app.stories().read_story_by_slug(&query.client_id, &slug, reading);
    read.await.map(Json).map_err(|error| Problem::of(error, "path"))
}
