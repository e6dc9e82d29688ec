//! `GET /v2/stories/{id}`: a story, and what is going on in it.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::StoryDetail;
use crate::domain::{ClientId, Principal};
use crate::http::Door;
use crate::http::acting::Acting;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::Asked;
use crate::http::request_id::RequestId;

/// How a story is read.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ReadQuery {
    /// The Sparrow that reads; a device's token means its own without it.
    #[param(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// Whether to send the frames: they are, unless this is `false`.
    include_frames: Option<bool>,
}

/// A story, with its frames if they are wanted.
#[utoipa::path(get, path = "/v2/stories/{id}", tag = "stories",
    params(("id" = String, Path, description = "The story's id."), ReadQuery),
    responses((status = 200, body = StoryDetail), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Path(id): Path<String>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(principal): Extension<Principal>,
    Asked(query): Asked<ReadQuery>,
) -> Result<Json<StoryDetail>, Problem> {
    let acting = Acting::of(principal, query.client_id);
    let with_frames = query.include_frames.unwrap_or(true);
    let detail =
        door.app.stories().story_detail(acting.actor(), &id, with_frames, request_id).await;
    detail.map(Json).map_err(|error| Problem::of(error, "path"))
}
