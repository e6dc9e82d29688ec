//! `GET /v2/stories/{id}/frames/{n}/similar`: frames that are like one.

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

/// How many, and for whom.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct SimilarQuery {
    /// The Sparrow that is spoken for; a device's token speaks for its own without it.
    #[param(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// How many frames at most: 1-100, 20 without.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
}

/// The frames of all stories that are nearest to this one in meaning.
#[utoipa::path(get, path = "/v2/stories/{id}/frames/{n}/similar", tag = "search",
    params(
        ("id" = String, Path, description = "The story's id."),
        ("n" = i32, Path, description = "The frame's number, from 0."),
        SimilarQuery,
    ),
    responses((status = 200, body = SimilarFramesView), (status = 404, body = ProblemBody)))]
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
