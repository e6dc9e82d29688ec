//! `GET /v2/stories/{id}`: a story, and what is going on in it.

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

/// How a story is read.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct StoryQuery {
    /// The Sparrow that reads; a device's token means its own without it.
    #[param(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// Whether to send the frames: they are, unless this is `false`.
    include_frames: Option<bool>,
}

/// A story, with its frames if they are wanted.
#[utoipa::path(get, path = "/v2/stories/{id}", tag = "stories",
    params(("id" = String, Path, description = "The story's id."), StoryQuery),
    responses((status = 200, body = StoryDetail), (status = 404, body = ProblemBody)))]
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
