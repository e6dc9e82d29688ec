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

/// The widths in which pages may ask for small pictures, in pixels.
pub const SMALL_WIDTHS: [i32; 3] = [160, 320, 640];

impl Picture {
    /// Returns the address of the picture for a small place on a page: one that is at most 320 pixels wide.
    #[must_use]
    pub fn small(&self) -> String {
        let width = SMALL_WIDTHS[1];
        let address = &self.address;
        if self.width > width { format!("{address}?width={width}") } else { address.clone() }
    }

    /// Returns the addresses of the small pictures with their widths, as the attribute `srcset` has them; empty if the
    /// picture itself is small. `root` is the path of a proxy below which the service is.
    #[must_use]
    pub fn sources(&self, root: &str) -> String {
        let narrower = SMALL_WIDTHS.into_iter().filter(|width| self.width > *width);
        let sources =
            narrower.map(|width| format!("{root}{}?width={width} {width}w", self.address));
        sources.collect::<Vec<_>>().join(", ")
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_never_asked_for_in_a_larger_size() {
        let picture = |width| Picture {
            address: "/media/a.png".to_owned(),
            width,
            height: 100,
            alt: String::new(),
        };
        assert_eq!(picture(1024).small(), "/media/a.png?width=320");
        assert_eq!(
            picture(400).sources("/stories"),
            "/stories/media/a.png?width=160 160w, /stories/media/a.png?width=320 320w"
        );
        assert_eq!(
            (picture(320).small(), picture(160).sources("")),
            ("/media/a.png".to_owned(), String::new())
        );
    }
}
