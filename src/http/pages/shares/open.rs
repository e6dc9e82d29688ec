//! `/x/{token}`, `/x/{token}/{page}` and `/x/{token}/{story}/{number}`: what is shared.

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use calliope_web::ListPage;

use super::super::answer::{self, PageResult};
use super::super::fields::Fields;
use super::super::frame_view;
use super::super::visitor::Visitor;
use super::{Head, SharedPage, camera, forget, story, wall};
use crate::app::{PageReader, ReadableStory};
use crate::domain::ShareKind;
use crate::http::{HttpState, cursor};

/// How many stories a page of a list shows.
const PAGE_SIZE: i64 = 24;

/// Opens a share.
pub(in crate::http::pages) async fn first(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(token): Path<String>,
    uri: Uri,
    head: Head,
) -> PageResult {
    let base = format!("/x/{token}");
    // A visitor may still have everything erased when the camera is closed.
    let forget = forget::address_for(&state, &base, &head.headers).await?;
    let mut page = SharedPage::find_or_offer(&state, visitor, &token, forget).await?;
    page.count_visit(&state, &head.method, &head.headers).await;
    let response = match page.share.kind {
        ShareKind::Story => {
            let found = shared_story(&state, &page).await?;
            if found.frame_count > 0 {
                answer::see_other(&format!("{base}/1"))
            } else {
                story::show(&state, &page, &found, "", "1").await?
            }
        }
        ShareKind::List => list(&state, &page, &uri).await?,
        ShareKind::Wall => wall::show(&state, &page).await?,
        ShareKind::Give => camera::show(&state, &page, &head.headers).await?,
    };
    Ok(page.finish(response))
}

/// Shows a frame of the story that is shared.
pub(in crate::http::pages) async fn frame(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path((token, number)): Path<(String, String)>,
    head: Head,
) -> PageResult {
    let mut page = SharedPage::find(&state, visitor, &token).await?;
    page.require_kind(&state, ShareKind::Story).await?;
    let found = shared_story(&state, &page).await?;
    let response = story::show(&state, &page, &found, "", &number).await?;
    page.count_visit(&state, &head.method, &head.headers).await;
    Ok(page.finish(response))
}

/// Shows a frame of a story in the list that is shared.
pub(in crate::http::pages) async fn frame_of_list(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path((token, name, number)): Path<(String, String, String)>,
    head: Head,
) -> PageResult {
    let mut page = SharedPage::find(&state, visitor, &token).await?;
    page.require_kind(&state, ShareKind::List).await?;
    let found = story_of_list(&state, &page, &name).await?;
    let name = frame_view::story_name(&found);
    let response = story::show(&state, &page, &found, &name, &number).await?;
    page.count_visit(&state, &head.method, &head.headers).await;
    Ok(page.finish(response))
}

/// Returns the story that is shared, or the one with a name in the list that is shared.
pub(super) async fn readable_story(
    state: &HttpState,
    page: &SharedPage,
    name: Option<&str>,
) -> Result<ReadableStory, Response> {
    match (page.share.kind, name) {
        (ShareKind::Story, None) => shared_story(state, page).await,
        (ShareKind::List, Some(name)) => story_of_list(state, page, name).await,
        _ => Err(page.nothing(state).await),
    }
}

/// Returns the story that is shared. It is gone if its Sparrow has become private in the meantime.
async fn shared_story(state: &HttpState, page: &SharedPage) -> Result<ReadableStory, Response> {
    let id = page.share.story_id.unwrap_or_default();
    match state.app.stories().readable_story_by_id(page.reader(), id).await {
        Ok(story) => Ok(story),
        Err(error) => Err(page.refuse(state, error).await),
    }
}

/// Returns the story with a name in the list that is shared.
async fn story_of_list(
    state: &HttpState,
    page: &SharedPage,
    name: &str,
) -> Result<ReadableStory, Response> {
    let list_id = page.share.list_id.unwrap_or_default();
    let owner = page.owner();
    let reader = PageReader { client_id: owner.as_ref(), is_admin: false };
    let found = match state.app.stories().readable_story(reader, name).await {
        Ok(found) => found,
        Err(error) => return Err(page.refuse(state, error).await),
    };
    let is_in_list = state.app.stories().is_in_list(list_id, found.id).await;
    if is_in_list.map_err(answer::refuse)? { Ok(found) } else { Err(page.nothing(state).await) }
}

async fn list(state: &HttpState, page: &SharedPage, uri: &Uri) -> PageResult {
    let before = Fields::of_query(uri).get("before").map(str::to_owned);
    let before: Option<i64> =
        cursor::parse(before.as_ref()).map_err(IntoResponse::into_response)?;
    let id = page.share.list_id.unwrap_or_default();
    let owner = page.owner();
    let reader = PageReader { client_id: owner.as_ref(), is_admin: false };
    let stories = state.app.stories();
    let Some(list) = stories.shared_list(id).await.map_err(answer::refuse)? else {
        return Err(page.nothing(state).await);
    };
    let covers = stories.covers_in_list(reader, id, before, PAGE_SIZE).await;
    let covers = covers.map_err(answer::refuse)?;
    let more = covers.next.map(|next| format!("{}?before={}", page.base, cursor::encode(&next)));
    let mut shown = Vec::with_capacity(covers.items.len());
    for cover in covers.items {
        let mut cover = frame_view::cover(cover);
        cover.address = cover.address.replacen("/s/", &format!("{}/", page.base), 1);
        page.sign_picture(state, cover.picture.as_mut()).await?;
        shown.push(cover);
    }
    let view = ListPage {
        shell: page.shell(),
        name: list.name,
        description: list.description,
        covers: shown,
        more,
    };
    Ok(answer::page(state, &view).await)
}
