//! `POST /v2/stories/{id}/branch`: begin a new story with frames of another one.

use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{BranchRequest, StoryDetail};
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::RequestActor;
use crate::http::request_id::RequestId;

/// Where a new story branches off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct StoryBranch {
    /// The number of the last frame that the new story begins with; the first is 0.
    #[schema(minimum = 0)]
    after: i32,
    /// The title of the new story, 1-1,000 characters, not only blanks; that of the other story by default.
    #[schema(min_length = 1, max_length = 1000, pattern = "[^\\s\\u0000-\\u001f\\u007f-\\u009f]")]
    title: Option<String>,
}

/// Branch a story
///
/// Creates a story that begins with the frames 0 to `after` of this one, and makes it the client's current story. The
/// storyteller remembers them. The new story shares their pictures and sounds, and stays whole if this one is deleted; if
/// the client that they were told for is erased, they are emptied. Every caller who may read a story may branch it;
/// stories of a private client are branched only by that client and by admins.
#[utoipa::path(post, path = "/v2/stories/{id}/branch", tag = "stories",
    params(
        ("id" = String, Path, description = "The story's id: `story_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        ("client_id" = Option<String>, Query, example = "kitchen",
            description = "The client that the new story is for: 1-255 printable characters. Required, except with a \
                           device's token: then the device's own by default."),
    ),
    request_body(content = StoryBranch, example = json!({"after": 0})),
    responses(
        (status = 201, description = "The new story without its frames; `Location` holds its address.",
            body = StoryDetail),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 403, description = "The token belongs to another client.", body = ProblemBody),
        (status = 404, description = "No story has this id, or it is private.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    actor: RequestActor,
    ValidJson(branch): ValidJson<StoryBranch>,
) -> Result<Response, Problem> {
    let to_problem = |error| Problem::from_error(error, "body");
    let client_id = actor.require_client_id()?;
    let StoryBranch { after, title } = branch;
    let request = BranchRequest { after, title, reuses_untouched: false };
    let stories = state.app.stories();
    let branched = stories.branch_story(actor.as_actor(), client_id, &id, &request).await;
    let new_id = branched.map_err(to_problem)?.to_string();
    let detail = stories.story_detail(actor.as_actor(), &new_id, false, request_id).await;
    let detail = detail.map_err(to_problem)?;
    let mut response = (StatusCode::CREATED, Json(detail)).into_response();
    if let Ok(location) = HeaderValue::try_from(format!("/v2/stories/{new_id}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}
