//! `GET /v2/tasks/status/{id}`: an earlier path of `GET /v2/tasks/{id}`, kept for existing clients.

use axum::Json;
use axum::extract::{Path, State};

use super::read;
use crate::app::TaskView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};

/// Read a task at its earlier path
///
/// Does the same as `GET /v2/tasks/{id}`, which new clients should use.
#[utoipa::path(get, path = "/v2/tasks/status/{id}", tag = "tasks",
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
    state: State<HttpState>,
    id: Path<String>,
    actor: RequestActor,
) -> Result<Json<TaskView>, Problem> {
    read::get(state, id, actor).await
}
