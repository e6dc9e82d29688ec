//! `POST /admin/api/bookmark-lists`: a list for a client.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{AppendHeaders, IntoResponse};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::ToSchema;

use super::admin_actor;
use crate::app::{BookmarkList, BookmarkListRequest};
use crate::domain::{ClientId, Principal};
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};

/// A list to be made for a client.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ClientBookmarkListRequest {
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
#[utoipa::path(post, path = "/admin/api/bookmark-lists", tag = "admin", request_body = ClientBookmarkListRequest,
    responses(
        (status = 201, description = "Made; `Location` says where it is.", body = BookmarkList),
        (status = 409, description = "The client has one of this name, or too many.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    ValidJson(order): ValidJson<ClientBookmarkListRequest>,
) -> Result<impl IntoResponse, Problem> {
    let ClientBookmarkListRequest { client_id, name, description, is_public } = order;
    let order = BookmarkListRequest { name, description, is_public };
    let made = state.app.stories().create_list(admin_actor(&principal), &client_id, order).await;
    let made = made.map_err(|error| Problem::from_error(error, "body"))?;
    let location = format!("/admin/api/bookmark-lists/{}", made.id);
    Ok((StatusCode::CREATED, AppendHeaders([(LOCATION, location)]), Json(made)))
}
