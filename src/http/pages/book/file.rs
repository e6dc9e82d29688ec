//! `/s/{slug}/book.epub` and `/s/{slug}/book.pdf`: the story as a file.

use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calliope_books::{Book, BookPage, BookPicture, PictureFormat};
use chrono::SecondsFormat;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::BookStory;
use super::volume::Volume;
use crate::app::{AppError, BookFormat, BookOrder, ErrorKind, ReadableFrame};
use crate::http::pages::answer::{PageResult, refuse};
use crate::http::pages::fields::Fields;
use crate::http::pages::frame_view::{frame_part, title};
use crate::http::pages::visitor::Visitor;
use crate::http::{HttpState, page_headers};

/// Changes when the same story makes another file.
const EDITION: u32 = 1;

/// Sends the story as EPUB.
pub(in crate::http::pages) async fn epub(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(slug): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> PageResult {
    let book = BookStory::find(&state, &visitor, &slug).await?;
    send(&state, &book, BookFormat::Epub, &uri, &headers).await
}

/// Sends the story as PDF: with A5 pages, or as a sheet that folds into a zine.
pub(in crate::http::pages) async fn pdf(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(slug): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> PageResult {
    let book = BookStory::find(&state, &visitor, &slug).await?;
    send(&state, &book, pdf_format(&uri)?, &uri, &headers).await
}

/// Returns the form of PDF that a request asks for.
pub(in crate::http::pages) fn pdf_format(uri: &Uri) -> Result<BookFormat, Response> {
    match Fields::of_query(uri).get("format") {
        None | Some("a5") => Ok(BookFormat::Pdf),
        Some("zine") => Ok(BookFormat::Zine),
        Some(_) => {
            let detail = "`format` must be `a5` or `zine`.";
            Err(refuse(AppError::new(ErrorKind::Invalid, detail)))
        }
    }
}

/// Sends the volume that a request asks for as a file.
pub(in crate::http::pages) async fn send(
    state: &HttpState,
    book_story: &BookStory,
    format: BookFormat,
    uri: &Uri,
    headers: &HeaderMap,
) -> PageResult {
    let volume = Volume::read(state, &book_story.story, uri).await?;
    let book = book(&volume, book_story);
    let etag = etag(&book, &volume.frames, format);
    if is_known(headers, &etag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        insert_cache_headers(response.headers_mut(), &etag);
        return Ok(response);
    }
    let order = BookOrder {
        etag: etag.clone(),
        format,
        reader: book_story.reader.clone(),
        book,
        frames: volume.frames,
    };
    let file = state.app.books().make(order).await.map_err(refuse)?;
    let (media_type, extension) = match format {
        BookFormat::Epub => ("application/epub+zip", "epub"),
        BookFormat::Pdf | BookFormat::Zine => ("application/pdf", "pdf"),
    };
    let part = if volume.count > 1 { format!("-{}", volume.number) } else { String::new() };
    let kind = if format == BookFormat::Zine { "-zine" } else { "" };
    let name = &book_story.name;
    let disposition = format!("inline; filename=\"{name}{part}{kind}.{extension}\"");
    let mut response: Response = file.into_response();
    let headers = response.headers_mut();
    page_headers::insert(headers, None);
    insert_cache_headers(headers, &etag);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(value) = HeaderValue::try_from(disposition) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

fn insert_cache_headers(headers: &mut HeaderMap, etag: &str) {
    // Whether somebody may read the story is checked each time.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(VARY, HeaderValue::from_static("Accept, Cookie"));
    if let Ok(value) = HeaderValue::try_from(etag) {
        headers.insert(ETAG, value);
    }
}

/// Returns whether a request names the tag as one that its sender has.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// Returns the tag of a book: a hash of everything that its file is made of.
fn etag(book: &Book, frames: &[ReadableFrame], format: BookFormat) -> String {
    let hash = Sha256::digest(format!("{EDITION} {format:?} {book:?} {frames:?}"));
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..12]))
}

/// Returns a volume as a book whose pictures have no files yet.
fn book(volume: &Volume, book_story: &BookStory) -> Book {
    let story = &book_story.story;
    let pages: Vec<BookPage> = volume.frames.iter().map(book_page).collect();
    let language = pages.iter().map(|page| page.language.clone()).find(|tag| tag != "und");
    let is_shared = book_story.is_shared();
    Book {
        id: format!("urn:uuid:{}", volume_id(story.id, volume, is_shared)),
        title: title(&story.title),
        volume: volume.name(),
        author: if is_shared { String::new() } else { story.client_id.clone() },
        language: language.unwrap_or_else(|| "und".to_owned()),
        modified: story.date_updated.to_rfc3339_opts(SecondsFormat::Secs, true),
        generator: concat!("Calliope ", env!("CARGO_PKG_VERSION")).to_owned(),
        pages,
        colophon: volume.colophon(book_story),
    }
}

/// Returns the id of a volume: that of the story, or one that is derived from it if there are several volumes, or the story
/// is shared. The id of a story is also an address at which it is read.
fn volume_id(story_id: Uuid, volume: &Volume, is_shared: bool) -> Uuid {
    let part = match (volume.count, is_shared) {
        (1, false) => return story_id,
        (_, false) => "volume",
        (_, true) => "shared volume",
    };
    let mut bytes = [0; 16];
    let hash = Sha256::digest(format!("{story_id} {part} {}", volume.number));
    bytes.copy_from_slice(&hash[..16]);
    Uuid::new_v8(bytes)
}

fn book_page(frame: &ReadableFrame) -> BookPage {
    let part = frame_part(frame);
    let picture = part.picture.map(|picture| BookPicture {
        file: bytes::Bytes::new(),
        format: PictureFormat::Jpeg,
        width: 1,
        height: 1,
        alt: picture.alt,
    });
    BookPage {
        number: part.number,
        paragraphs: part.paragraphs,
        language: part.language,
        picture,
        narration: None,
    }
}
