//! `POST /admin/api/bookmark-lists`: a list for a client.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{AppendHeaders, IntoResponse};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::ToSchema;

use super::admin;
use crate::app::{BookmarkList, ListOrder};
use crate::domain::{ClientId, Principal};
use crate::http::Door;
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};

/// A list to be made for a client.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ClientListOrder {
    /// Whose it is to be.
    #[schema(value_type = String)]
    client_id: ClientId,
    /// 1-255 characters, unlike the names of the client's other lists.
    name: String,
    /// What it is for: at most 2,000 characters.
    description: Option<String>,
    /// Whether others may read it; they may not unless it says so.
    is_public: Option<bool>,
}

/// Make a list for a client.
#[utoipa::path(post, path = "/admin/api/bookmark-lists", tag = "admin", request_body = ClientListOrder,
    responses(
        (status = 201, description = "Made; `Location` says where it is.", body = BookmarkList),
        (status = 409, description = "The client has one of this name, or too many.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(door): State<Door>,
    Extension(principal): Extension<Principal>,
    Sent(order): Sent<ClientListOrder>,
) -> Result<impl IntoResponse, Problem> {
    let ClientListOrder { client_id, name, description, is_public } = order;
    let order = ListOrder { name, description, is_public };
    let made = door.app.stories().create_list(admin(&principal), &client_id, order).await;
    let made = made.map_err(|error| Problem::of(error, "body"))?;
    let location = format!("/admin/api/bookmark-lists/{}", made.id);
    Ok((StatusCode::CREATED, AppendHeaders([(LOCATION, location)]), Json(made)))
}
