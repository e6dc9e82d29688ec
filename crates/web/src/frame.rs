//! A frame as pages show it.

/// A picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    /// Address below the service's root, such as `/media/0197f2c4.png`.
    pub address: String,
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    /// What the picture shows, in words.
    pub alt: String,
}

/// A narration or a video.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clip {
    /// Address below the service's root.
    pub address: String,
    /// Media type.
    pub media_type: String,
}

/// A frame of a story.
#[derive(Debug, Clone, Default)]
pub struct FramePart {
    /// Number of the frame as people count, from 1.
    pub number: i32,
    /// The words, one paragraph each.
    pub paragraphs: Vec<String>,
    /// The language of the words, as a BCP 47 tag.
    pub language: String,
    /// The illustration.
    pub picture: Option<Picture>,
    /// The narration.
    pub narration: Option<Clip>,
    /// The video of the illustration.
    pub video: Option<Clip>,
}
