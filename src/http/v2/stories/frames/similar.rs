//! `GET /v2/stories/{id}/frames/{n}/similar`: frames with a similar meaning.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::SimilarFramesView;
use crate::domain::{ClientId, Principal};
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Limit, ValidQuery};
use crate::http::request_actor::RequestActor;

/// How many frames to return, and for which client.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct SimilarQuery {
    /// The client that asks; it finds its own frames even if it is private. With a device's token, the device's own by
    /// default.
    #[param(value_type = Option<String>, min_length = 1, max_length = 255, example = "kitchen")]
    client_id: Option<ClientId>,
    /// The most frames to return, 1-100; 20 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
}

/// Find similar frames
///
/// Finds the frames of all stories that are closest to a frame in meaning, the closest first. This needs an embedding
/// model: without one, `is_indexed` is false and `results` is empty.
#[utoipa::path(get, path = "/v2/stories/{id}/frames/{n}/similar", tag = "search",
    params(
        ("id" = String, Path, description = "The story's id: `story_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        ("n" = i32, Path, description = "The frame's number in its story; the first is 0.", minimum = 0, example = 0),
        SimilarQuery,
    ),
    responses(
        (status = 200, description = "The frames, the closest first.", body = SimilarFramesView),
        (status = 404, description = "No such story exists, or it has no such frame.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    Path((id, number)): Path<(String, String)>,
    ValidQuery(query): ValidQuery<SimilarQuery>,
) -> Result<Json<SimilarFramesView>, Problem> {
    let actor = RequestActor::new(principal, query.client_id);
    let similar =
        state.app.search().similar_frames(actor.as_actor(), &id, &number, query.limit.0).await;
    similar.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
