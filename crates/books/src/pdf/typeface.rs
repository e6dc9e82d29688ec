//! The typeface Literata: its measures, and the letters that it has.

use krilla::text::Font;
use ttf_parser::Face;
use unicode_normalization::UnicodeNormalization;

use crate::BookError;
use crate::book::{Book, BookPage, ColophonEntry};

const REGULAR: &[u8] = include_bytes!("../../assets/literata-regular.ttf");

const ITALIC: &[u8] = include_bytes!("../../assets/literata-italic.ttf");

/// One style of the typeface.
pub(super) struct Typeface {
    face: Face<'static>,
    pub(super) font: Font,
    units_per_em: f32,
}

/// A style of the typeface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Regular,
    Italic,
}

/// The styles of the typeface.
pub(super) struct Typefaces {
    regular: Typeface,
    italic: Typeface,
}

impl Typeface {
    fn load(file: &'static [u8]) -> Result<Self, BookError> {
        let face = Face::parse(file, 0).map_err(|_| BookError::Typeface)?;
        let font = Font::new(file.into(), 0).ok_or(BookError::Typeface)?;
        let units_per_em = f32::from(face.units_per_em());
        Ok(Self { face, font, units_per_em })
    }

    fn has(&self, character: char) -> bool {
        self.face.glyph_index(character).is_some()
    }

    /// Returns the width of a character in ems. Kerning is left out: it makes a line a little narrower.
    pub(super) fn advance(&self, character: char) -> f32 {
        let glyph = self.face.glyph_index(character);
        let advance = glyph.and_then(|glyph| self.face.glyph_hor_advance(glyph));
        advance.map_or(0.0, |advance| f32::from(advance) / self.units_per_em)
    }

    /// Returns the width of a text in ems.
    pub(super) fn width(&self, text: &str) -> f32 {
        text.chars().map(|character| self.advance(character)).sum()
    }
}

impl Typefaces {
    pub(super) fn load() -> Result<Self, BookError> {
        Ok(Self { regular: Typeface::load(REGULAR)?, italic: Typeface::load(ITALIC)? })
    }

    pub(super) fn style(&self, style: Style) -> &Typeface {
        match style {
            Style::Regular => &self.regular,
            Style::Italic => &self.italic,
        }
    }

    /// Returns the book with texts that the typeface has every character of.
    pub(super) fn printable(&self, book: &Book) -> Result<Book, BookError> {
        let text = |text: &str| self.printable_text(text);
        let page = |page: &BookPage| -> Result<BookPage, BookError> {
            let paragraphs = page.paragraphs.iter().map(|paragraph| text(paragraph));
            let paragraphs = paragraphs.collect::<Result<Vec<_>, _>>()?;
            let paragraphs = paragraphs.into_iter().filter(|paragraph| !paragraph.is_empty());
            Ok(BookPage { paragraphs: paragraphs.collect(), ..page.clone() })
        };
        let entry = |entry: &ColophonEntry| -> Result<ColophonEntry, BookError> {
            Ok(ColophonEntry { label: text(&entry.label)?, text: text(&entry.text)? })
        };
        Ok(Book {
            title: text(&book.title)?,
            volume: book.volume.as_deref().map(text).transpose()?,
            author: text(&book.author)?,
            pages: book.pages.iter().map(page).collect::<Result<_, _>>()?,
            colophon: book.colophon.iter().map(entry).collect::<Result<_, _>>()?,
            ..book.clone()
        })
    }

    /// Returns a text on one line, with letters and their accents as one character, and without what the typeface lacks.
    fn printable_text(&self, text: &str) -> Result<String, BookError> {
        let mut printable = String::with_capacity(text.len());
        for character in text.nfc() {
            if character.is_whitespace() || character.is_control() {
                printable.push(' ');
            } else if self.regular.has(character) && self.italic.has(character) {
                printable.push(character);
            } else if character.is_alphanumeric() {
                return Err(BookError::MissingLetter(character));
            }
        }
        Ok(printable.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_there_or_refused_and_symbols_are_left_out() {
        let faces = Typefaces::load().unwrap();
        let printed = |text: &str| faces.printable_text(text).ok();
        for text in [
            "Él dijo: «¿Qué?» – “No…”",
            "Žluťoučký kůň úpěl",
            "Αργά το βράδυ",
            "Съешь ещё этих булок",
            "Tiếng Việt",
            "Fiĉo ŝanĝiĝas",
        ] {
            assert_eq!(printed(text).as_deref(), Some(text));
        }
        assert_eq!(printed("A\u{301} lamp 🔥 burns\u{200d}\n").as_deref(), Some("Á lamp burns"));
        for text in ["灯", "كان", "יום", "हिन्दी", "٣"] {
            assert!(printed(text).is_none(), "{text}");
        }
        let regular = faces.style(Style::Regular);
        assert!(regular.width("lamp") > 1.5 && regular.width("lamp") < 2.5);
        assert!(regular.width("") == 0.0);
    }
}
