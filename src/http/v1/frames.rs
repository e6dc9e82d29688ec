//! `POST` and `GET /v1/frames/`: order a frame and wait for it.

use axum::extract::{RawQuery, Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use bytes::Bytes;

use super::fields::{self, FrameForm, FrameRequest, RawFrameRequest};
use crate::app::{AcceptedOrder, FrameOrder, FrameWait, StoryResponse};
use crate::domain::{ClientId, Principal, TraceParent};
use crate::http::address::ClientAddress;
use crate::http::auth::may_act_for;
use crate::http::body::BodyReservation;
use crate::http::idempotency::{self, REPLAYED};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;
use crate::http::{HttpState, body, command_header, form, json, media_type};

/// Create a frame
///
/// Creates the next frame of the client's story, and answers when it is ready. Only `client_id` is required: the same
/// `client_id` continues the same story, and the first frame starts one. Send JSON, or a multipart form with files. A
/// photo or a recording may also be the whole body, with its media type; all other fields are then in the query.
///
/// Without a configured model, the built-in storyteller makes the frame. A model that fails is not an error either:
/// `errors` in the response says why. `POST /v2/stories` answers at once, with a task to follow.
#[utoipa::path(post, path = "/v1/frames", tag = "frames",
    params(
        ("client_id" = Option<String>, Query, example = "kitchen",
            description = "The device's own name, if the body is a photo or a recording: 1-255 printable characters. \
                           All other fields of `FrameRequest` are then in the query too. Ignored otherwise."),
        ("Idempotency-Key" = Option<String>, Header,
            description = "1-255 printable ASCII characters. For 24 hours, the same request with the same key gets the \
                           same frame instead of a new one, and the header `Idempotent-Replayed: true`."),
    ),
    request_body(description = "At most 24 MiB.", content(
        (FrameRequest = "application/json", example = json!({"client_id": "kitchen", "input_text": "A red kettle"})),
        (FrameForm = "multipart/form-data"),
        (Vec<u8> = "image/*"),
        (Vec<u8> = "audio/*"),
    )),
    responses(
        (status = 200, body = StoryResponse,
            description = "The new frames. Get each `url` from the same host. During a blackout, one black frame instead, \
                           which is not kept. `X-Command` holds a command of an admin, once."),
        (status = 400, description = "The body is not JSON, or the form cannot be read.", body = ProblemBody),
        (status = 403, body = ProblemBody,
            description = "The key is missing or wrong, or the story belongs to another client."),
        (status = 404, description = "No story has the id `story_id`.", body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "The frame's task was cancelled, or the strategy's prompt template cannot be used."),
        (status = 413, description = "The body is larger than 24 MiB.", body = ProblemBody),
        (status = 415, description = "The content type or encoding is not supported.", body = ProblemBody),
        (status = 422, description = "A field is missing or invalid; `errors` names each.", body = ProblemBody),
        (status = 429, body = ProblemBody,
            description = "Too many frames are waiting, a limit is reached, or the client's storage is full; see \
                           `Retry-After`."),
        (status = 503, body = ProblemBody,
            description = "Calliope is restarting. The frame is made after that; read the story in a moment."),
        (status = 504, body = ProblemBody,
            description = "The frame takes longer than 180 seconds (`tasks.frame_deadline_seconds`). It is still being \
                           made; read the story in a moment."),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(principal): Extension<Principal>,
    Extension(trace): Extension<TraceParent>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, content) = request.into_parts();
    let (content, reservation) = state.body_budget.read(&parts, content).await?;
    let received = ReceivedRequest { parts, content, principal, request_id, trace };
    let wait = state.app.frames().start_waiting();
    let (client_id, ordered) = order_frame(state.clone(), received, reservation).await?;
    Ok(wait_for_frame(&state, &client_id, ordered, wait, "body").await)
}

/// A request with its complete body.
struct ReceivedRequest {
    parts: Parts,
    content: Bytes,
    principal: Principal,
    request_id: String,
    trace: TraceParent,
}

/// Orders the frame that a request asks for, even if the client disconnects in the meantime.
async fn order_frame(
    state: HttpState,
    received: ReceivedRequest,
    reservation: BodyReservation,
) -> Result<(ClientId, AcceptedOrder), Problem> {
    let ordering = async move {
        let app = state.app.clone();
        let order = parse_order(&state, received).await?;
        let client_id = order.client_id.clone();
        let ordered =
            app.frames().order(order).await.map_err(|error| Problem::from_error(error, "body"));
        drop(reservation);
        ordered.map(|ordered| (client_id, ordered))
    };
    body::run_to_completion(ordering).await
}

async fn parse_order(state: &HttpState, received: ReceivedRequest) -> Result<FrameOrder, Problem> {
    let ReceivedRequest { parts, content, principal, request_id, trace } = received;
    let format = body_format(&parts.headers)?;
    let form = match format {
        BodyFormat::Form => form::read_fields(state, &parts.headers, content.clone()).await?,
        _ => Vec::new(),
    };
    let length = content.len();
    let read = move || {
        let query = parts.uri.query().unwrap_or_default();
        let (raw, location) = match format {
            BodyFormat::Json => {
                (RawFrameRequest::from_fields(fields::from_json(&content)?), "body")
            }
            BodyFormat::Form => (fields::from_form(form)?, "body"),
            BodyFormat::Image => (fields::from_image(&content, query), "query"),
            BodyFormat::Sound(media_type) => {
                (fields::from_sound(&content, query, media_type), "query")
            }
        };
        let order = fields::parse_order(raw, request_id, location)?;
        may_act_for(&principal, order.client_id.as_str())?;
        let scope = format!("POST /v1/frames {}", order.client_id);
        let parts_of_key = [query.as_bytes(), &content];
        let key = idempotency::parse_key(&parts.headers, scope, &parts_of_key)?;
        let address = parts.extensions.get::<ClientAddress>().map(|client| client.ip);
        Ok(FrameOrder { idempotency_key: key, trace: Some(trace), ip_address: address, ..order })
    };
    body::parse_with(state, length, read).await
}

/// Create a frame by query
///
/// Does the same as `POST /v1/frames`, for devices that can only send `GET`. Each request creates a frame.
/// `HEAD` is refused. Use `POST` for photos, because proxies limit the length of a URL.
#[utoipa::path(get, path = "/v1/frames", tag = "frames", params(FrameRequest),
    responses(
        (status = 200, body = StoryResponse,
            description = "The new frames. Get each `url` from the same host. During a blackout, one black frame instead, \
                           which is not kept. `X-Command` holds a command of an admin, once."),
        (status = 403, body = ProblemBody,
            description = "The key is missing or wrong, or the story belongs to another client."),
        (status = 404, description = "No story has the id `story_id`.", body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "The frame's task was cancelled, or the strategy's prompt template cannot be used."),
        (status = 414, description = "The URL is longer than 64 KiB; use `POST`. This response has no body."),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
        (status = 429, body = ProblemBody,
            description = "Too many frames are waiting, a limit is reached, or the client's storage is full; see \
                           `Retry-After`."),
        (status = 503, body = ProblemBody,
            description = "Calliope is restarting. The frame is made after that; read the story in a moment."),
        (status = 504, body = ProblemBody,
            description = "The frame takes longer than 180 seconds (`tasks.frame_deadline_seconds`). It is still being \
                           made; read the story in a moment."),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(trace): Extension<TraceParent>,
    Extension(client): Extension<ClientAddress>,
    method: Method,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    // axum routes HEAD here as well, but a request for headers must not create a frame.
    if method == Method::HEAD {
        let detail = "HEAD would tell a frame that nobody sees; use GET or POST.";
        let mut response = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
        return Ok(response);
    }
    let raw = RawFrameRequest::from_fields(fields::from_query(&query.unwrap_or_default()));
    let order = fields::parse_order(raw, request_id, "query")?;
    let order = FrameOrder { trace: Some(trace), ip_address: Some(client.ip), ..order };
    let client_id = order.client_id.clone();
    let frames = state.app.frames();
    let wait = frames.start_waiting();
    let ordered = frames.order(order).await.map_err(|error| Problem::from_error(error, "query"))?;
    Ok(wait_for_frame(&state, &client_id, ordered, wait, "query").await)
}

/// Waits for an ordered frame, and turns its story or its failure into a response.
async fn wait_for_frame(
    state: &HttpState,
    client_id: &ClientId,
    ordered: AcceptedOrder,
    wait: FrameWait,
    location: &str,
) -> Response {
    let mut response = match state.app.frames().wait_for(ordered, wait).await {
        Ok(story) => {
            let mut response = Json(story).into_response();
            command_header::add_next(state, client_id, &mut response).await;
            response
        }
        Err(error) => Problem::from_error(error, location).into_response(),
    };
    if ordered.is_replay {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// The format of a request's body.
enum BodyFormat {
    Json,
    Form,
    /// The body is the photo.
    Image,
    /// The body is the recording, of this media type with its parameters.
    Sound(String),
}

/// Determines the body's format. A body without a content type counts as JSON, because small clients omit it.
fn body_format(headers: &HeaderMap) -> Result<BodyFormat, Problem> {
    if form::is_form(headers) {
        return Ok(BodyFormat::Form);
    }
    if json::is_json(headers) {
        return Ok(BodyFormat::Json);
    }
    let essence = media_type::essence(headers).unwrap_or_default();
    if essence.starts_with("image/") {
        return Ok(BodyFormat::Image);
    }
    if essence.starts_with("audio/") {
        let stated = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        return Ok(BodyFormat::Sound(stated.unwrap_or_default().to_ascii_lowercase()));
    }
    let detail = "The body must be JSON, a form, an image or a sound; send it with its Content-Type, such as application/json.";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}
