//! `POST /v2/tasks/{id}/cancel`.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::TaskView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};

/// Call a task off; a frame that is being told is not kept.
#[utoipa::path(post, path = "/v2/tasks/{id}/cancel", tag = "tasks",
    params(("id" = String, Path, description = "The task's id."), OptionalClientQuery),
    responses(
        (status = 200, description = "The task as it stands now.", body = TaskView),
        (status = 404, description = "No such task, or another's.", body = ProblemBody),
        (status = 409, description = "It has ended already.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    actor: RequestActor,
) -> Result<Json<TaskView>, Problem> {
    let task = state.app.jobs().cancel_task(actor.as_actor(), &id).await;
    task.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
