//! `POST` and `GET /v1/frames/`: the next frame of a story, waited for.

use axum::extract::{RawQuery, Request, State};
use axum::http::header::ALLOW;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::fields::{self, FrameRequest, Sent};
use crate::app::{FrameOrder, Ordered, StoryResponse};
use crate::domain::{Principal, TraceParent};
use crate::http::address::ClientAddress;
use crate::http::auth::may_act_for;
use crate::http::idempotency::{self, REPLAYED};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;
use crate::http::{Door, body, form, json};

/// The next frame of a story.
#[utoipa::path(post, path = "/v1/frames", tag = "v1", request_body = FrameRequest,
    responses(
        (status = 200, description = "The new frames.", body = StoryResponse),
        (status = 400, description = "No JSON.", body = ProblemBody),
        (status = 403, description = "No key, or someone else's story.", body = ProblemBody),
        (status = 404, description = "No such story.", body = ProblemBody),
        (status = 413, description = "More than 24 MiB.", body = ProblemBody),
        (status = 415, description = "Neither JSON nor a form.", body = ProblemBody),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
        (status = 429, description = "Too much to do.", body = ProblemBody),
        (status = 504, description = "It took too long.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(door): State<Door>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(principal): Extension<Principal>,
    Extension(trace): Extension<TraceParent>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, content) = request.into_parts();
    let room = door.room.take(&parts.headers).await?;
    let content = body::read(content).await?;
    let arrived = Arrived { parts, content, principal, request_id, trace };
    let ordered = order_in_full(door.clone(), arrived, room).await?;
    Ok(told(&door, ordered, "body").await)
}

/// A request that has come in whole.
struct Arrived {
    parts: Parts,
    content: Bytes,
    principal: Principal,
    request_id: String,
    trace: TraceParent,
}

/// Orders what a request asks for, even if its client hangs up meanwhile.
async fn order_in_full(
    door: Door,
    arrived: Arrived,
    room: OwnedSemaphorePermit,
) -> Result<Ordered, Problem> {
    let ordering = async move {
        let app = door.app.clone();
        let order = read_order(&door, arrived).await?;
        let ordered = app.frames().order(order).await.map_err(|error| Problem::of(error, "body"));
        drop(room);
        ordered
    };
    body::in_full(ordering).await
}

async fn read_order(door: &Door, arrived: Arrived) -> Result<FrameOrder, Problem> {
    let Arrived { parts, content, principal, request_id, trace } = arrived;
    let form = match kind_of(&parts.headers)? {
        Kind::Json => None,
        Kind::Form => Some(form::fields(&parts.headers, content.clone()).await?),
    };
    let length = content.len();
    let read = move || {
        let sent = match form {
            None => Sent { fields: fields::of_json(&content)?, ..Sent::default() },
            Some(form) => fields::of_form(form)?,
        };
        let order = fields::order(sent, request_id, "body")?;
        may_act_for(&principal, order.client_id.as_str())?;
        let call = format!("POST /v1/frames {}", order.client_id);
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let key = idempotency::key(&parts.headers, call, &[query, &content])?;
        let address = parts.extensions.get::<ClientAddress>().map(|client| client.ip);
        Ok(FrameOrder { key, trace: Some(trace), address, ..order })
    };
    body::parsed(door, length, read).await
}

/// The next frame of a story, for clients that can only fetch.
#[utoipa::path(get, path = "/v1/frames", tag = "v1", params(FrameRequest),
    responses(
        (status = 200, description = "The new frames.", body = StoryResponse),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(trace): Extension<TraceParent>,
    Extension(client): Extension<ClientAddress>,
    method: Method,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    // To ask about a frame must not tell one.
    if method == Method::HEAD {
        let detail = "HEAD would tell a frame that nobody sees; use GET or POST.";
        let mut refused = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
        return Ok(refused);
    }
    let sent = Sent { fields: fields::of_query(&query.unwrap_or_default()), ..Sent::default() };
    let order = fields::order(sent, request_id, "query")?;
    let order = FrameOrder { trace: Some(trace), address: Some(client.ip), ..order };
    let ordered =
        door.app.frames().order(order).await.map_err(|error| Problem::of(error, "query"))?;
    Ok(told(&door, ordered, "query").await)
}

/// Waits for a frame that was ordered.
async fn told(door: &Door, ordered: Ordered, place: &str) -> Response {
    let mut response = match door.app.frames().wait_for(ordered.task_id).await {
        Ok(story) => Json(story).into_response(),
        Err(error) => Problem::of(error, place).into_response(),
    };
    if ordered.is_replay {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// How a body is written.
enum Kind {
    Json,
    Form,
}

/// A body without a type is taken for JSON, as small clients leave it out.
fn kind_of(headers: &HeaderMap) -> Result<Kind, Problem> {
    if form::is_form(headers) {
        return Ok(Kind::Form);
    }
    if json::is_json(headers) {
        return Ok(Kind::Json);
    }
    let detail = "The body must be JSON or a form; send it with Content-Type: application/json.";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}
