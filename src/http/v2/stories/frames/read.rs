//! `GET /v2/stories/{id}/frames/{n}`: one frame.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::NumberedFrame;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::request_actor::OptionalClientQuery;

/// Read a frame
#[utoipa::path(get, path = "/v2/stories/{id}/frames/{n}", tag = "frames",
    params(
        ("id" = String, Path, description = "The story's id: `story_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        ("n" = i32, Path, description = "The frame's number in its story; the first is 0.", minimum = 0, example = 0),
        OptionalClientQuery,
    ),
    responses(
        (status = 200, description = "The frame.", body = NumberedFrame),
        (status = 404, description = "No such story exists, or it has no such frame.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path((id, number)): Path<(String, String)>,
    ValidQuery(_): ValidQuery<OptionalClientQuery>,
) -> Result<Json<NumberedFrame>, Problem> {
    let frame = state.app.stories().frame(&id, &number).await;
    frame.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
