//! `GET /v2/bookmark-lists/{id}`: a list with its stories.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use crate::app::Actor;
use crate::domain::Principal;
use crate::http::list_with_stories::ListWithStories;
use crate::http::page::ClientPageQuery;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::Asked;
use crate::http::{Door, cursor, path_id};

/// A list of the client's own, or a public one, with its stories, the last kept first.
#[utoipa::path(get, path = "/v2/bookmark-lists/{id}", tag = "bookmark lists",
    params(("id" = i64, Path, description = "The list's id."), ClientPageQuery),
    responses(
        (status = 200, body = ListWithStories),
        (status = 404, description = "No such list, or another's.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Path(id): Path<String>,
    Extension(principal): Extension<Principal>,
    Asked(query): Asked<ClientPageQuery>,
) -> Result<Json<ListWithStories>, Problem> {
    let before = cursor::place(query.cursor.as_ref())?;
    let actor = Actor { principal: &principal, client_id: Some(&query.client_id) };
    let read = door.app.stories().read_list(actor, path_id::id(&id), before, query.limit.0).await;
    read.map(|read| Json(ListWithStories::of(read))).map_err(|error| Problem::of(error, "path"))
}
