//! `GET /v2/tasks/{id}`: how a task stands.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::TaskView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};

/// A task.
#[utoipa::path(get, path = "/v2/tasks/{id}", tag = "tasks",
    params(("id" = String, Path, description = "The task's id."), OptionalClientQuery),
    responses(
        (status = 200, body = TaskView),
        (status = 404, description = "No such task, or another's.", body = ProblemBody),
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
