//! `GET /v2/stories/{id}/events`: what happens to a story.

use axum::extract::{Path, State};
use axum::response::Response;

use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::sse::{self, EventSubscription, EventsQuery};

/// What happens to a story, as Server-Sent Events: `task`, `frame` and `story`, each with its id.
#[utoipa::path(get, path = "/v2/stories/{id}/events", tag = "stories",
    params(
        ("id" = String, Path, description = "The story's id."),
        ("Last-Event-ID" = Option<i64>, Header, description = "The last event that was heard."),
        EventsQuery,
    ),
    responses(
        (status = 200, description = "A stream that lasts an hour at most.", content_type = "text/event-stream"),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
        (status = 429, description = "Too many listen.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    subscription: EventSubscription,
) -> Result<Response, Problem> {
    let listener = state.app.events().listen_to_story(&id, subscription.after).await;
    listener.map(sse::stream).map_err(|error| Problem::from_error(error, "path"))
}
