//! Why a picture was refused, in sentences for whoever sent it.

use image::ImageError;

use super::bounds::{MAX_PIXELS, MAX_SIDE};
use super::sniff::InputFormat;
use calliope_domain::{ImageFormat, Size};

const MEGAPIXELS: u64 = MAX_PIXELS / 1_000_000;

/// What is wrong with a picture, or with what was asked of it.
///
/// The text says what to change and may be shown to the sender as it is. What a codec reported is
/// the [`source`](std::error::Error::source), for logs.
#[derive(Debug, thiserror::Error)]
pub enum ImagingError {
    /// The first bytes belong to none of the formats that are read: text, audio, nothing at all.
    #[error("the data is not a picture that can be read; send a JPEG, PNG, WebP, GIF or BMP file")]
    UnsupportedFormat,

    /// The file stops before its format says that it ends.
    #[error("the {0} file is cut short or damaged; send the whole file")]
    Truncated(InputFormat),

    /// The file is whole, but its codec cannot make a picture of it.
    #[error(
        "the {format} file cannot be decoded; save it again as a plain {format} or as PNG, and send that"
    )]
    DecodeFailed {
        /// What the file says it is.
        format: InputFormat,
        /// What the codec reported.
        source: ImageError,
    },

    /// The file holds more pixels than are worth their memory.
    #[error(
        "the image is {}x{} pixels; at most {MAX_SIDE} a side and {MEGAPIXELS} megapixels are read",
        .0.width, .0.height
    )]
    TooLarge(Size),

    /// A picture of this size was asked for, and would take too much memory.
    #[error(
        "a picture of {}x{} pixels was asked for; ask for at most {MAX_SIDE} a side and {MEGAPIXELS} megapixels",
        .0.width, .0.height
    )]
    OutputTooLarge(Size),

    /// One side has no pixels.
    #[error("the image is {}x{} pixels; each side needs at least 1", .0.width, .0.height)]
    Empty(Size),

    /// Headerless pixels whose number of bytes contradicts the size that came with them.
    #[error(
        "{}x{} pixels of {format} take {expected} bytes, but {actual} were given; send the size that belongs to the data",
        .size.width, .size.height
    )]
    WrongLength {
        /// The layout of the pixels.
        format: ImageFormat,
        /// The size that came with them.
        size: Size,
        /// The bytes that this layout takes for this size.
        expected: usize,
        /// The bytes that came.
        actual: usize,
    },

    /// The encoder gave up; the bounds on sizes leave it no known reason to.
    #[error("the picture cannot be written as {format}; ask for another format")]
    EncodeFailed {
        /// The format asked for.
        format: ImageFormat,
        /// What the codec reported.
        source: ImageError,
    },

    /// The resampler refused its buffers; the bounds on sizes leave it no known reason to.
    #[error(
        "the picture cannot be scaled to {}x{} pixels; ask for another size",
        .size.width, .size.height
    )]
    ResizeFailed {
        /// The size of the scaled content.
        size: Size,
        /// What the resampler reported.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
