//! `POST /v2/tasks/{id}/cancel`.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::TaskView;
use crate::http::Door;
use crate::http::acting::{Acting, ActingQuery};
use crate::http::problem::{Problem, ProblemBody};

/// Call a task off; a frame that is being told is not kept.
#[utoipa::path(post, path = "/v2/tasks/{id}/cancel", tag = "tasks",
    params(("id" = String, Path, description = "The task's id."), ActingQuery),
    responses(
        (status = 200, description = "The task as it stands now.", body = TaskView),
        (status = 404, description = "No such task, or another's.", body = ProblemBody),
        (status = 409, description = "It has ended already.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(door): State<Door>,
    Path(id): Path<String>,
    acting: Acting,
) -> Result<Json<TaskView>, Problem> {
    let task = door.app.jobs().cancel_task(acting.actor(), &id).await;
    task.map(Json).map_err(|error| Problem::of(error, "path"))
}
