//! `GET /v2/tasks/status/{id}`: the same as `/v2/tasks/{id}`, under its former name.

use axum::Json;
use axum::extract::{Path, State};

use super::read;
use crate::app::TaskView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};

/// A task, under a former name.
#[utoipa::path(get, path = "/v2/tasks/status/{id}", tag = "tasks",
    params(("id" = String, Path, description = "The task's id."), OptionalClientQuery),
    responses(
        (status = 200, body = TaskView),
        (status = 404, description = "No such task, or another's.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    state: State<HttpState>,
    id: Path<String>,
    actor: RequestActor,
) -> Result<Json<TaskView>, Problem> {
    read::get(state, id, actor).await
}
