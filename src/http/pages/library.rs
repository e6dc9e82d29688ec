//! `/library`: the covers of stories, by day.

use axum::extract::State;
use axum::http::Uri;
use axum::response::IntoResponse;
use calliope_web::{LibraryDay, LibraryPage};

use super::answer::{self, PageResult};
use super::fields::Fields;
use super::frame_view;
use super::visitor::Visitor;
use crate::app::StoryCursor;
use crate::http::{HttpState, cursor};

/// How many stories a page shows.
const PAGE_SIZE: i64 = 24;

/// Shows a page of the stories that the visitor may see.
pub(super) async fn get(State(state): State<HttpState>, visitor: Visitor, uri: Uri) -> PageResult {
    visitor.require_known()?;
    let before = Fields::of_query(&uri).get("before").map(str::to_owned);
    let before: Option<StoryCursor> =
        cursor::parse(before.as_ref()).map_err(IntoResponse::into_response)?;
    let page = state.app.stories().library(visitor.reader(), before, PAGE_SIZE).await;
    let page = page.map_err(answer::refuse)?;
    let mut days: Vec<LibraryDay> = Vec::new();
    for cover in page.items {
        let name = cover.date_updated.format("%A, %-d %B %Y").to_string();
        let shown = frame_view::cover(cover);
        match days.last_mut().filter(|day| day.name == name) {
            Some(day) => day.covers.push(shown),
            None => days.push(LibraryDay { name, covers: vec![shown] }),
        }
    }
    let older = page.next.map(|next| format!("/library?before={}", cursor::encode(&next)));
    let view = LibraryPage { shell: visitor.shell(), days, older };
    Ok(answer::page(&state, &view).await)
}
