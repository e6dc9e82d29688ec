//! `POST` and `GET /v1/frames/`: the next frame of a story, waited for.

use axum::extract::{RawQuery, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::fields::{self, FrameRequest};
use crate::app::{AppError, FrameOrder, StoryResponse};
use crate::http::idempotency::{self, REPLAYED};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;
use crate::http::{Door, body};

/// Bodies above this many bytes are parsed on the blocking threads.
const PARSE_HERE: usize = 256 * 1024;

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
    request: Request,
) -> Result<Response, Problem> {
    let (parts, content) = request.into_parts();
    let content = body::read(content).await?;
    check_type(&parts.headers)?;
    let is_large = content.len() > PARSE_HERE;
    let read = move || {
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let key = idempotency::key(&parts.headers, "POST /v1/frames", &[query, &content])?;
        let order = fields::order(fields::of_json(&content)?, request_id, "body")?;
        Ok(FrameOrder { key, ..order })
    };
    let order = if is_large {
        let read = door.app.compute.run(read).await;
        read.unwrap_or_else(|broken| Err(Problem::of(AppError::from(broken), "body")))
    } else {
        read()
    };
    tell(&door, order?, "body").await
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
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let fields = fields::of_query(&query.unwrap_or_default());
    tell(&door, fields::order(fields, request_id, "query")?, "query").await
}

/// Orders a frame and waits for it.
async fn tell(door: &Door, order: FrameOrder, place: &str) -> Result<Response, Problem> {
    let problem = |error| Problem::of(error, place);
    let ordered = door.app.order_frame(order).await.map_err(problem)?;
    let told = door.app.await_frame(ordered.task_id).await.map_err(problem)?;
    let mut response = Json(told).into_response();
    if ordered.is_replay {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// A body without a type is taken for JSON, as small clients leave it out.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(given) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let essence = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is_json = essence.eq_ignore_ascii_case("application/json")
        || essence.to_ascii_lowercase().ends_with("+json");
    if is_json {
        return Ok(());
    }
    let detail = "The body must be JSON; send it with Content-Type: application/json.";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}
