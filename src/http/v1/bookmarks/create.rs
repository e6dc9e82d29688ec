//! `POST /v1/bookmarks/frame`: bookmark a frame.

use axum::Json;
use axum::extract::{Request, State};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::{AppError, FrameBookmarkView};
use crate::domain::JsonInput;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::fields;
use crate::http::v1::query::V1Query;
use crate::http::{HttpState, body, json};

/// The largest body, in bytes: room for the longest comments with every character escaped.
const MAX_BODY: usize = 256 << 10;

/// A frame to bookmark.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents the fields; the handler reads them one by one, with v1's quirks"
)]
pub(in crate::http) struct FrameBookmarkRequest {
    /// The id of the frame's story: `story_id` in the response of `POST /v1/frames`.
    #[schema(min_length = 1)]
    story_id: String,
    /// The frame's number in its story; the first is 0.
    #[schema(minimum = 0)]
    frame_number: i64,
    /// A note about the frame, at most 10,000 characters. Replaces an earlier note; none if omitted.
    #[schema(max_length = 10000)]
    comments: Option<String>,
}

/// Bookmark a frame
///
/// If the client has bookmarked the frame already, the comments are replaced. Order a frame first, and send its
/// `story_id`: the one in the example does not exist.
#[utoipa::path(post, path = "/v1/bookmarks/frame", tag = "v1",
    params(("client_id" = String, Query, example = "kitchen",
            description = "The client that bookmarks: 1-255 printable characters.")),
    request_body(content = FrameBookmarkRequest,
        example = json!({
            "story_id": "0197f2c4-5b1e-7c3a-9d1e-000000000000", "frame_number": 0, "comments": "The kettle again"
        })),
    responses(
        (status = 200, description = "The bookmark, new or changed.", body = FrameBookmarkView),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 404, description = "No such story exists, or it has no such frame.", body = ProblemBody),
        (status = 413, description = "The body is larger than 256 KiB.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A field is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    query: V1Query,
    request: Request,
) -> Result<Json<FrameBookmarkView>, Problem> {
    let (parts, content) = request.into_parts();
    json::require_json(&parts.headers)?;
    let content = body::read_at_most(&parts.headers, content, MAX_BODY).await?;
    let fields = fields::from_json(&content)?;
    let to_problem = |error| Problem::from_error(error, "body");
    let (story_id, number) = parse_frame_ref(&fields).map_err(to_problem)?;
    let comments = text(&fields, "comments").map_err(to_problem)?;
    let bookmark =
        state.app.stories().bookmark_frame(&query.client_id, story_id, number, comments).await;
    bookmark.map(Json).map_err(to_problem)
}

/// Reads the story's id and the frame's number. The number may be a string.
fn parse_frame_ref(fields: &Map<String, Value>) -> Result<(&str, i64), AppError> {
    let missing = || AppError::invalid("story_id", "is missing; send the story's id");
    let story_id = text(fields, "story_id")?.ok_or_else(missing)?;
    let number = match fields.get("frame_number") {
        Some(Value::Number(number)) => i64::deserialize(JsonInput(number)).ok(),
        Some(Value::String(digits)) => digits.parse().ok(),
        _ => None,
    };
    let number = number.filter(|number| *number >= 0).ok_or_else(|| {
        AppError::invalid("frame_number", "must be the frame's number, a whole number from 0")
    })?;
    Ok((story_id, number))
}

/// Reads an optional text field. Null and empty count as absent.
fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, AppError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(AppError::invalid(name, "must be text")),
    }
}
