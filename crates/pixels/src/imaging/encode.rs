//! Encodes pixels in the format that a device requests.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::{ImageResult, RgbImage};

use super::bounds::{self, size_of};
use super::error::ImagingError;
use super::{bmp, grayscale16, rgb565};
use calliope_domain::{Dither, ImageFormat};

/// Takes about 4 ms a megapixel. The next level takes over 100 ms and makes noisy photos no smaller.
const PNG_COMPRESSION: CompressionType = CompressionType::Fast;

/// Originals are stored as PNG and decoded for each device. Choosing the filter row by row would make
/// photos 4 to 14 % smaller, but files with this single filter decode twice as fast.
const PNG_FILTER: FilterType = FilterType::Up;

/// The JPEG quality, 1 to 100. Above this value files grow much faster than the quality that is
/// visible on a small screen.
const JPEG_QUALITY: u8 = 88;

/// Encodes `image` as `format`.
///
/// With `dither`, the rounding error of [`ImageFormat::Rgb565`] and [`ImageFormat::Grayscale16`] is
/// distributed to neighbouring pixels, and [`ImageFormat::Bmp`] becomes black and white, 1 bit a
/// pixel. Formats that keep 8 bits a channel ignore it.
///
/// # Errors
///
/// Returns [`ImagingError::Empty`] or [`ImagingError::OutputTooLarge`] if the size of `image` is
/// beyond the limits, and [`ImagingError::EncodeFailed`] if a codec fails.
pub fn encode(
    image: &RgbImage,
    format: ImageFormat,
    dither: Dither,
) -> Result<Vec<u8>, ImagingError> {
    bounds::check_output(size_of(image))?;
    match format {
        ImageFormat::Rgb565 => Ok(rgb565::encode(image, dither)),
        ImageFormat::Grayscale16 => Ok(grayscale16::encode(image, dither)),
        ImageFormat::Bmp => Ok(bmp::encode(image, dither)),
        ImageFormat::Png => compress(format, |file| {
            let encoder = PngEncoder::new_with_quality(file, PNG_COMPRESSION, PNG_FILTER);
            image.write_with_encoder(encoder)
        }),
        ImageFormat::Jpeg => compress(format, |file| {
            image.write_with_encoder(JpegEncoder::new_with_quality(file, JPEG_QUALITY))
        }),
        ImageFormat::Webp => {
            compress(format, |file| image.write_with_encoder(WebPEncoder::new_lossless(file)))
        }
    }
}

/// Returns the bytes that a codec of the `image` crate writes.
fn compress(
    format: ImageFormat,
    write: impl FnOnce(&mut Vec<u8>) -> ImageResult<()>,
) -> Result<Vec<u8>, ImagingError> {
    let mut file = Vec::new();
    write(&mut file).map_err(|source| ImagingError::EncodeFailed { format, source })?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::testing::photo;
    use crate::imaging::{InputFormat, decode, sniff};

    const BOTH: [Dither; 2] = [Dither::None, Dither::FloydSteinberg];

    #[test]
    fn each_file_is_of_the_format_asked_for() {
        for (format, signature) in [
            (ImageFormat::Png, InputFormat::Png),
            (ImageFormat::Jpeg, InputFormat::Jpeg),
            (ImageFormat::Webp, InputFormat::Webp),
            (ImageFormat::Bmp, InputFormat::Bmp),
        ] {
            for dither in BOTH {
                let file = encode(&photo(31, 18), format, dither).unwrap();
                assert_eq!(sniff(&file), Some(signature));
            }
        }
    }

    #[test]
    fn lossless_formats_give_every_pixel_back() {
        let image = photo(31, 18);
        for format in [ImageFormat::Png, ImageFormat::Webp, ImageFormat::Bmp] {
            let file = encode(&image, format, Dither::None).unwrap();
            assert_eq!(decode(&file).unwrap(), image, "{format}");
        }
    }

    #[test]
    fn jpeg_stays_close() {
        let image = RgbImage::from_fn(64, 48, |x, y| image::Rgb([x as u8 * 4, y as u8 * 5, 90]));
        let file = encode(&image, ImageFormat::Jpeg, Dither::None).unwrap();
        let back = decode(&file).unwrap();
        assert_eq!(back.dimensions(), (64, 48));
        let furthest = image.iter().zip(back.iter()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(furthest < Some(12), "{furthest:?}");
    }

    #[test]
    fn formats_of_8_bits_a_channel_ignore_dithering() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Webp] {
            let [plain, dithered] = BOTH.map(|d| encode(&photo(20, 20), format, d).unwrap());
            assert_eq!(plain, dithered, "{format}");
        }
    }

    #[test]
    fn formats_of_few_levels_do_not() {
        for format in [ImageFormat::Rgb565, ImageFormat::Grayscale16, ImageFormat::Bmp] {
            let [plain, dithered] = BOTH.map(|d| encode(&photo(20, 20), format, d).unwrap());
            assert_ne!(plain, dithered, "{format}");
        }
    }

    #[test]
    fn an_image_out_of_bounds_is_refused_in_every_format() {
        for format in ImageFormat::ALL {
            let refused = |image: RgbImage| encode(&image, format, Dither::FloydSteinberg);
            assert!(matches!(refused(RgbImage::new(0, 3)), Err(ImagingError::Empty(_))));
            assert!(matches!(refused(RgbImage::new(3, 0)), Err(ImagingError::Empty(_))));
            assert!(matches!(
                refused(RgbImage::new(16_385, 1)),
                Err(ImagingError::OutputTooLarge(_))
            ));
        }
    }
}
