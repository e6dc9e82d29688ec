//! `GET /v2/stories/{id}/frames`: a story's frames, page by page.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::NumberedFrame;
use crate::http::page::{List, SharedPageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor};

/// List a story's frames
///
/// Lists the frames in their order, page by page. Every caller with a key may read every story by its id.
#[utoipa::path(get, path = "/v2/stories/{id}/frames", tag = "frames",
    params(
        ("id" = String, Path, description = "The story's id: `story_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        SharedPageQuery,
    ),
    responses(
        (status = 200, description = "One page of the frames.", body = List<NumberedFrame>),
        (status = 404, description = "No story has this id.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    ValidQuery(query): ValidQuery<SharedPageQuery>,
) -> Result<Json<List<NumberedFrame>>, Problem> {
    let after: Option<i32> = cursor::parse(query.cursor.as_ref())?;
    let frames = state.app.stories().list_frames_page(&id, after, query.limit.0).await;
    frames
        .map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "path"))
}
