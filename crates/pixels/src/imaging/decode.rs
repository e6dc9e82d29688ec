//! From the bytes of a file to upright RGB pixels.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, ImageResult, Limits, RgbImage};

use super::bounds::{self, MAX_DECODER_BYTES, MAX_SIDE};
use super::error::ImagingError;
use super::file_end::complete_file;
use super::header::dimensions;
use super::sniff::{InputFormat, sniff};
use calliope_domain::Size;

/// Decodes a JPEG, PNG, WebP, GIF or BMP file; an animation gives its first frame.
///
/// The EXIF orientation is applied, all eight of them, as phones store what their sensor saw. Alpha
/// is dropped, not blended with a background: what a transparent pixel hides becomes visible.
/// 16-bit samples are rounded to 8.
///
/// # Errors
///
/// [`ImagingError::NotAPicture`] for other formats, [`ImagingError::TooLarge`] or
/// [`ImagingError::Empty`] by the header alone, [`ImagingError::Truncated`] if the file does not
/// reach its end (bytes after its end are ignored), [`ImagingError::Undecodable`] if the codec
/// gives up on it.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, ImagingError> {
    let format = sniff(bytes).ok_or(ImagingError::UnsupportedFormat)?;
    dimensions(bytes)?;
    let file = complete_file(bytes, format).ok_or(ImagingError::Truncated(format))?;
    let undecodable = |source| ImagingError::DecodeFailed { format, source };

    let mut decoder = open(file, format).map_err(undecodable)?;
    // The decoder allocates by what it read itself, which a crafted file may make differ.
    let (width, height) = decoder.dimensions();
    bounds::check_input(Size::new(width, height))?;
    // A picture is worth more than its damaged metadata.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);

    let image = DynamicImage::from_decoder(decoder).map_err(undecodable)?;
    let mut upright = DynamicImage::ImageRgb8(image.into_rgb8());
    upright.apply_orientation(orientation);
    Ok(upright.into_rgb8())
}

/// The decoder for `file`, told how much it may allocate.
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
