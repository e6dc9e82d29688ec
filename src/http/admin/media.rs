//! `POST /admin/api/media/sync` and `…/cleanup`: start tasks that work on all stored media.

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::AppError;
use crate::app::jobs::ApplyRetention;
use crate::domain::{Lifetime, Principal};
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};
use crate::settings::RetentionExemption;

/// What to remove.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct MediaCleanupRequest {
    /// Removes the media of stories without a new frame for this long, such as `90d`, `12h` or `4w`. If omitted,
    /// stories keep their media, and the task only removes expired inputs and orphans and evicts from the cache.
    #[schema(pattern = "^([1-9][0-9]{0,3}h|[1-9][0-9]{0,2}d|[1-9][0-9]?w|[1-4][0-9]{2}w)$")]
    older_than: Option<String>,
    /// Stories that keep their media regardless of `older_than`: `bookmarked` (default) or `none`.
    #[schema(pattern = "^(bookmarked|none)$", value_type = Option<String>)]
    keep: Option<RetentionExemption>,
    /// Whether to report what would be removed without removing it; default `false`.
    #[serde(default)]
    dry_run: bool,
}

/// A task was created.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct TaskAccepted {
    /// Id of the task.
    task_id: Uuid,
    /// What the task does, in plain words.
    message: &'static str,
}

/// A 202 with the task's path in `Location`.
pub(in crate::http) type TaskAcceptedResponse =
    (StatusCode, [(HeaderName, HeaderValue); 1], Json<TaskAccepted>);

/// Upload missing files to the bucket
#[utoipa::path(post, path = "/admin/api/media/sync", tag = "admin",
    responses(
        (status = 202, description = "A task was created; `Location` is its path.", body = TaskAccepted),
        (status = 409, description = "No bucket is configured.", body = ProblemBody),
    ))]
pub(in crate::http) async fn sync(
    State(state): State<HttpState>,
) -> Result<TaskAcceptedResponse, Problem> {
    let enqueued = state.app.ops().enqueue_sync().await;
    task_accepted(enqueued, "The missing files are being uploaded to the bucket.")
}

/// Clean up media
///
/// The task's result and the audit log say what was removed.
#[utoipa::path(post, path = "/admin/api/media/cleanup", tag = "admin", request_body = MediaCleanupRequest,
    responses(
        (status = 202, description = "A task was created; `Location` is its path.", body = TaskAccepted),
        (status = 422, description = "`older_than` is not a valid duration.", body = ProblemBody),
    ))]
pub(in crate::http) async fn cleanup(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    ValidJson(request): ValidJson<MediaCleanupRequest>,
) -> Result<TaskAcceptedResponse, Problem> {
    let older_than = request.older_than.map(|text| text.parse::<Lifetime>()).transpose();
    let older_than = older_than
        .map_err(|error| Problem::from_error(AppError::invalid("older_than", error), "body"))?
        .map(|Lifetime(age)| age);
    let keep = request.keep.unwrap_or(RetentionExemption::Bookmarked);
    let job = ApplyRetention::new(&principal, older_than, keep, request.dry_run);
    task_accepted(state.app.ops().enqueue_cleanup(&job).await, "Media are being cleaned up.")
}

/// Builds the response for a task that was enqueued.
pub(in crate::http) fn task_accepted(
    enqueued: Result<Uuid, AppError>,
    message: &'static str,
) -> Result<TaskAcceptedResponse, Problem> {
    let task_id = enqueued.map_err(|error| Problem::from_error(error, "body"))?;
    let location = HeaderValue::from_str(&format!("/v2/tasks/{task_id}"));
    let location = location.unwrap_or(HeaderValue::from_static("/v2/tasks"));
    Ok((StatusCode::ACCEPTED, [(LOCATION, location)], Json(TaskAccepted { task_id, message })))
}
