//! Draws composed pages, and notes the tags that screen readers follow.

use std::num::NonZeroU16;
use std::sync::Arc;

use krilla::color::rgb;
use krilla::geom::{Point, Size, Transform};
use krilla::image::Image;
use krilla::num::NormalizedF32;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier, SpanTag, Tag, TagGroup};
use krilla::text::TextDirection;

use super::layout::{Composed, Item, SetLine};
use super::typeface::Typefaces;
use crate::BookError;
use crate::book::{Book, PictureFormat};

/// The colour of the words.
const INK: (u8, u8, u8) = (33, 28, 22);

/// The colour of page numbers and labels.
const SOFT: (u8, u8, u8) = (102, 92, 80);

/// The pictures of a book's pages, with their words.
pub(super) struct Pictures(Vec<Option<(Image, String)>>);

impl Pictures {
    /// Reads the headers of the pictures. A JPEG is put into the document as it is, with its metadata.
    pub(super) fn load(book: &Book) -> Result<Self, BookError> {
        let images = book.pages.iter().map(|page| {
            let Some(picture) = &page.picture else { return Ok(None) };
            if picture.format != PictureFormat::Jpeg {
                return Err(BookError::Picture("it is not a JPEG".to_owned()));
            }
            let file: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(picture.file.clone());
            let image = Image::from_jpeg(file.into(), true).map_err(BookError::Picture)?;
            Ok(Some((image, picture.alt.clone())))
        });
        images.collect::<Result<_, _>>().map(Self)
    }

    fn get(&self, page: usize) -> Option<&(Image, String)> {
        self.0.get(page)?.as_ref()
    }
}

/// Draws on a page.
pub(super) struct Canvas<'a, 'page> {
    surface: &'a mut Surface<'page>,
    typefaces: &'a Typefaces,
    pictures: &'a Pictures,
    tags: Vec<TagGroup>,
}

impl<'a, 'page> Canvas<'a, 'page> {
    pub(super) fn new(
        surface: &'a mut Surface<'page>,
        typefaces: &'a Typefaces,
        pictures: &'a Pictures,
    ) -> Self {
        Self { surface, typefaces, pictures, tags: Vec::new() }
    }

    /// Returns the tags of what was drawn, in the order of reading.
    pub(super) fn finish(self) -> Vec<TagGroup> {
        self.tags
    }

    /// Draws a page.
    pub(super) fn draw(&mut self, page: &Composed) {
        for item in &page.items {
            match item {
                Item::Heading { level, lines } => {
                    let level = NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN);
                    let title = lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>();
                    let tag = Tag::Hn(level, Some(title.join(" ")));
                    self.lines(TagGroup::new(tag), lines);
                }
                Item::Paragraph { lines } => self.lines(TagGroup::new(Tag::P), lines),
                Item::Picture { page, x, y, width, height } => {
                    self.picture(*page, (*x, *y), (*width, *height));
                }
                Item::Decoration(line) => {
                    let kind = Artifact::with_kind(ArtifactType::Other);
                    self.surface.start_tagged(ContentTag::Artifact(kind));
                    self.text(line);
                    self.surface.end_tagged();
                }
            }
        }
    }

    fn lines(&mut self, mut group: TagGroup, lines: &[SetLine]) {
        for (index, line) in lines.iter().enumerate() {
            let is_last = index + 1 == lines.len();
            let tag = ContentTag::Span(SpanTag::empty());
            let identifier: Identifier = self.surface.start_tagged(tag);
            if is_last {
                self.text(line);
            } else {
                // The space between two lines is part of the text.
                self.text(&SetLine { text: format!("{} ", line.text), ..line.clone() });
            }
            self.surface.end_tagged();
            group.push(identifier);
        }
        self.tags.push(group);
    }

    fn text(&mut self, line: &SetLine) {
        let (r, g, b) = if line.is_soft { SOFT } else { INK };
        self.surface.set_fill(Some(Fill {
            paint: rgb::Color::new(r, g, b).into(),
            opacity: NormalizedF32::ONE,
            rule: FillRule::default(),
        }));
        let font = self.typefaces.style(line.style).font.clone();
        let start = Point::from_xy(line.x, line.y);
        self.surface.draw_text(start, font, line.size, &line.text, false, TextDirection::Auto);
    }

    fn picture(&mut self, page: usize, (x, y): (f32, f32), (width, height): (f32, f32)) {
        let Some((image, alt)) = self.pictures.get(page) else { return };
        let Some(size) = Size::from_wh(width, height) else { return };
        let identifier = self.surface.start_tagged(ContentTag::Other);
        self.surface.push_transform(&Transform::from_translate(x, y));
        self.surface.draw_image(image.clone(), size);
        self.surface.pop();
        self.surface.end_tagged();
        let mut group = TagGroup::new(Tag::Figure(Some(alt.clone())));
        group.push(identifier);
        self.tags.push(group);
    }
}
