//! `GET /v2/tasks/{id}`: how a task stands.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::TaskView;
use crate::http::Door;
use crate::http::acting::{Acting, ActingQuery};
use crate::http::problem::{Problem, ProblemBody};

/// A task.
#[utoipa::path(get, path = "/v2/tasks/{id}", tag = "tasks",
    params(("id" = String, Path, description = "The task's id."), ActingQuery),
    responses(
        (status = 200, body = TaskView),
        (status = 404, description = "No such task, or another's.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Path(id): Path<String>,
    acting: Acting,
) -> Result<Json<TaskView>, Problem> {
    door.app
        .jobs()
        .task(acting.actor(), &id)
        .await
        .map(Json)
        .map_err(|error| Problem::of(error, "path"))
}
