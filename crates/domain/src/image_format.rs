//! Image formats, sizes in pixels and dithering.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text_column::text_column;

/// An image format that a device can request.
///
/// It is written as a media type (`image/rgb565`). Parsing also accepts the short names (`rgb565`, `raw`, `jpg`) and
/// ignores case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ImageFormat {
    /// PNG, lossless. Originals are stored in this format.
    Png,
    /// Baseline JPEG.
    Jpeg,
    /// Lossless WebP.
    Webp,
    /// Windows bitmap: 24 bits per pixel, or 1 bit per pixel when dithered.
    Bmp,
    /// Headerless 16-bit little-endian words, one per pixel: `(r>>3)<<11 | (g>>2)<<5 | b>>3`.
    Rgb565,
    /// Headerless 4-bit luma, two pixels per byte, the even pixel in the low nibble.
    Grayscale16,
}

/// A text is not the name of a supported image format. Holds at most 40 characters of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an image format; use one of image/png, image/jpeg, image/webp, image/bmp, image/rgb565, image/raw, image/grayscale16"
)]
pub struct UnknownImageFormat(pub String);

impl ImageFormat {
    /// Every format, in the order in which the documentation lists them.
    pub const ALL: [Self; 6] =
        [Self::Png, Self::Jpeg, Self::Webp, Self::Bmp, Self::Rgb565, Self::Grayscale16];

    /// Returns the media type, as sent in `Content-Type`.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Rgb565 => "image/rgb565",
            Self::Grayscale16 => "image/grayscale16",
        }
    }

    /// Returns the file extension without its dot. `rgb565` files have the extension `raw`, which devices expect.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Bmp => "bmp",
            Self::Rgb565 => "raw",
            Self::Grayscale16 => "grayscale16",
        }
    }
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.media_type())
    }
}

impl FromStr for ImageFormat {
    type Err = UnknownImageFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let lower = name.trim().to_ascii_lowercase();
        match lower.strip_prefix("image/").unwrap_or(&lower) {
            "png" => Ok(Self::Png),
            "jpeg" | "jpg" => Ok(Self::Jpeg),
            "webp" => Ok(Self::Webp),
            "bmp" => Ok(Self::Bmp),
            "rgb565" | "raw" => Ok(Self::Rgb565),
            "grayscale16" => Ok(Self::Grayscale16),
            _ => Err(UnknownImageFormat(name.chars().take(40).collect())),
        }
    }
}

impl From<ImageFormat> for String {
    fn from(format: ImageFormat) -> Self {
        format.media_type().to_owned()
    }
}

impl TryFrom<String> for ImageFormat {
    type Error = UnknownImageFormat;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

/// How the quantisation error of a pixel is treated in formats with few levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dither {
    /// Each pixel is rounded down to the next level; its error is dropped.
    #[default]
    None,
    /// The error is diffused as in Floyd and Steinberg (1976): 7/16 to the right, then 3/16, 5/16 and 1/16 to the row
    /// below.
    FloydSteinberg,
}

impl Dither {
    /// Returns the name of the method in database rows and requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::FloydSteinberg => "floyd-steinberg",
        }
    }
}

text_column!(Dither);

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Size {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Size {
    /// Returns a size of `width` by `height` pixels.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Returns the size in `sizes` whose aspect ratio is closest to this one's, or this size if `sizes` is empty.
    ///
    /// Of several with the same aspect ratio, it returns the one that falls least short of this size, then the
    /// narrowest.
    #[must_use]
    pub fn closest_aspect(self, sizes: &[Self]) -> Self {
        let ratio = |size: Self| f64::from(size.width.max(1)) / f64::from(size.height.max(1));
        let aspect_distance = |size: Self| (ratio(size).ln() - ratio(self).ln()).abs();
        let shortfall = |size: Self| {
            let missing = |has: u32, wanted: u32| f64::from(wanted.saturating_sub(has));
            missing(size.width, self.width) + missing(size.height, self.height)
        };
        let order = |a: &Self, b: &Self| {
            let by_aspect = aspect_distance(*a).total_cmp(&aspect_distance(*b));
            let by_shortfall = shortfall(*a).total_cmp(&shortfall(*b));
            by_aspect.then(by_shortfall).then(a.width.cmp(&b.width))
        };
        sizes.iter().copied().min_by(order).unwrap_or(self)
    }
}
