//! `PUT /admin/api/bookmark-lists/{id}`: replaces a bookmark list.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use crate::app::{BookmarkList, BookmarkListRequest};
use crate::domain::Principal;
use crate::http::admin::acting_admin::admin_actor;
use crate::http::bookmark_list::MAX_LIST_BODY;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, path_id};

/// Replace a bookmark list
///
/// Omitted fields get their defaults. The owner and the stories of the list stay.
#[utoipa::path(put, path = "/admin/api/bookmark-lists/{id}", tag = "admin",
    params(("id" = i64, Path, example = 1,
            description = "Id of the list: `id` in `GET /admin/api/bookmark-lists`.")),
    request_body = BookmarkListRequest,
    responses(
        (status = 200, body = BookmarkList), (status = 404, body = ProblemBody),
        (status = 409, description = "The client has another list of this name.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(principal): Extension<Principal>,
    ValidJson(request): ValidJson<BookmarkListRequest, MAX_LIST_BODY>,
) -> Result<Json<BookmarkList>, Problem> {
    let changed = state
        .app
        .stories()
        .update_list(admin_actor(&principal), path_id::parse(&id), request.into())
        .await;
    changed.map(Json).map_err(|error| Problem::from_error(error, "body"))
}
