//! `GET /v1/story/`: a story with all its frames.

use axum::extract::State;
use axum::{Extension, Json};

use super::client::ClientQuery;
use crate::app::{Reading, StoryResponse};
use crate::http::Door;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;

/// A story, by its id, or the client's current one.
#[utoipa::path(get, path = "/v1/story", tag = "v1",
    params(("client_id" = String, Query), ("story_id" = Option<String>, Query), ("debug" = Option<bool>, Query)),
    responses((status = 200, body = StoryResponse), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    query: ClientQuery,
) -> Result<Json<StoryResponse>, Problem> {
    let reading = Reading { request_id, debug: query.debug };
    let read = door.app.stories().read_story(&query.client_id, query.story_id.as_deref(), reading);
    read.await.map(Json).map_err(|error| Problem::of(error, "query"))
}
