//! The reader: one frame of a story.

use askama::Template;

use crate::{FramePart, Shell};

/// The frame before or after the one that is shown.
#[derive(Debug, Clone, Default)]
pub struct Neighbour {
    /// Address of its page below the service's root.
    pub address: String,
    /// Address of its picture, to be fetched in advance.
    pub picture: Option<String>,
}

/// A page with one frame of a story, whether the story is read by its own address or by a share.
#[expect(clippy::struct_excessive_bools, reason = "each shows or hides a part of the page, alone")]
#[derive(Debug, Clone, Default, Template)]
#[template(path = "reader.html")]
pub struct ReaderPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Start of the story's title.
    pub title: String,
    /// Start of the frame's words, for links and search engines.
    pub description: String,
    /// Slug of the story, for forms; empty on the page of a share.
    pub slug: String,
    /// Address of the story's pages below the service's root, with a slash at its end.
    pub pages: String,
    /// Address of the stream of the story's events below the service's root.
    pub events: String,
    /// Number of frames in the story.
    pub count: i32,
    /// The frame; `None` if the story has none yet.
    pub frame: Option<FramePart>,
    /// The frame before.
    pub previous: Option<Neighbour>,
    /// The frame after.
    pub next: Option<Neighbour>,
    /// Scheme and authority of the service as the reader addresses it, such as `https://stories.example`.
    pub origin: String,
    /// Whether the reader may bookmark frames.
    pub can_bookmark: bool,
    /// The reader's bookmark of the frame.
    pub bookmark: Option<i64>,
    /// Whether the reader may share the story.
    pub can_share: bool,
    /// Whether the reader may continue the story.
    pub can_continue: bool,
    /// Title and address of the story that this one branches off from.
    pub branched_from: Option<(String, String)>,
    /// Address below the service's root of the list that the story is read from; `None` if it is not read from a list.
    pub list: Option<String>,
    /// Whether everyone who has the link may read the story, so that other sites may show a card of it.
    pub is_public: bool,
}

impl ReaderPage {
    /// Returns the complete address of a path below the service's root.
    fn absolute(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.shell.root)
    }

    /// Returns the complete address of the description that other sites read.
    fn oembed_address(&self, format: &str) -> String {
        let page = self.absolute(&self.page_address());
        let page = askama::filters::urlencode_strict(&page).map(|page| page.to_string());
        self.absolute(&format!("/oembed?url={}&format={format}", page.unwrap_or_default()))
    }

    fn page_address(&self) -> String {
        let number = self.frame.as_ref().map_or(1, |frame| frame.number);
        format!("{}{number}", self.pages)
    }
}
