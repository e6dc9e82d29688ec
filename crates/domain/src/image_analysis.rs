//! What was seen in a picture: words for the storyteller, colours and composition for the painter.

use serde::{Deserialize, Serialize};

/// A colour that takes up a share of a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Swatch {
    /// A plain English colour name, such as `burnt orange` or `slate grey`.
    pub name: String,
    /// The colour itself: red, green and blue, 0-255.
    pub rgb: [u8; 3],
    /// The part of the picture's area that it covers, 0-1.
    pub share: f32,
}

/// Colours and composition, measured from pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageFeatures {
    /// At most six colours, the most present first.
    pub palette: Vec<Swatch>,
    /// Mean luma, 0 (black) to 1 (white).
    pub brightness: f32,
    /// -1 (all blues) to 1 (all oranges and reds).
    pub warmth: f32,
    /// Spread of luma, 0 (flat) to 1 (black against white).
    pub contrast: f32,
    /// Where the interest lies: parts of the width and height from the top left corner, 0-1.
    pub focus: (f32, f32),
}

/// One picture as a storyteller knows it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageAnalysis {
    /// One to three plain English sentences.
    pub description: String,
    /// Short noun phrases for things in it, the most striking first: `a patch of burnt orange`.
    pub things: Vec<String>,
    /// The measured look; absent where a provider described the picture and nobody measured it.
    #[serde(rename = "look")]
    pub features: Option<ImageFeatures>,
    /// The people in it, a few words each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// What is written in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
    /// How it feels.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub atmosphere: String,
    /// Where it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub setting: String,
    /// Single words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}
