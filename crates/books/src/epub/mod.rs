//! EPUB 3.3: a package of XHTML documents, one for each frame, with pictures and narrations.

mod overlay;
mod package;
mod pages;
#[cfg(test)]
mod tests;

use crate::BookError;
use crate::archive::Archive;
use crate::book::{Book, BookPage};

/// Where a reader finds the package (OCF 3.3, 4.2.6.3.1).
const CONTAINER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <container version=\"1.0\" xmlns=\"urn:oasis:names:tc:opendocument:xmlns:container\"><rootfiles>\
    <rootfile full-path=\"book/package.opf\" media-type=\"application/oebps-package+xml\"/>\
    </rootfiles></container>\n";

/// Writes a book as EPUB.
///
/// # Errors
///
/// Returns [`BookError::TooLarge`] if the book has more files or bytes than the format allows.
pub fn epub(book: &Book) -> Result<Vec<u8>, BookError> {
    let mut archive = Archive::default();
    // A reader recognises the format by this file, which must be the first and not compressed.
    archive.store("mimetype", b"application/epub+zip")?;
    archive.deflate("META-INF/container.xml", CONTAINER.as_bytes())?;
    let mut add_text =
        |name: &str, text: String| archive.deflate(&format!("book/{name}"), text.as_bytes());
    add_text("package.opf", package::package(book))?;
    add_text("nav.xhtml", pages::contents(book))?;
    add_text("style.css", pages::STYLE.to_owned())?;
    if cover_page(book).is_some() {
        add_text("cover.xhtml", pages::cover(book))?;
    }
    add_text("title.xhtml", pages::title(book))?;
    for page in &book.pages {
        add_text(&document_name(page), pages::frame(book, page))?;
        if page.narration.is_some() {
            add_text(&overlay_name(page), overlay::overlay(page))?;
        }
    }
    add_text("colophon.xhtml", pages::colophon(book))?;
    for page in &book.pages {
        if let (Some(picture), Some(name)) = (&page.picture, picture_name(page)) {
            archive.store(&format!("book/{name}"), &picture.file)?;
        }
        if let (Some(narration), Some(name)) = (&page.narration, narration_name(page)) {
            archive.store(&format!("book/{name}"), &narration.file)?;
        }
    }
    archive.finish()
}

/// Returns the page whose picture is the cover.
fn cover_page(book: &Book) -> Option<&BookPage> {
    book.pages.iter().find(|page| page.picture.is_some())
}

fn document_name(page: &BookPage) -> String {
    format!("frame-{}.xhtml", page.number)
}

fn overlay_name(page: &BookPage) -> String {
    format!("frame-{}.smil", page.number)
}

fn picture_name(page: &BookPage) -> Option<String> {
    let picture = page.picture.as_ref()?;
    Some(format!("picture-{}.{}", page.number, picture.format.extension()))
}

fn narration_name(page: &BookPage) -> Option<String> {
    let narration = page.narration.as_ref()?;
    Some(format!("narration-{}.{}", page.number, narration.extension))
}
