//! `GET /v2/stories/{id}/frames/{n}`: one frame.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::NumberedFrame;
use crate::http::Door;
use crate::http::acting::ActingQuery;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::Asked;

/// One frame of a story.
#[utoipa::path(get, path = "/v2/stories/{id}/frames/{n}", tag = "stories",
    params(
        ("id" = String, Path, description = "The story's id."),
        ("n" = i32, Path, description = "The frame's number, from 0."),
        ActingQuery,
    ),
    responses((status = 200, body = NumberedFrame), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Path((id, number)): Path<(String, String)>,
    Asked(_): Asked<ActingQuery>,
) -> Result<Json<NumberedFrame>, Problem> {
    let frame = door.app.stories().frame(&id, &number).await;
    frame.map(Json).map_err(|error| Problem::of(error, "path"))
}
