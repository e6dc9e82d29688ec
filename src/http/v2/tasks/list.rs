//! `GET /v2/tasks`: a client's tasks, page by page.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::app::TaskView;
use crate::domain::{ClientId, Principal, TaskStatus};
use crate::http::page::List;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Limit, ValidQuery};
use crate::http::request_actor::RequestActor;
use crate::http::{HttpState, cursor};
use crate::store::TaskFilter;

/// Which tasks to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct TasksQuery {
    /// Only tasks of this client: 1-255 printable characters. With a device's token, the device's own by default.
    /// Required otherwise, except for admins, who see all tasks by default.
    #[param(value_type = Option<String>, min_length = 1, max_length = 255, example = "kitchen")]
    pub(in crate::http) client_id: Option<ClientId>,
    /// Only tasks of the story with this id; of all by default.
    pub(in crate::http) story_id: Option<Uuid>,
    /// Only tasks with this status: `pending`, `running`, `completed`, `failed` or `cancelled`; with any by default.
    #[param(pattern = "^(pending|running|completed|failed|cancelled)$", value_type = Option<String>)]
    pub(in crate::http) status: Option<TaskStatus>,
    /// The most tasks on a page, 1-100; 20 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub(in crate::http) limit: Limit,
    /// The `next_cursor` of the previous page; the first page by default.
    pub(in crate::http) cursor: Option<String>,
}

/// List tasks
///
/// Lists tasks, the newest first.
#[utoipa::path(get, path = "/v2/tasks", tag = "tasks", params(TasksQuery),
    responses(
        (status = 200, description = "One page of the tasks.", body = List<TaskView>),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    ValidQuery(query): ValidQuery<TasksQuery>,
) -> Result<Json<List<TaskView>>, Problem> {
    let actor = RequestActor::new(principal, query.client_id);
    if !actor.principal.is_admin() {
        actor.require_client_id()?;
    }
    let filter = TaskFilter {
        story_id: query.story_id,
        client_id: actor.client_id.as_ref().map(ClientId::as_str),
        status: query.status,
        before: cursor::parse(query.cursor.as_ref())?,
    };
    let tasks = state.app.jobs().list_tasks(filter, query.limit.0).await;
    tasks
        .map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}
