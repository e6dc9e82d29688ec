//! `GET /v2/bookmark-lists/{id}`: a list with its stories.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use crate::app::Actor;
use crate::domain::Principal;
use crate::http::bookmark_list::BookmarkListWithStories;
use crate::http::page::ClientPageQuery;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor, path_id};

/// Read a bookmark list
///
/// Returns the list and one page of its stories, the latest added first. A client reads its own lists and public ones.
#[utoipa::path(get, path = "/v2/bookmark-lists/{id}", tag = "bookmark lists",
    params(
        ("id" = i64, Path, description = "The list's id: `id` in the response of `POST /v2/bookmark-lists`.",
            example = 1),
        ClientPageQuery,
    ),
    responses(
        (status = 200, description = "The list and one page of its stories.", body = BookmarkListWithStories),
        (status = 404, body = ProblemBody,
            description = "No list has this id, or it belongs to another client and is not public."),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(principal): Extension<Principal>,
    ValidQuery(query): ValidQuery<ClientPageQuery>,
) -> Result<Json<BookmarkListWithStories>, Problem> {
    let before = cursor::parse(query.cursor.as_ref())?;
    let actor = Actor { principal: &principal, client_id: Some(&query.client_id) };
    let read =
        state.app.stories().read_list(actor, path_id::parse(&id), before, query.limit.0).await;
    read.map(|read| Json(BookmarkListWithStories::from_page(read)))
        .map_err(|error| Problem::from_error(error, "path"))
}
