//! `GET /v2/tasks/status/{id}`: the same as `/v2/tasks/{id}`, under its former name.

use axum::Json;
use axum::extract::{Path, State};

use super::read;
use crate::app::TaskView;
use crate::http::Door;
use crate::http::acting::{Acting, ActingQuery};
use crate::http::problem::{Problem, ProblemBody};

/// A task, under a former name.
#[utoipa::path(get, path = "/v2/tasks/status/{id}", tag = "tasks",
    params(("id" = String, Path, description = "The task's id."), ActingQuery),
    responses(
        (status = 200, body = TaskView),
        (status = 404, description = "No such task, or another's.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    door: State<Door>,
    id: Path<String>,
    acting: Acting,
) -> Result<Json<TaskView>, Problem> {
    read::get(door, id, acting).await
}
