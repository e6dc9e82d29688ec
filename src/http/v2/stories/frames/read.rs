//! `GET /v2/stories/{id}/frames/{n}`: one frame.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::NumberedFrame;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::request_actor::OptionalClientQuery;

/// One frame of a story.
#[utoipa::path(get, path = "/v2/stories/{id}/frames/{n}", tag = "stories",
    params(
        ("id" = String, Path, description = "The story's id."),
        ("n" = i32, Path, description = "The frame's number, from 0."),
        OptionalClientQuery,
    ),
    responses((status = 200, body = NumberedFrame), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path((id, number)): Path<(String, String)>,
    ValidQuery(_): ValidQuery<OptionalClientQuery>,
) -> Result<Json<NumberedFrame>, Problem> {
    let frame = state.app.stories().frame(&id, &number).await;
    frame.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
