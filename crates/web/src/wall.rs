//! The wall: a screen that shows the newest frames of a Sparrow or a flock, for months without a hand.

use askama::Template;

use crate::{FramePart, Shell};

/// A frame on a wall.
#[derive(Debug, Clone, Default)]
pub struct WallFrame {
    /// What tells this frame from others, and from itself before a change.
    pub key: String,
    /// Address of the QR code that leads to the story, below the service's root; empty for none.
    pub code: String,
    /// The frame.
    pub part: FramePart,
    /// Whether it is one of the newest frames.
    pub is_new: bool,
    /// Whether somebody has kept it.
    pub is_kept: bool,
}

impl WallPage {
    /// Returns the classes that say what the wall shows instead of its frames. A wall without a name cannot show it.
    fn state(&self) -> &'static str {
        match (self.is_dark, self.is_identified && !self.name.is_empty()) {
            (false, false) => "",
            (true, false) => "dark",
            (false, true) => "identified",
            (true, true) => "dark identified",
        }
    }
}

impl WallFrame {
    /// Returns the class that chooses the size of the type: the more words, the smaller.
    fn size(&self) -> &'static str {
        let count: usize = self.part.paragraphs.iter().map(|text| text.chars().count()).sum();
        match count {
            0..=160 => "few",
            161..=400 => "some",
            401..=900 => "many",
            _ => "most",
        }
    }
}

/// The page at `/wall/{name}`, and that of a share.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "wall.html")]
pub struct WallPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Id of the Sparrow or of the flock; empty if that is not shown.
    pub name: String,
    /// The newest frames, the newest first; then those that somebody has kept.
    pub frames: Vec<WallFrame>,
    /// Whether the wall is black.
    pub is_dark: bool,
    /// Whether the wall shows its name, because somebody asks which screen this is.
    pub is_identified: bool,
    /// Number of seconds after which a black wall shows its frames again, or another may go black; `None` if nobody
    /// knows.
    pub changes_in_seconds: Option<i64>,
    /// Address of the stream of events below the service's root.
    pub events: String,
    /// Address of the service worker below the service's root; empty for none.
    pub worker: String,
}
