//! `POST /admin/api/bookmark-lists`: creates a bookmark list for a client.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{AppendHeaders, IntoResponse};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{BookmarkList, BookmarkListRequest};
use crate::domain::{ClientId, Principal};
use crate::http::HttpState;
use crate::http::admin::acting_admin::admin_actor;
use crate::http::bookmark_list::MAX_LIST_BODY;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};

/// A new bookmark list and the client that owns it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ClientBookmarkListRequest {
    /// Id of the client that owns the list.
    #[schema(min_length = 1, max_length = 255, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$", value_type = String)]
    client_id: ClientId,
    /// Name of the list: 1-255 characters, unique among the client's lists.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"
    )]
    name: String,
    /// What the list is for: at most 2,000 characters.
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// Whether other clients may read the list; default `false`.
    is_public: Option<bool>,
}

/// Create a bookmark list for a client
#[utoipa::path(post, path = "/admin/api/bookmark-lists", tag = "admin", request_body = ClientBookmarkListRequest,
    responses(
        (status = 201, description = "The list was created; `Location` is its path.", body = BookmarkList),
        (status = 409, description = "The client has a list of this name, or too many lists.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    ValidJson(request): ValidJson<ClientBookmarkListRequest, MAX_LIST_BODY>,
) -> Result<impl IntoResponse, Problem> {
    let ClientBookmarkListRequest { client_id, name, description, is_public } = request;
    let request = BookmarkListRequest { name, description, is_public };
    let created =
        state.app.stories().create_list(admin_actor(&principal), &client_id, request).await;
    let created = created.map_err(|error| Problem::from_error(error, "body"))?;
    let location = format!("/admin/api/bookmark-lists/{}", created.id);
    Ok((StatusCode::CREATED, AppendHeaders([(LOCATION, location)]), Json(created)))
}
