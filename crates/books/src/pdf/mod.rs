//! Books as PDF: A5 pages, or an A4 sheet with eight A6 pages to be folded.
//!
//! | file | what it does |
//! |---|---|
//! | `typeface` | measures text with the embedded Literata, and says which letters it lacks |
//! | `lines` | breaks paragraphs into lines |
//! | `layout` | composes a book into pages of one size |
//! | `canvas` | draws a page, with the tags that screen readers follow |
//! | `zine` | imposes eight pages on the two sides of a sheet |
//!
//! The typeface has Latin, Greek and Cyrillic letters. A book with letters or digits of another script is refused, because
//! it would have holes. Symbols that the typeface lacks, such as emoji, are left out.

mod canvas;
mod layout;
mod lines;
#[cfg(test)]
mod tests;
mod typeface;
mod zine;

use krilla::Document;
use krilla::destination::XyzDestination;
use krilla::geom::Point;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::tagging::TagTree;

use crate::BookError;
use crate::book::Book;
use canvas::{Canvas, Pictures};
use layout::{PageSize, compose};
use typeface::Typefaces;
pub use zine::zine;

/// Writes a book as PDF with A5 pages.
///
/// # Errors
///
/// Returns [`BookError::MissingLetter`] if the book has letters that the typeface lacks, [`BookError::Picture`] if a picture
/// is not a JPEG, and [`BookError::Pdf`] if krilla fails.
pub fn pdf(book: &Book) -> Result<Vec<u8>, BookError> {
    let typefaces = Typefaces::load()?;
    let book = &typefaces.printable(book)?;
    let pages = compose(book, &typefaces, &PageSize::A5);
    let pictures = Pictures::load(book)?;
    let mut document = Document::new();
    let mut tags = TagTree::new().with_lang(Some(book.language.clone()));
    let mut outline = Outline::new();
    for (index, composed) in pages.iter().enumerate() {
        let size = PageSize::A5;
        let settings = PageSettings::from_wh(size.width, size.height).ok_or_else(no_size)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let mut canvas = Canvas::new(&mut surface, &typefaces, &pictures);
        canvas.draw(composed);
        canvas.finish().into_iter().for_each(|group| tags.push(group));
        surface.finish();
        page.finish();
        if let Some(title) = &composed.outline {
            let top = XyzDestination::new(index, Point::from_xy(0.0, 0.0));
            outline.push_child(OutlineNode::new(title.clone(), top));
        }
    }
    document.set_outline(outline);
    finish(document, book, tags)
}

/// Adds the metadata and writes the file.
fn finish(mut document: Document, book: &Book, tags: TagTree) -> Result<Vec<u8>, BookError> {
    let title = match &book.volume {
        Some(volume) => format!("{} – {volume}", book.title),
        None => book.title.clone(),
    };
    let mut metadata = Metadata::new()
        .title(title)
        .language(book.language.clone())
        .creator(book.generator.clone())
        .document_id(book.id.clone());
    if !book.author.is_empty() {
        metadata = metadata.authors(vec![book.author.clone()]);
    }
    if let Some(date) = date_time(&book.modified) {
        metadata = metadata.creation_date(date);
    }
    document.set_metadata(metadata);
    document.set_tag_tree(tags);
    document.finish().map_err(|error| BookError::Pdf(error.to_string()))
}

/// Parses a time such as `2026-11-23T07:04:17Z`.
fn date_time(text: &str) -> Option<DateTime> {
    let part = |at: usize, length: usize| text.get(at..at + length);
    let year = part(0, 4)?.parse().ok()?;
    let small = |at: usize| part(at, 2)?.parse::<u8>().ok();
    let date = DateTime::new(year).month(small(5)?).day(small(8)?);
    let date = date.hour(small(11)?).minute(small(14)?).second(small(17)?);
    Some(date.utc_offset_hour(0).utc_offset_minute(0))
}

/// The sizes are constants above zero, so this does not happen.
fn no_size() -> BookError {
    BookError::Pdf("a page has no size".to_owned())
}
