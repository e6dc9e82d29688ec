//! How a picture is asked for and named: its format, its size in pixels, its dithering.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An image format that a device may ask for.
///
/// The wire name is a media type (`image/rgb565`); short names (`rgb565`, `raw`, `jpg`) are read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ImageFormat {
    /// PNG, lossless: the format in which originals are kept.
    Png,
    /// Baseline JPEG.
    Jpeg,
    /// Lossless WebP.
    Webp,
    /// Windows bitmap: 24 bits a pixel, or 1 bit when dithered.
    Bmp,
    /// Headerless 16-bit little-endian words, `(r>>3)<<11 | (g>>2)<<5 | b>>3`.
    Rgb565,
    /// Headerless 4-bit luma, two pixels a byte, the even pixel in the low nibble.
    Grayscale16,
}

/// A format name that nobody here can write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an image format; use one of image/png, image/jpeg, image/webp, image/bmp, image/rgb565, image/raw, image/grayscale16"
)]
pub struct UnknownImageFormat(pub String);

impl ImageFormat {
    /// Every format, in the order in which documents list them.
    pub const ALL: [Self; 6] =
        [Self::Png, Self::Jpeg, Self::Webp, Self::Bmp, Self::Rgb565, Self::Grayscale16];

    /// The media type that answers carry.
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

    /// The file extension, without its dot. `rgb565` files are called `raw`, as devices know them.
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

/// Whether quantisation error is spread to neighbouring pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum Dither {
    /// Each pixel is cut to the nearest level below, alone.
    #[default]
    None,
    /// Floyd and Steinberg's error diffusion (1976): 7/16 right, 3/16, 5/16 and 1/16 below.
    FloydSteinberg,
}

/// Width and height, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Size {
    /// A size of `width` by `height` pixels.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// The one of these sizes whose shape is nearest, of two alike the smaller one that is large enough; itself where
    /// there are none.
    #[must_use]
    pub fn closest_aspect(self, sizes: &[Self]) -> Self {
        let ratio = |size: Self| f64::from(size.width.max(1)) / f64::from(size.height.max(1));
        let aspect_distance = |size: Self| (ratio(size).ln() - ratio(self).ln()).abs();
        let shortfall = |size: Self| {
            let lack = |has: u32, wants: u32| f64::from(wants.saturating_sub(has));
            lack(size.width, self.width) + lack(size.height, self.height)
        };
        let order = |a: &Self, b: &Self| {
            let by_shape = aspect_distance(*a).total_cmp(&aspect_distance(*b));
            let by_lack = shortfall(*a).total_cmp(&shortfall(*b));
            by_shape.then(by_lack).then(a.width.cmp(&b.width))
        };
        sizes.iter().copied().min_by(order).unwrap_or(self)
    }
}
