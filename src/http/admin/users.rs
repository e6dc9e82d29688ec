//! `/admin/api/users`: the people who may log in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::act::By;
use super::page::{List, PageQuery};
use crate::app::identity::{UserOrder, UserView};
use crate::http::Door;
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};

const NAME: &str = "users";

/// Users, by name.
#[utoipa::path(get, path = "/admin/api/users", tag = "admin", params(PageQuery),
    responses((status = 200, body = List<UserView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    page: PageQuery,
) -> Result<Json<List<UserView>>, Problem> {
    let after: Option<String> = page.after(NAME)?;
    let users = door.app.identities.users(after.as_deref(), &page.q, page.limit).await;
    users.map(|users| Json(List::of(users, NAME))).map_err(|error| Problem::of(error, "query"))
}

/// Add a user.
#[utoipa::path(post, path = "/admin/api/users", tag = "admin", request_body = UserOrder, responses(
    (status = 201, body = UserView),
    (status = 409, description = "The name is taken.", body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(in crate::http) async fn post(
    State(door): State<Door>,
    By(act): By,
    Sent(order): Sent<UserOrder>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let created = door.app.identities.create_user(order, &act).await;
    let created = created.map_err(|error| Problem::of(error, "body"))?;
    Ok((StatusCode::CREATED, Json(created)))
}
