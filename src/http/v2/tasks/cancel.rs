//! `POST /v2/tasks/{id}/cancel`: cancel a task.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::TaskView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};

/// Cancel a task
///
/// Cancels a task that waits or runs. A frame that it was making is discarded.
#[utoipa::path(post, path = "/v2/tasks/{id}/cancel", tag = "tasks",
    params(
        ("id" = String, Path, description = "The task's id: `task_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000001"),
        OptionalClientQuery,
    ),
    responses(
        (status = 200, description = "The cancelled task.", body = TaskView),
        (status = 404, description = "No task has this id, or it belongs to another client.", body = ProblemBody),
        (status = 409, description = "The task has already ended.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    actor: RequestActor,
) -> Result<Json<TaskView>, Problem> {
    let task = state.app.jobs().cancel_task(actor.as_actor(), &id).await;
    task.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
