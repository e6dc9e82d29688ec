//! `GET /v2/tasks/{id}`: the status of a task.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::TaskView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};

/// Read a task
///
/// Returns the task's status. Repeat until `status` is `completed`, `failed` or `cancelled`, or follow
/// `GET /v2/stories/{id}/events` instead.
#[utoipa::path(get, path = "/v2/tasks/{id}", tag = "tasks",
    params(
        ("id" = String, Path, description = "The task's id: `task_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000001"),
        OptionalClientQuery,
    ),
    responses(
        (status = 200, description = "The task.", body = TaskView),
        (status = 404, description = "No task has this id, or it belongs to another client.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    actor: RequestActor,
) -> Result<Json<TaskView>, Problem> {
    state
        .app
        .jobs()
        .task(actor.as_actor(), &id)
        .await
        .map(Json)
        .map_err(|error| Problem::from_error(error, "path"))
}
