//! `/admin/api/users`: the people who may log in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::act::By;
use crate::app::identity::{UserOrder, UserView};
use crate::http::json::Sent;
use crate::http::page::{List, SearchQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::Asked;
use crate::http::{Door, cursor};

/// Users, by name.
#[utoipa::path(get, path = "/admin/api/users", tag = "admin", params(SearchQuery),
    responses((status = 200, body = List<UserView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Asked(query): Asked<SearchQuery>,
) -> Result<Json<List<UserView>>, Problem> {
    let after: Option<String> = cursor::place(query.cursor.as_ref())?;
    let users = door.app.identities().users(after.as_deref(), &query.q.0, query.limit.0).await;
    users.map(|users| Json(List::of(users))).map_err(|error| Problem::of(error, "query"))
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
    let created = door.app.identities().create_user(order, &act).await;
    let created = created.map_err(|error| Problem::of(error, "body"))?;
    Ok((StatusCode::CREATED, Json(created)))
}
