//! The errors of this module, with messages for the person who sent the picture.

use image::ImageError;

use super::bounds::{MAX_PIXELS, MAX_SIDE};
use super::sniff::{InputFormat, OtherFormat};
use calliope_domain::{ImageFormat, Size};

const MEGAPIXELS: u64 = MAX_PIXELS >> 20;

/// A picture cannot be read, converted or written as requested.
///
/// The message says what to change and can be shown to the client unchanged. The error of a codec is
/// the [`source`](std::error::Error::source), for the log.
#[derive(Debug, thiserror::Error)]
pub enum ImagingError {
    /// The first bytes match no supported format. The data may be text, audio or empty.
    #[error("the data is not a picture that can be read; send a JPEG, PNG, WebP, GIF or BMP file")]
    UnsupportedFormat,

    /// The file is a picture in another format.
    #[error("the picture is {}, which cannot be read here; {}", .0.name, .0.advice)]
    OtherFormat(OtherFormat),

    /// The file ends before the end that its format defines.
    #[error("the {0} file is cut short or damaged; send the whole file")]
    Truncated(InputFormat),

    /// The file is complete, but its codec cannot decode it.
    #[error(
        "the {format} file cannot be decoded; save it again as a plain {format} or as PNG, and send that"
    )]
    DecodeFailed {
        /// The format by the signature of the file.
        format: InputFormat,
        /// The error of the codec.
        source: ImageError,
    },

    /// The input has more pixels than [`MAX_PIXELS`], or a side longer than [`MAX_SIDE`].
    #[error(
        "the image is {}x{} pixels; at most {MAX_SIDE} a side and {MEGAPIXELS} megapixels are read",
        .0.width, .0.height
    )]
    TooLarge(Size),

    /// The requested size has more pixels than [`MAX_PIXELS`], or a side longer than [`MAX_SIDE`].
    #[error(
        "a picture of {}x{} pixels was asked for; ask for at most {MAX_SIDE} a side and {MEGAPIXELS} megapixels",
        .0.width, .0.height
    )]
    OutputTooLarge(Size),

    /// The width or the height is 0.
    #[error("the image is {}x{} pixels; each side needs at least 1", .0.width, .0.height)]
    Empty(Size),

    /// The number of bytes does not match the size that was given for headerless pixels.
    #[error(
        "{}x{} pixels of {format} take {expected} bytes, but {actual} were given; send the size that belongs to the data",
        .size.width, .size.height
    )]
    WrongLength {
        /// The layout of the pixels.
        format: ImageFormat,
        /// The size given, in pixels.
        size: Size,
        /// The number of bytes that this layout takes for this size.
        expected: usize,
        /// The number of bytes given.
        actual: usize,
    },

    /// The encoder failed. No known input within the size limits causes this.
    #[error("the picture cannot be written as {format}; ask for another format")]
    EncodeFailed {
        /// The requested format.
        format: ImageFormat,
        /// The error of the codec.
        source: ImageError,
    },

    /// The resampler failed. No known input within the size limits causes this.
    #[error(
        "the picture cannot be scaled to {}x{} pixels; ask for another size",
        .size.width, .size.height
    )]
    ResizeFailed {
        /// The size of the scaled content, without bars.
        size: Size,
        /// The error of the resampler.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl ImagingError {
    /// Names the format of a file that is not supported, if it is known.
    pub(super) fn from_unsupported(bytes: &[u8]) -> Self {
        OtherFormat::sniff(bytes).map_or(Self::UnsupportedFormat, Self::OtherFormat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heic_photograph_is_refused_with_what_to_do() {
        let file = b"\0\0\0\x14ftypheic\0\0\0\0mif1\0\0\0\x08meta";
        let sentence = ImagingError::from_unsupported(file).to_string();
        assert_eq!(
            sentence,
            "the picture is a HEIC file, which cannot be read here; send it as JPEG: on an iPhone choose Settings, Camera, Formats, Most Compatible"
        );
        assert!(matches!(
            ImagingError::from_unsupported(b"words"),
            ImagingError::UnsupportedFormat
        ));
    }
}
