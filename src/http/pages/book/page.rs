//! `/s/{slug}/book`: the story as a book to be printed by a browser.

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use calliope_web::BookPage;

use super::BookStory;
use super::volume::Volume;
use crate::http::HttpState;
use crate::http::pages::answer::{self, PageResult};
use crate::http::pages::frame_view::{frame_part, title};
use crate::http::pages::visitor::Visitor;

/// Shows a volume.
pub(in crate::http::pages) async fn get(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(slug): Path<String>,
    uri: Uri,
) -> PageResult {
    let book = BookStory::find(&state, &visitor, &slug).await?;
    let view = view(&state, book, &uri).await?;
    Ok(answer::page(&state, &view).await)
}

/// Returns the page of the volume that a request asks for.
pub(in crate::http::pages) async fn view(
    state: &HttpState,
    book: BookStory,
    uri: &Uri,
) -> Result<BookPage, Response> {
    let volume = Volume::read(state, &book.story, uri).await?;
    let colophon = volume.colophon(&book).into_iter();
    let author = if book.is_shared() { String::new() } else { book.story.client_id.clone() };
    Ok(BookPage {
        title: title(&book.story.title),
        author,
        part: volume.name(),
        volume: volume.number,
        volumes: volume.count,
        frames: volume.frames.iter().map(frame_part).collect(),
        colophon: colophon.map(|entry| (entry.label, entry.text)).collect(),
        shell: book.shell,
        pages: book.pages,
        back: book.back,
    })
}
