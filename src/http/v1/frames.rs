//! `POST` and `GET /v1/frames/`: the next frame of a story, waited for.

use axum::extract::{RawQuery, Request, State};
use axum::http::header::ALLOW;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::fields::{self, FrameRequest, RawFrameRequest};
use crate::app::{AcceptedOrder, FrameOrder, StoryResponse};
use crate::domain::{Principal, TraceParent};
use crate::http::address::ClientAddress;
use crate::http::auth::may_act_for;
use crate::http::idempotency::{self, REPLAYED};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;
use crate::http::{HttpState, body, form, json};

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
    State(state): State<HttpState>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(principal): Extension<Principal>,
    Extension(trace): Extension<TraceParent>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, content) = request.into_parts();
    let permit = state.body_budget.acquire(&parts.headers).await?;
    let content = body::read(content).await?;
    let received = ReceivedRequest { parts, content, principal, request_id, trace };
    let ordered = order_frame(state.clone(), received, permit).await?;
    Ok(wait_for_frame(&state, ordered, "body").await)
}

/// A request that has come in whole.
struct ReceivedRequest {
    parts: Parts,
    content: Bytes,
    principal: Principal,
    request_id: String,
    trace: TraceParent,
}

/// Orders what a request asks for, even if its client hangs up meanwhile.
async fn order_frame(
    state: HttpState,
    received: ReceivedRequest,
    permit: OwnedSemaphorePermit,
) -> Result<AcceptedOrder, Problem> {
    let ordering = async move {
        let app = state.app.clone();
        let order = parse_order(&state, received).await?;
        let ordered =
            app.frames().order(order).await.map_err(|error| Problem::from_error(error, "body"));
        drop(permit);
        ordered
    };
    body::run_to_completion(ordering).await
}

async fn parse_order(state: &HttpState, received: ReceivedRequest) -> Result<FrameOrder, Problem> {
    let ReceivedRequest { parts, content, principal, request_id, trace } = received;
    let form = match body_format(&parts.headers)? {
        BodyFormat::Json => None,
        BodyFormat::Form => Some(form::read_fields(&parts.headers, content.clone()).await?),
    };
    let length = content.len();
    let read = move || {
        let sent = match form {
            None => RawFrameRequest {
                fields: fields::from_json(&content)?,
                ..RawFrameRequest::default()
            },
            Some(form) => fields::from_form(form)?,
        };
        let order = fields::parse_order(sent, request_id, "body")?;
        may_act_for(&principal, order.client_id.as_str())?;
        let call = format!("POST /v1/frames {}", order.client_id);
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let key = idempotency::parse_key(&parts.headers, call, &[query, &content])?;
        let address = parts.extensions.get::<ClientAddress>().map(|client| client.ip);
        Ok(FrameOrder { idempotency_key: key, trace: Some(trace), ip_address: address, ..order })
    };
    body::parse_with(state, length, read).await
}

/// The next frame of a story, for clients that can only fetch.
#[utoipa::path(get, path = "/v1/frames", tag = "v1", params(FrameRequest),
    responses(
        (status = 200, description = "The new frames.", body = StoryResponse),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
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
    let sent = RawFrameRequest {
        fields: fields::from_query(&query.unwrap_or_default()),
        ..RawFrameRequest::default()
    };
    let order = fields::parse_order(sent, request_id, "query")?;
    let order = FrameOrder { trace: Some(trace), ip_address: Some(client.ip), ..order };
    let ordered = state
        .app
        .frames()
        .order(order)
        .await
        .map_err(|error| Problem::from_error(error, "query"))?;
    Ok(wait_for_frame(&state, ordered, "query").await)
}

/// Waits for a frame that was ordered.
async fn wait_for_frame(state: &HttpState, ordered: AcceptedOrder, location: &str) -> Response {
    let mut response = match state.app.frames().wait_for(ordered.task_id).await {
        Ok(story) => Json(story).into_response(),
        Err(error) => Problem::from_error(error, location).into_response(),
    };
    if ordered.is_replay {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// How a body is written.
enum BodyFormat {
    Json,
    Form,
}

/// A body without a type is taken for JSON, as small clients leave it out.
fn body_format(headers: &HeaderMap) -> Result<BodyFormat, Problem> {
    if form::is_form(headers) {
        return Ok(BodyFormat::Form);
    }
    if json::is_json(headers) {
        return Ok(BodyFormat::Json);
    }
    let detail = "The body must be JSON or a form; send it with Content-Type: application/json.";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}
