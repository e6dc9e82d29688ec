//! `GET /v2/events`: what happens to all stories of a client.

use axum::extract::State;
use axum::response::Response;

use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::sse::{self, EventSubscription, EventsQuery};

/// What happens to all stories of a client, as Server-Sent Events: `task`, `frame` and `story`, each with its id.
#[utoipa::path(get, path = "/v2/events", tag = "stories",
    params(
        ("Last-Event-ID" = Option<i64>, Header, description = "The last event that was heard."),
        EventsQuery,
    ),
    responses(
        (status = 200, description = "A stream that lasts an hour at most.", content_type = "text/event-stream"),
        (status = 422, body = ProblemBody),
        (status = 429, description = "Too many listen.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    subscription: EventSubscription,
) -> Result<Response, Problem> {
    let client_id = subscription.actor.require_client_id()?;
    let listener = state.app.events().listen_to_client(client_id, subscription.after).await;
    listener.map(sse::stream).map_err(|error| Problem::from_error(error, "query"))
}
