//! `GET /v2/events`: the events of all stories of a client.

use axum::extract::State;
use axum::response::Response;

use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::sse::{self, EventSubscription, EventsQuery};

/// Follow a client's stories
///
/// Streams the events of all stories of a client as Server-Sent Events. Each event has an id, a name and JSON data:
///
/// - `task`: a task changed. Data: `id`, `status`, `message`, `story_id`, and `step` while it runs.
/// - `frame`: a frame is new, has another illustration (`illustrated`) or was removed (`removed`). Data: `story_id`,
///   `number`.
/// - `story`: a story was named (`title`, `slug`) or removed (`removed`). Data: `story_id`.
///
/// Comments keep the connection alive every 15 seconds. The stream ends after an hour; connect again with
/// `Last-Event-ID`.
#[utoipa::path(get, path = "/v2/events", tag = "stories",
    params(
        ("Last-Event-ID" = Option<i64>, Header,
            description = "The id of the last event that the client received. Later events are sent first, up to 7 \
                           days back; 0 for all of these. If omitted, the stream starts now."),
        EventsQuery,
    ),
    responses(
        (status = 200, description = "A stream of events.", content_type = "text/event-stream"),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
        (status = 429, description = "Too many clients follow events; see `Retry-After`.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    subscription: EventSubscription,
) -> Result<Response, Problem> {
    let client_id = subscription.actor.require_client_id()?;
    let listener = state.app.events().listen_to_client(client_id, subscription.after).await;
    listener.map(sse::stream).map_err(|error| Problem::from_error(error, "query"))
}
