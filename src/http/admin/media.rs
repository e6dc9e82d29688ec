//! `POST /admin/api/media/sync` and `…/cleanup`: work on everything that is kept, done by tasks.

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::AppError;
use crate::app::jobs::CleanMedia;
use crate::domain::{Lifetime, Principal};
use crate::http::Door;
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};
use crate::settings::Spared;

/// What is to be cleaned up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CleanupOrder {
    /// Media of stories that nobody has gone on with for so long: `90d`, `12h`, `4w`. Without it stories keep theirs, and
    /// only inputs past their time, orphans and the cache are looked after.
    older_than: Option<String>,
    /// Stories that keep theirs nevertheless: `bookmarked` (also without it) or `none`.
    #[schema(value_type = Option<String>)]
    keep: Option<Spared>,
    /// Whether only to say what would go.
    #[serde(default)]
    dry_run: bool,
}

/// What does it.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Ordered {
    task_id: Uuid,
    message: &'static str,
}

pub(in crate::http) type Accepted = (StatusCode, [(HeaderName, HeaderValue); 1], Json<Ordered>);

/// Put into the bucket what it lacks.
#[utoipa::path(post, path = "/admin/api/media/sync", tag = "admin",
    responses(
        (status = 202, description = "A task does it; `Location` leads to it.", body = Ordered),
        (status = 409, description = "There is no bucket.", body = ProblemBody),
    ))]
pub(in crate::http) async fn sync(State(door): State<Door>) -> Result<Accepted, Problem> {
    let ordered = door.app.ops().order_sync().await;
    accepted(ordered, "What the bucket lacks is put there.")
}

/// Clean up media. What it did is told by the task's result, and in the audit.
#[utoipa::path(post, path = "/admin/api/media/cleanup", tag = "admin", request_body = CleanupOrder,
    responses(
        (status = 202, description = "A task does it; `Location` leads to it.", body = Ordered),
        (status = 422, description = "A time that is none.", body = ProblemBody),
    ))]
pub(in crate::http) async fn cleanup(
    State(door): State<Door>,
    Extension(principal): Extension<Principal>,
    Sent(order): Sent<CleanupOrder>,
) -> Result<Accepted, Problem> {
    let older_than = order.older_than.map(|text| text.parse::<Lifetime>()).transpose();
    let older_than = older_than
        .map_err(|error| Problem::of(AppError::invalid("older_than", error), "body"))?
        .map(|Lifetime(age)| age);
    let keep = order.keep.unwrap_or(Spared::Bookmarked);
    let order = CleanMedia::new(&principal, older_than, keep, order.dry_run);
    accepted(door.app.ops().order_cleaning(&order).await, "Media are cleaned up.")
}

/// The answer to an order that a task carries out.
pub(in crate::http) fn accepted(
    ordered: Result<Uuid, AppError>,
    message: &'static str,
) -> Result<Accepted, Problem> {
    let task_id = ordered.map_err(|error| Problem::of(error, "body"))?;
    let location = HeaderValue::from_str(&format!("/v2/tasks/{task_id}"));
    let location = location.unwrap_or(HeaderValue::from_static("/v2/tasks"));
    Ok((StatusCode::ACCEPTED, [(LOCATION, location)], Json(Ordered { task_id, message })))
}
