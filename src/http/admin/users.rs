//! `/admin/api/users`: the users who may log in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::acting_admin::ActingAdmin;
use crate::app::identity::{CreateUserRequest, UserView};
use crate::http::json::ValidJson;
use crate::http::page::{List, SearchPageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor};

/// List users
///
/// Users are sorted by name. `q` searches names and descriptions.
#[utoipa::path(get, path = "/admin/api/users", tag = "admin", params(SearchPageQuery),
    responses((status = 200, body = List<UserView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    ValidQuery(query): ValidQuery<SearchPageQuery>,
) -> Result<Json<List<UserView>>, Problem> {
    let after: Option<String> = cursor::parse(query.cursor.as_ref())?;
    let users = state.app.identities().users(after.as_deref(), &query.q.0, query.limit.0).await;
    users
        .map(|users| Json(List::from_page(users)))
        .map_err(|error| Problem::from_error(error, "query"))
}

/// Create a user
#[utoipa::path(post, path = "/admin/api/users", tag = "admin", request_body = CreateUserRequest, responses(
    (status = 201, body = UserView),
    (status = 409, description = "The name is taken.", body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    ActingAdmin(audit): ActingAdmin,
    ValidJson(request): ValidJson<CreateUserRequest>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let created = state.app.identities().create_user(request, &audit).await;
    let created = created.map_err(|error| Problem::from_error(error, "body"))?;
    Ok((StatusCode::CREATED, Json(created)))
}
