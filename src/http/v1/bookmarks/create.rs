//! `POST /v1/bookmarks/frame`: keep a frame.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::{AppError, FrameBookmarkView};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::fields;
use crate::http::v1::query::V1Query;
use crate::http::{HttpState, body, json};

/// The largest body, in bytes: the longest comments, every character escaped.
const MAX_BODY: usize = 256 << 10;

/// A frame to keep.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the fields, which are read one by one as v1 reads its own")]
pub(in crate::http) struct FrameBookmarkRequest {
    /// The story that the frame is in.
    story_id: String,
    /// The frame's number, from 0.
    #[schema(minimum = 0)]
    frame_number: i64,
    /// What to note about it: at most 10,000 characters.
    comments: Option<String>,
}

/// Keep a frame, or renew what is noted about it.
#[utoipa::path(post, path = "/v1/bookmarks/frame", tag = "v1", params(("client_id" = String, Query)),
    request_body = FrameBookmarkRequest,
    responses(
        (status = 200, body = FrameBookmarkView),
        (status = 400, description = "No JSON.", body = ProblemBody),
        (status = 404, description = "No such story or frame.", body = ProblemBody),
        (status = 415, description = "Not JSON.", body = ProblemBody),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    query: V1Query,
    request: Request,
) -> Result<Json<FrameBookmarkView>, Problem> {
    let (parts, content) = request.into_parts();
    if !json::is_json(&parts.headers) {
        let detail = "The body must be JSON; send it with Content-Type: application/json.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let content = body::read_at_most(content, MAX_BODY).await?;
    let fields = fields::from_json(&content)?;
    let refused = |error| Problem::from_error(error, "body");
    let (story_id, number) = parse_frame_ref(&fields).map_err(refused)?;
    let comments = text(&fields, "comments").map_err(refused)?;
    let kept =
        state.app.stories().bookmark_frame(&query.client_id, story_id, number, comments).await;
    kept.map(Json).map_err(refused)
}

/// The story and the number of the frame.
fn parse_frame_ref(fields: &Map<String, Value>) -> Result<(&str, i64), AppError> {
    let missing = || AppError::invalid("story_id", "is missing; send the story's id");
    let story_id = text(fields, "story_id")?.ok_or_else(missing)?;
    let number = match fields.get("frame_number") {
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(digits)) => digits.parse().ok(),
        _ => None,
    };
    let number = number.filter(|number| *number >= 0).ok_or_else(|| {
        AppError::invalid("frame_number", "must be the frame's number, a whole number from 0")
    })?;
    Ok((story_id, number))
}

/// A field that may be absent.
fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, AppError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(AppError::invalid(name, "must be text")),
    }
}
