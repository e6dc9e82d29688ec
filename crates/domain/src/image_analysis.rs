//! The analysis of an input image: words for the storyteller, colours and composition for the illustration.

use serde::{Deserialize, Serialize};

/// One colour of an image's palette.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Swatch {
    /// An English colour name, such as `burnt orange` or `slate grey`.
    pub name: String,
    /// Red, green and blue, 0-255 each.
    pub rgb: [u8; 3],
    /// The part of the image's area that the colour covers, 0-1.
    pub share: f32,
}

/// Colours and composition of an image, measured from its pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageFeatures {
    /// At most six colours, ordered by share, largest first.
    pub palette: Vec<Swatch>,
    /// Mean luma, 0 (black) to 1 (white).
    pub brightness: f32,
    /// Colour temperature, -1 (all blues) to 1 (all oranges and reds).
    pub warmth: f32,
    /// Spread of luma, 0 (uniform) to 1 (black and white).
    pub contrast: f32,
    /// The point of interest as fractions of the width and height from the top left corner, 0-1 each.
    pub focus: (f32, f32),
}

/// What a storyteller knows about one input image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageAnalysis {
    /// One to three plain English sentences.
    pub description: String,
    /// Short noun phrases for what the image shows, the most striking first, such as `a patch of burnt orange`.
    pub things: Vec<String>,
    /// The measured features; `None` if a provider described the image and its pixels were not measured.
    #[serde(rename = "look")]
    pub features: Option<ImageFeatures>,
    /// The people in the image, a few words each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// The writing that is visible in the image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
    /// The mood of the image; empty if unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub atmosphere: String,
    /// The place that the image shows; empty if unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub setting: String,
    /// Single words for search.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}
