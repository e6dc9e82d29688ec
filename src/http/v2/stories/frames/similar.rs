//! `GET /v2/stories/{id}/frames/{n}/similar`: frames that are like one.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::SimilarView;
use crate::domain::{ClientId, Principal};
use crate::http::Door;
use crate::http::acting::Acting;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Asked, Limit};

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
    responses((status = 200, body = SimilarView), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Extension(principal): Extension<Principal>,
    Path((id, number)): Path<(String, String)>,
    Asked(query): Asked<SimilarQuery>,
) -> Result<Json<SimilarView>, Problem> {
    let acting = Acting::of(principal, query.client_id);
    let similar =
        door.app.search().similar_frames(acting.actor(), &id, &number, query.limit.0).await;
    similar.map(Json).map_err(|error| Problem::of(error, "path"))
}
