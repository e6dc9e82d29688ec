//! `GET /admin/api/tasks`: lists the tasks of every client and those of the service itself.

use axum::Json;
use axum::extract::State;

use crate::app::TaskView;
use crate::domain::ClientId;
use crate::http::page::List;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::v2::tasks::list::TasksQuery;
use crate::http::{HttpState, cursor};
use crate::store::TaskFilter;

/// List tasks
///
/// The tasks of every client and those of the service itself, the newest first.
#[utoipa::path(get, path = "/admin/api/tasks", tag = "admin", params(TasksQuery),
    responses((status = 200, body = List<TaskView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    ValidQuery(query): ValidQuery<TasksQuery>,
) -> Result<Json<List<TaskView>>, Problem> {
    let filter = TaskFilter {
        story_id: query.story_id,
        client_id: query.client_id.as_ref().map(ClientId::as_str),
        status: query.status,
        before: cursor::parse(query.cursor.as_ref())?,
    };
    let tasks = state.app.jobs().list_tasks(filter, query.limit.0).await;
    tasks
        .map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}
