//! `PATCH /v2/stories/{id}/frames/{n}`: edit the text of a frame.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::NumberedFrame;
use crate::app::jobs::Origin;
use crate::domain::TraceParent;
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};
use crate::http::request_id::RequestId;

/// The longest body in bytes: a text of 20,000 characters of four bytes each, and what surrounds it.
const MAX_TEXT_BODY: usize = 96 << 10;

/// The changes to a frame.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct FrameUpdate {
    /// The new text, 1-20,000 characters, not only blanks.
    #[schema(min_length = 1, max_length = 20000, pattern = "[^\\s\\u0000-\\u001f\\u007f-\\u009f]")]
    text: String,
}

/// Edit a frame's text
///
/// Replaces the text. The picture stays; a narration is spoken again. If the story's title is the start of its first text,
/// it follows; the slug stays, because links use it. Readers see the change at once. Only the story's own client and admins
/// may edit.
#[utoipa::path(patch, path = "/v2/stories/{id}/frames/{n}", tag = "frames",
    params(
        ("id" = String, Path, description = "The story's id: `story_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        ("n" = i32, Path, description = "The frame's number in its story; the first is 0.", minimum = 0, example = 0),
        OptionalClientQuery,
    ),
    request_body(content = FrameUpdate, example = json!({"text": "The lamp blinked twice, and went out."})),
    responses(
        (status = 200, description = "The frame with its new text.", body = NumberedFrame),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 403, description = "The story belongs to another client.", body = ProblemBody),
        (status = 404, description = "No such story exists, or it has no such frame.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(state): State<HttpState>,
    Path((id, number)): Path<(String, String)>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(trace): Extension<TraceParent>,
    actor: RequestActor,
    ValidJson(update): ValidJson<FrameUpdate, MAX_TEXT_BODY>,
) -> Result<Json<NumberedFrame>, Problem> {
    let origin = Origin::new(request_id, Some(trace));
    let stories = state.app.stories();
    let edited =
        stories.edit_frame_text(actor.as_actor(), &id, &number, &update.text, origin).await;
    edited.map(Json).map_err(|error| Problem::from_error(error, "body"))
}
