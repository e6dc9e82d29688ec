//! A book before it becomes a file.

use bytes::Bytes;

/// A story as a book.
#[derive(Debug, Clone, Default)]
pub struct Book {
    /// Identifier that never changes, such as `urn:uuid:0197f2c4-5b1e-7c3a-9d1e-000000000000`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Which part of the story this is, such as `Volume 2 of 5`; `None` for a whole story.
    pub volume: Option<String>,
    /// Who told the story.
    pub author: String,
    /// Main language, as a BCP 47 tag.
    pub language: String,
    /// When the story was last changed (RFC 3339, in UTC, without fractions of a second).
    pub modified: String,
    /// Name and version of the program that makes the book.
    pub generator: String,
    /// The frames.
    pub pages: Vec<BookPage>,
    /// What the last page says.
    pub colophon: Vec<ColophonEntry>,
}

/// A line of the colophon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColophonEntry {
    /// What the line is about, such as `When`.
    pub label: String,
    /// What it says.
    pub text: String,
}

/// A frame as a page of a book.
#[derive(Debug, Clone, Default)]
pub struct BookPage {
    /// Number of the frame as people count, from 1.
    pub number: i32,
    /// The words, one paragraph each.
    pub paragraphs: Vec<String>,
    /// Language of the words, as a BCP 47 tag.
    pub language: String,
    /// The illustration.
    pub picture: Option<BookPicture>,
    /// The words as they are spoken.
    pub narration: Option<Narration>,
}

/// A picture of a book.
#[derive(Debug, Clone)]
pub struct BookPicture {
    /// The file.
    pub file: Bytes,
    /// Format of the file.
    pub format: PictureFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What the picture shows, in words.
    pub alt: String,
}

/// The format of a book's picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    /// JPEG, which every book can hold.
    Jpeg,
    /// PNG, which an EPUB can hold.
    Png,
}

impl PictureFormat {
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// A spoken text in a format that every EPUB reader plays.
#[derive(Debug, Clone)]
pub struct Narration {
    /// The file.
    pub file: Bytes,
    /// Media type, such as `audio/mpeg`.
    pub media_type: String,
    /// Extension of the file's name, such as `mp3`.
    pub extension: String,
    /// Duration in seconds.
    pub seconds: f64,
}

/// Languages that are written from right to left.
const RIGHT_TO_LEFT: [&str; 10] = ["ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ur", "yi"];

/// Returns whether a language is written from right to left.
pub(crate) fn is_right_to_left(language: &str) -> bool {
    let primary = language.split('-').next().unwrap_or_default();
    RIGHT_TO_LEFT.iter().any(|tag| tag.eq_ignore_ascii_case(primary))
}

impl BookPage {
    /// Returns the start of the words for a table of contents.
    pub(crate) fn label(&self) -> String {
        const MAX: usize = 60;
        let line = self.paragraphs.join(" ");
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            return format!("Frame {}", self.number);
        }
        if line.chars().count() <= MAX {
            return line;
        }
        let start: String = line.chars().take(MAX - 1).collect();
        let whole = start.rsplit_once(' ').map_or(start.as_str(), |(words, _)| words);
        format!("{}…", whole.trim_end_matches([',', ';', ':', '.', '-']))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_the_start_of_the_words() {
        let page = |text: &str| BookPage {
            number: 3,
            paragraphs: vec![text.to_owned()],
            ..BookPage::default()
        };
        assert_eq!(page("A  lamp.").label(), "A lamp.");
        assert_eq!(page("").label(), "Frame 3");
        let long = page(&"A lamp, and ".repeat(9)).label();
        assert!(long.chars().count() <= 60 && long.ends_with("A lamp…"), "{long}");
        assert_eq!(page(&"灯".repeat(99)).label().chars().count(), 60);
        assert!(is_right_to_left("ar-EG") && is_right_to_left("HE") && !is_right_to_left("arn"));
    }
}
