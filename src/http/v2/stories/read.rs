//! `GET /v2/stories/{id}`: a story and its present status.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::StoryDetail;
use crate::domain::{ClientId, Principal};
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::request_actor::RequestActor;
use crate::http::request_id::RequestId;

/// How to read a story.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct StoryQuery {
    /// The client that reads; it decides `is_read_only`: 1-255 printable characters. With a device's token, the
    /// device's own by default.
    #[param(value_type = Option<String>, min_length = 1, max_length = 255, example = "kitchen")]
    client_id: Option<ClientId>,
    /// Whether to include the frames; `true` by default.
    include_frames: Option<bool>,
}

/// Read a story
///
/// Returns the story with all its frames, and whether a task works on it. Every caller with a key may read every story
/// by its id.
#[utoipa::path(get, path = "/v2/stories/{id}", tag = "stories",
    params(
        ("id" = String, Path, description = "The story's id: `story_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        StoryQuery,
    ),
    responses(
        (status = 200, description = "The story.", body = StoryDetail),
        (status = 404, description = "No story has this id.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(principal): Extension<Principal>,
    ValidQuery(query): ValidQuery<StoryQuery>,
) -> Result<Json<StoryDetail>, Problem> {
    let actor = RequestActor::new(principal, query.client_id);
    let with_frames = query.include_frames.unwrap_or(true);
    let detail =
        state.app.stories().story_detail(actor.as_actor(), &id, with_frames, request_id).await;
    detail.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
