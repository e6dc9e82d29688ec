//! A zine: eight A6 pages on the two sides of one A4 sheet, which is printed on both sides, turned on its long edge.
//!
//! Folded in the middle, top backwards onto bottom, and once more, left backwards onto right, the sheet becomes a booklet
//! (a quarto) whose pages are in order once its upper fold is cut:
//!
//! | front | | back | |
//! |---|---|---|---|
//! | 5, on its head | 4, on its head | 3, on its head | 6, on its head |
//! | 8 | 1 | 2 | 7 |

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Transform};
use krilla::page::PageSettings;
use krilla::paint::{Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, TagGroup, TagTree};

use super::canvas::{Canvas, Pictures};
use super::layout::{Composed, Composer, PageSize};
use super::typeface::Typefaces;
use super::{finish, no_size};
use crate::BookError;
use crate::book::Book;

/// The pages of each side, from the top left, row by row.
const SIDES: [[usize; 4]; 2] = [[5, 4, 8, 1], [3, 6, 2, 7]];

/// The number of frames: eight pages without the title page and the colophon.
const FRAMES: usize = 6;

/// The colour of the lines to fold along.
const FOLD: (u8, u8, u8) = (190, 182, 170);

/// Writes a book as a PDF with the two sides of an A4 sheet that folds into a zine of eight A6 pages: the title, six
/// frames from all over the story, and the colophon.
///
/// # Errors
///
/// Returns [`BookError`] as [`pdf()`](super::pdf()) does.
pub fn zine(book: &Book) -> Result<Vec<u8>, BookError> {
    let typefaces = Typefaces::load()?;
    let excerpt = Book { pages: excerpt(book), ..book.clone() };
    let book = &typefaces.printable(&excerpt)?;
    let pictures = Pictures::load(book)?;
    let size = PageSize::A6;
    let composer = Composer { book, typefaces: &typefaces, size: &size };
    let mut pages = vec![composer.title_page()];
    pages.extend((0..FRAMES).map(|index| match book.pages.get(index) {
        Some(page) => composer.frame_page(index, page),
        None => Composed::default(),
    }));
    pages.push(composer.colophon());

    let mut document = Document::new();
    let mut tags: Vec<Vec<TagGroup>> = Vec::new();
    tags.resize_with(pages.len(), Vec::new);
    for side in SIDES {
        let settings = PageSettings::from_wh(size.width * 2.0, size.height * 2.0);
        let mut sheet = document.start_page_with(settings.ok_or_else(no_size)?);
        let mut surface = sheet.surface();
        for (place, number) in side.into_iter().enumerate() {
            surface.push_transform(&placed(place, &size));
            let mut canvas = Canvas::new(&mut surface, &typefaces, &pictures);
            canvas.draw(&pages[number - 1]);
            tags[number - 1] = canvas.finish();
            surface.pop();
        }
        draw_folds(&mut surface, &size);
        surface.finish();
        sheet.finish();
    }
    let mut tree = TagTree::new().with_lang(Some(book.language.clone()));
    tags.into_iter().flatten().for_each(|group| tree.push(group));
    finish(document, book, tree)
}

/// Returns six pages at even distances, the first and the last among them, or all if there are fewer.
pub(super) fn excerpt(book: &Book) -> Vec<crate::BookPage> {
    let last = book.pages.len().saturating_sub(1);
    if last < FRAMES {
        return book.pages.clone();
    }
    (0..FRAMES).map(|step| book.pages[step * last / (FRAMES - 1)].clone()).collect()
}

/// Returns the transform of a page at one of the four places of a side. The upper two stand on their heads.
fn placed(place: usize, size: &PageSize) -> Transform {
    let left = if place.is_multiple_of(2) { 0.0 } else { size.width };
    if place < 2 {
        return Transform::from_row(-1.0, 0.0, 0.0, -1.0, left + size.width, size.height);
    }
    Transform::from_translate(left, size.height)
}

/// Draws the lines to fold along: across the sheet, and down its middle.
fn draw_folds(surface: &mut Surface<'_>, size: &PageSize) {
    let (width, height) = (size.width, size.height);
    let mut path = PathBuilder::new();
    path.move_to(0.0, height);
    path.line_to(2.0 * width, height);
    path.move_to(width, 0.0);
    path.line_to(width, 2.0 * height);
    let Some(path) = path.finish() else { return };
    let (r, g, b) = FOLD;
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other)));
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: rgb::Color::new(r, g, b).into(),
        width: 0.4,
        dash: Some(StrokeDash { array: vec![2.0, 4.0], offset: 0.0 }),
        ..Stroke::default()
    }));
    surface.draw_path(&path);
    surface.set_stroke(None);
    surface.end_tagged();
}
