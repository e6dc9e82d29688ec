//! `/bookmarks`: the frames that a browser's reader has kept, and their lists of stories.

use axum::extract::{Request, State};
use axum::response::IntoResponse;
use calliope_web::{BookmarkCard, BookmarksPage, shorten};

use super::answer::{self, PageResult};
use super::fields::Fields;
use super::frame_view::{picture, story_name};
use super::visitor::Visitor;
use crate::app::BookmarkedFrame;
use crate::http::HttpState;

/// How many lists of stories the page shows.
const MAX_LISTS: i64 = 100;

/// Shows the bookmarks.
pub(super) async fn get(State(state): State<HttpState>, visitor: Visitor) -> PageResult {
    visitor.require_known()?;
    let mut view = BookmarksPage { shell: visitor.shell(), ..BookmarksPage::default() };
    if let Some(client_id) = &visitor.browser {
        let stories = state.app.stories();
        let bookmarks = stories.bookmarked_frames(client_id).await.map_err(answer::refuse)?;
        view.bookmarks = bookmarks.into_iter().map(card).collect();
        let lists = stories.own_lists(client_id, None, MAX_LISTS).await.map_err(answer::refuse)?;
        let link = |list: crate::app::BookmarkList| (format!("/lists/{}", list.id), list.name);
        view.lists = lists.items.into_iter().map(link).collect();
    }
    Ok(answer::page(&state, &view).await)
}

fn card(bookmark: BookmarkedFrame) -> BookmarkCard {
    let name = bookmark.slug.unwrap_or_else(|| bookmark.story_id.to_string());
    let key = bookmark.image_key.as_deref();
    BookmarkCard {
        id: bookmark.id,
        address: format!("/s/{name}/{}", bookmark.number + 1),
        words: shorten(bookmark.text.as_deref().unwrap_or_default(), 160),
        comments: bookmark.comments.unwrap_or_default(),
        picture: picture(key, bookmark.image_width, bookmark.image_height, String::new()),
    }
}

/// Keeps a frame, or removes a bookmark, and goes back to where the form was.
pub(super) async fn post(
    State(state): State<HttpState>,
    mut visitor: Visitor,
    request: Request,
) -> PageResult {
    let (parts, content) = request.into_parts();
    let form = Fields::of_form(&parts.headers, content).await;
    let form = form.map_err(IntoResponse::into_response)?;
    let client_id = visitor.require_browser(&state, &parts.headers).await?;
    let stories = state.app.stories();
    let number = form.get("number").and_then(|number| number.parse::<i64>().ok());
    let story = match form.get("slug") {
        Some(slug) => {
            let story = stories.readable_story(visitor.reader(), slug).await;
            Some(story.map_err(answer::refuse)?)
        }
        None => None,
    };
    if let Some(id) = form.get("remove").and_then(|id| id.parse().ok()) {
        stories.delete_frame_bookmark(&client_id, id).await.map_err(answer::refuse)?;
    } else if let (Some(story), Some(number)) = (&story, number) {
        let id = story.id.to_string();
        let index = number.saturating_sub(1);
        stories.bookmark_frame(&client_id, &id, index, None).await.map_err(answer::refuse)?;
    }
    let back = match (&story, number) {
        (Some(story), Some(number)) => format!("/s/{}/{number}", story_name(story)),
        _ => "/bookmarks".to_owned(),
    };
    let mut response = answer::see_other(&back);
    visitor.set_cookies(&mut response);
    Ok(response)
}
