//! `POST /v2/tasks/{id}/retry`.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::TaskView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};

/// Have a task that failed or was cancelled done after all.
#[utoipa::path(post, path = "/v2/tasks/{id}/retry", tag = "tasks",
    params(("id" = String, Path, description = "The task's id."), OptionalClientQuery),
    responses(
        (status = 200, description = "The task as it stands now.", body = TaskView),
        (status = 404, description = "No such task, or another's.", body = ProblemBody),
        (status = 409, description = "It neither failed nor was cancelled.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    actor: RequestActor,
) -> Result<Json<TaskView>, Problem> {
    let task = state.app.jobs().retry_task(actor.as_actor(), &id).await;
    task.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
