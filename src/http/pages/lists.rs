//! `/lists/{id}`: a list of stories, one's own or a public one.

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::IntoResponse;
use calliope_web::ListPage;

use super::answer::{self, PageResult};
use super::fields::Fields;
use super::frame_view;
use super::visitor::Visitor;
use crate::http::{HttpState, cursor, path_id};

/// How many stories a page shows.
const PAGE_SIZE: i64 = 24;

/// Shows a page of a list's stories.
pub(super) async fn get(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(id): Path<String>,
    uri: Uri,
) -> PageResult {
    let principal = visitor.require_known()?;
    let before = Fields::of_query(&uri).get("before").map(str::to_owned);
    let before: Option<i64> =
        cursor::parse(before.as_ref()).map_err(IntoResponse::into_response)?;
    let (stories, id) = (state.app.stories(), path_id::parse(&id));
    let list = stories.read_list(visitor.actor(principal), id, None, 0).await;
    let (list, _) = list.map_err(answer::refuse)?;
    let page = stories.covers_in_list(visitor.reader(), id, before, PAGE_SIZE).await;
    let page = page.map_err(answer::refuse)?;
    let more = page.next.map(|next| format!("/lists/{id}?before={}", cursor::encode(&next)));
    let view = ListPage {
        shell: visitor.shell(),
        name: list.name,
        description: list.description,
        covers: page.items.into_iter().map(frame_view::cover).collect(),
        more,
    };
    Ok(answer::page(&state, &view).await)
}
