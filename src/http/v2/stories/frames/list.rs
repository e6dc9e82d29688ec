//! `GET /v2/stories/{id}/frames`: a story's frames, in parts.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::NumberedFrame;
use crate::http::page::{List, SharedPageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor};

/// A story's frames in their order.
#[utoipa::path(get, path = "/v2/stories/{id}/frames", tag = "stories",
    params(("id" = String, Path, description = "The story's id."), SharedPageQuery),
    responses((status = 200, body = List<NumberedFrame>), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
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
