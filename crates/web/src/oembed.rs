//! The description of a frame for other sites, in the XML form of oEmbed.

use askama::Template;

use crate::Picture;

/// A frame as other sites show it (oEmbed 1.0). Addresses are complete.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "oembed.xml", escape = "html")]
pub struct OEmbed {
    /// Title of the story, with the number of the frame.
    pub title: String,
    /// Address of this service.
    pub provider: String,
    /// How long a site may keep the description, in seconds.
    pub max_age: u32,
    /// The illustration, if it is small enough for the site; it makes the description one of type `photo`.
    pub photo: Option<Picture>,
    /// A small picture.
    pub thumbnail: Option<Picture>,
}

impl OEmbed {
    /// Returns the type of the description.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        if self.photo.is_some() { "photo" } else { "link" }
    }
}
