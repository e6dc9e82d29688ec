//! `POST /admin/api/media/sync` and `…/cleanup`: work on everything that is kept, done by tasks.

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

/// What is to be cleaned up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct MediaCleanupRequest {
    /// Media of stories that nobody has gone on with for so long: `90d`, `12h`, `4w`. Without it stories keep theirs, and
    /// only inputs past their time, orphans and the cache are looked after.
    older_than: Option<String>,
    /// Stories that keep theirs nevertheless: `bookmarked` (also without it) or `none`.
    #[schema(value_type = Option<String>)]
    keep: Option<RetentionExemption>,
    /// Whether only to say what would go.
    #[serde(default)]
    dry_run: bool,
}

/// What does it.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct TaskAccepted {
    task_id: Uuid,
    message: &'static str,
}

pub(in crate::http) type TaskAcceptedResponse =
    (StatusCode, [(HeaderName, HeaderValue); 1], Json<TaskAccepted>);

/// Put into the bucket what it lacks.
#[utoipa::path(post, path = "/admin/api/media/sync", tag = "admin",
    responses(
        (status = 202, description = "A task does it; `Location` leads to it.", body = TaskAccepted),
        (status = 409, description = "There is no bucket.", body = ProblemBody),
    ))]
pub(in crate::http) async fn sync(
    State(state): State<HttpState>,
) -> Result<TaskAcceptedResponse, Problem> {
    let ordered = state.app.ops().enqueue_sync().await;
    task_accepted(ordered, "What the bucket lacks is put there.")
}

/// Clean up media. What it did is told by the task's result, and in the audit.
#[utoipa::path(post, path = "/admin/api/media/cleanup", tag = "admin", request_body = MediaCleanupRequest,
    responses(
        (status = 202, description = "A task does it; `Location` leads to it.", body = TaskAccepted),
        (status = 422, description = "A time that is none.", body = ProblemBody),
    ))]
pub(in crate::http) async fn cleanup(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    ValidJson(order): ValidJson<MediaCleanupRequest>,
) -> Result<TaskAcceptedResponse, Problem> {
    let older_than = order.older_than.map(|text| text.parse::<Lifetime>()).transpose();
    let older_than = older_than
        .map_err(|error| Problem::from_error(AppError::invalid("older_than", error), "body"))?
        .map(|Lifetime(age)| age);
    let keep = order.keep.unwrap_or(RetentionExemption::Bookmarked);
    let order = ApplyRetention::new(&principal, older_than, keep, order.dry_run);
    task_accepted(state.app.ops().enqueue_cleanup(&order).await, "Media are cleaned up.")
}

/// The answer to an order that a task carries out.
pub(in crate::http) fn task_accepted(
    ordered: Result<Uuid, AppError>,
    message: &'static str,
) -> Result<TaskAcceptedResponse, Problem> {
    let task_id = ordered.map_err(|error| Problem::from_error(error, "body"))?;
    let location = HeaderValue::from_str(&format!("/v2/tasks/{task_id}"));
    let location = location.unwrap_or(HeaderValue::from_static("/v2/tasks"));
    Ok((StatusCode::ACCEPTED, [(LOCATION, location)], Json(TaskAccepted { task_id, message })))
}
