//! Server-sent events (`text/event-stream` of the WHATWG HTML standard).

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::IntoParams;

use super::long_lived::LongLived;
use super::problem::Problem;
use super::query::ValidQuery;
use super::request_actor::{self, RequestActor};
use crate::app::{AppError, EventListener};
use crate::domain::ClientId;

/// How often an idle stream sends a comment, because proxies close idle connections.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How soon a client reconnects after its stream has ended.
const RETRY: Duration = Duration::from_secs(2);

/// How long a stream lasts. The client then reconnects, and its credentials are checked again.
const MAX_STREAM_DURATION: Duration = Duration::from_hours(1);

/// Selects the events to stream.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// Client id of the Sparrow: 1-255 printable characters. `GET /v2/events` needs it. If omitted with a device token:
    /// the token's own Sparrow.
    #[param(value_type = Option<String>, min_length = 1, max_length = 255, example = "kitchen")]
    client_id: Option<ClientId>,
    /// Id of the last event that the client received, for clients that cannot send the `Last-Event-ID` header, which
    /// takes precedence. Also as `lastEventId` or `Last-Event-ID`, as polyfills of `EventSource` send it. If omitted, the
    /// stream starts with the next event.
    #[param(value_type = Option<i64>, minimum = 0)]
    #[serde(
        alias = "lastEventId",
        alias = "Last-Event-ID",
        alias = "last-event-id",
        alias = "evs_last_event_id"
    )]
    last_event_id: Option<String>,
}

/// Extracts the subscriber and the position from which it reads on.
pub(super) struct EventSubscription {
    pub(super) actor: RequestActor,
    /// The id of the last event that the client received.
    pub(super) after: Option<i64>,
}

impl<S: Send + Sync> FromRequestParts<S> for EventSubscription {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ValidQuery(query) = ValidQuery::<EventsQuery>::from_request_parts(parts, state).await?;
        let actor = RequestActor::new(request_actor::require_principal(parts)?, query.client_id);
        let header = parts.headers.get("last-event-id");
        let after = match header {
            Some(id) => Some(id.to_str().unwrap_or("?").to_owned()),
            None => query.last_event_id,
        };
        let after = after.filter(|id| !id.is_empty()).map(|id| id.parse()).transpose();
        let after = after.map_err(|_| {
            let reason = "must be the id of the last event received, a whole number";
            let location = if header.is_some() { "header" } else { "query" };
            Problem::from_error(AppError::invalid("last_event_id", reason), location)
        })?;
        Ok(Self { actor, after })
    }
}

/// Streams a listener's events for at most an hour.
pub(super) fn stream(listener: EventListener) -> Response {
    stream_until(listener, std::future::pending())
}

/// Streams a listener's events until `ended` completes, for at most an hour.
pub(super) fn stream_until(
    listener: EventListener,
    ended: impl Future<Output = ()> + Send + 'static,
) -> Response {
    // The first block has an id and no data, so that a client that is cut off before the first event can resume too.
    let first = Event::default().id(listener.last_event_id().to_string()).retry(RETRY);
    let first = stream::iter([Ok::<_, Infallible>(first)]);
    let deadline = Instant::now() + MAX_STREAM_DURATION;
    let rest =
        stream::unfold((listener, Box::pin(ended)), move |(mut listener, mut ended)| async move {
            let received = tokio::select! {
                () = &mut ended => return None,
                received = tokio::time::timeout_at(deadline, listener.next()) => received.ok()??,
            };
            let event = Event::default().id(received.id.to_string());
            let event = event.event(received.kind.name()).data(&received.data);
            Some((Ok(event), (listener, ended)))
        });
    let events = stream::StreamExt::chain(first, rest);
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // Without this header, proxies may buffer events.
    let headers = [(CACHE_CONTROL.as_str(), "no-store"), ("x-accel-buffering", "no")];
    (Extension(LongLived), headers, sse).into_response()
}
