//! `GET /v2/stories/{id}/events`: the events of a story.

use axum::extract::{Path, State};
use axum::response::Response;

use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::sse::{self, EventSubscription, EventsQuery};

/// Follow a story
///
/// Streams the events of a story as Server-Sent Events. Each event has an id, a name and JSON data:
///
/// - `task`: a task changed. Data: `id`, `status`, `message`, `story_id`, and `step` while it runs. The step `words` has
///   the frame's `text`, which is told before its picture is painted.
/// - `frame`: a frame is new, has another illustration (`illustrated`) or was removed (`removed`). Data: `story_id`,
///   `number`.
/// - `story`: a story was named (`title`, `slug`) or removed (`removed`). Data: `story_id`.
///
/// Comments keep the connection alive every 15 seconds. The stream ends after an hour; connect again with
/// `Last-Event-ID`.
#[utoipa::path(get, path = "/v2/stories/{id}/events", tag = "stories",
    params(
        ("id" = String, Path, description = "The story's id: `story_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        ("Last-Event-ID" = Option<i64>, Header,
            description = "The id of the last event that the client received. Later events are sent first, up to 7 \
                           days back; 0 for all of these. If omitted, the stream starts now."),
        EventsQuery,
    ),
    responses(
        (status = 200, description = "A stream of events.", content_type = "text/event-stream"),
        (status = 404, description = "No story has this id.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
        (status = 429, description = "Too many clients follow events; see `Retry-After`.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    subscription: EventSubscription,
) -> Result<Response, Problem> {
    let listener = state.app.events().listen_to_story(&id, subscription.after).await;
    listener.map(sse::stream).map_err(|error| Problem::from_error(error, "path"))
}
