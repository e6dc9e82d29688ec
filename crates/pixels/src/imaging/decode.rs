//! Decodes an image file to upright RGB pixels.

use std::borrow::Cow;
use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, ImageResult, Limits, RgbImage};

use super::bounds::{self, MAX_DECODER_BYTES, MAX_SIDE};
use super::error::ImagingError;
use super::exif::orientation;
use super::file_end::complete_file;
use super::header::dimensions;
use super::jpeg_tables::with_standard_tables;
use super::sniff::{InputFormat, sniff};
use calliope_domain::Size;

/// Decodes a JPEG, PNG, WebP, GIF or BMP file; of an animation, the first frame.
///
/// All eight EXIF orientations are applied, because phones store the image as their sensor saw it.
/// A JPEG without Huffman tables, as webcams send, is decoded with those of the standard.
/// Alpha is dropped, not blended with a background, so the colour of a transparent pixel becomes
/// visible. 16-bit samples are rounded to 8 bits.
///
/// # Errors
///
/// - [`ImagingError::UnsupportedFormat`] or [`ImagingError::OtherFormat`]: the file has another
///   format.
/// - [`ImagingError::TooLarge`] or [`ImagingError::Empty`]: the header declares a size beyond the
///   limits. This is detected before any pixel is decoded.
/// - [`ImagingError::Truncated`]: the header or the end of the file is missing. Bytes after the end
///   are ignored.
/// - [`ImagingError::DecodeFailed`]: the codec failed.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, ImagingError> {
    let format = sniff(bytes).ok_or_else(|| ImagingError::from_unsupported(bytes))?;
    dimensions(bytes)?;
    let file = complete_file(bytes, format).ok_or(ImagingError::Truncated(format))?;
    let decode_failed = |source| ImagingError::DecodeFailed { format, source };

    let orientation = orientation(file, format);
    let file = match format {
        InputFormat::Jpeg => with_standard_tables(file),
        _ => Cow::Borrowed(file),
    };
    let decoder = open(&file, format).map_err(decode_failed)?;
    // The decoder allocates for the size that it read itself. In a crafted file that may differ from
    // the size checked above.
    let (width, height) = decoder.dimensions();
    bounds::check_input(Size::new(width, height))?;
    let image = DynamicImage::from_decoder(decoder).map_err(decode_failed)?;
    let mut upright = DynamicImage::ImageRgb8(image.into_rgb8());
    upright.apply_orientation(orientation);
    Ok(upright.into_rgb8())
}

/// Opens a decoder for `file`, with limits on its size and memory.
fn open(file: &[u8], format: InputFormat) -> ImageResult<impl ImageDecoder> {
    let codec = match format {
        InputFormat::Jpeg => image::ImageFormat::Jpeg,
        InputFormat::Png => image::ImageFormat::Png,
        InputFormat::Webp => image::ImageFormat::WebP,
        InputFormat::Gif => image::ImageFormat::Gif,
        InputFormat::Bmp => image::ImageFormat::Bmp,
    };
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(file), codec);
    reader.limits(limits);
    reader.into_decoder()
}

#[cfg(test)]
mod tests;
