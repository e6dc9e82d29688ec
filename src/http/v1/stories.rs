//! `GET /v1/stories/`: the stories of a client.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::query::V1Query;
use crate::app::StoryListView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;

/// The stories of a client.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct StoriesResponse {
    /// The stories that have a frame, last updated first; at most the latest 1,000.
    stories: Vec<StoryListView>,
    /// The request's id, as in the header `X-Request-Id`.
    request_id: String,
    /// When the response was made, in UTC: `2026-11-23 07:04:17.382226`.
    #[schema(example = "2026-11-23 07:04:17.382226")]
    generation_date: String,
}

/// List a client's stories
///
/// Lists the stories that were made for the client and have at least one frame, last updated first. `GET /v2/stories`
/// lists them page by page.
#[utoipa::path(get, path = "/v1/stories", tag = "v1",
    params(
        ("client_id" = String, Query, example = "kitchen",
            description = "The client's name: 1-255 printable characters."),
        ("debug" = Option<bool>, Query, description = "Accepted and ignored."),
    ),
    responses(
        (status = 200, description = "The stories; the list is empty for an unknown client.", body = StoriesResponse),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    query: V1Query,
) -> Result<Json<StoriesResponse>, Problem> {
    let stories = state.app.stories().list_stories(&query.client_id).await;
    let stories = stories.map_err(|error| Problem::from_error(error, "query"))?;
    let generation_date = state.app.stories().generation_date();
    Ok(Json(StoriesResponse { stories, request_id, generation_date }))
}
