//! `/x/{token}/book` and its files: the story that is shared as a book, or a visitor's own frames. `/x/{token}/{story}/book`:
//! a story in a list.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::super::answer::{self, PageResult};
use super::super::book::{BookStory, file, page as book_page};
use super::super::visitor::Visitor;
use super::{Head, ShareAddress, SharedPage, camera, open};
use crate::app::BookFormat;
use crate::domain::ShareKind;
use crate::http::HttpState;

/// Shows the book, to be printed by a browser.
pub(in crate::http::pages) async fn page(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(address): Path<ShareAddress>,
    uri: Uri,
    head: Head,
) -> PageResult {
    let (mut page, book) = find(&state, visitor, &address, &head.headers).await?;
    let mut view = book_page::view(&state, book, &uri).await?;
    for frame in &mut view.frames {
        *frame = page.sign_frame(&state, std::mem::take(frame)).await?;
    }
    page.count_visit(&state, &head.method, &head.headers).await;
    Ok(page.finish(answer::page(&state, &view).await))
}

/// Sends the book as EPUB.
pub(in crate::http::pages) async fn epub(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(address): Path<ShareAddress>,
    uri: Uri,
    head: Head,
) -> PageResult {
    let (page, book) = find(&state, visitor, &address, &head.headers).await?;
    send(&state, page, &book, BookFormat::Epub, &uri, &head).await
}

/// Sends the book as PDF: with A5 pages, or as a sheet that folds into a zine.
pub(in crate::http::pages) async fn pdf(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(address): Path<ShareAddress>,
    uri: Uri,
    head: Head,
) -> PageResult {
    let (page, book) = find(&state, visitor, &address, &head.headers).await?;
    send(&state, page, &book, file::pdf_format(&uri)?, &uri, &head).await
}

async fn send(
    state: &HttpState,
    mut page: SharedPage,
    book: &BookStory,
    format: BookFormat,
    uri: &Uri,
    head: &Head,
) -> PageResult {
    let response = file::send(state, book, format, uri, &head.headers).await?;
    page.count_visit(state, &head.method, &head.headers).await;
    Ok(page.finish(response))
}

/// Finds the share of a request, and the story that its reader may have as a book.
async fn find(
    state: &HttpState,
    visitor: Visitor,
    address: &ShareAddress,
    headers: &HeaderMap,
) -> Result<(SharedPage, BookStory), Response> {
    let page = SharedPage::find(state, visitor, &address.token).await?;
    let mut book = BookStory {
        shell: page.shell(),
        story: match (page.share.kind, &address.story) {
            (ShareKind::Give, None) => camera::own_story(state, &page, headers).await?,
            (_, name) => open::readable_story(state, &page, name.as_deref()).await?,
        },
        pages: format!("{}/", page.base),
        back: page.base.clone(),
        name: "story".to_owned(),
        reader: page.visitor.ip.to_string(),
        address: None,
    };
    if page.share.kind == ShareKind::Give {
        // All visitors may come by one address.
        book.reader.clone_from(&book.story.client_id);
    } else {
        if let Some(name) = &address.story {
            book.pages = format!("{}/{name}/", page.base);
        }
        book.back = format!("{}1", book.pages);
    }
    Ok((page, book))
}
