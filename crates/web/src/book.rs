//! A story as a book that a browser prints.

use askama::Template;

use crate::{FramePart, Shell};

/// A page with all frames of a story, or of a volume of a long one.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "book.html")]
pub struct BookPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Start of the story's title.
    pub title: String,
    /// Address of the story's pages below the service's root, with a slash at its end.
    pub pages: String,
    /// Address of the page that the book leads back to, below the service's root.
    pub back: String,
    /// Who told the story; empty if that is not shown.
    pub author: String,
    /// Which part of the story this is, such as `Volume 2 of 5`; `None` for the whole.
    pub part: Option<String>,
    /// Number of the volume, from 1.
    pub volume: i32,
    /// Number of volumes.
    pub volumes: i32,
    /// The frames.
    pub frames: Vec<FramePart>,
    /// Lines of the last page: what each is about, and what it says.
    pub colophon: Vec<(String, String)>,
}

impl BookPage {
    /// Returns the address of a form of the volume. `query` is what it asks for beside the volume.
    fn address(&self, form: &str, query: &str) -> String {
        self.address_in(self.volume, form, query)
    }

    fn address_in(&self, volume: i32, form: &str, query: &str) -> String {
        let volume = if volume > 1 { format!("volume={volume}") } else { String::new() };
        let asked: Vec<&str> =
            [query, &volume].into_iter().filter(|part| !part.is_empty()).collect();
        let mark = if asked.is_empty() { "" } else { "?" };
        format!("{}{}{form}{mark}{}", self.shell.root, self.pages, asked.join("&"))
    }

    /// Returns the address of another volume; `None` if it does not exist.
    fn volume_address(&self, volume: i32) -> Option<String> {
        let exists = (1..=self.volumes).contains(&volume);
        exists.then(|| self.address_in(volume, "book", ""))
    }

    /// Returns the picture of the title page.
    fn cover(&self) -> Option<&crate::Picture> {
        self.frames.iter().find_map(|frame| frame.picture.as_ref())
    }
}
