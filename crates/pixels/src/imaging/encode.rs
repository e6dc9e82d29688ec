//! From pixels to the format that a device asked for.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::{ImageResult, RgbImage};

use super::bounds::{self, size_of};
use super::error::ImagingError;
use super::{bmp, grayscale16, rgb565};
use calliope_domain::{Dither, ImageFormat};

/// About 4 ms a megapixel; the next level takes over 100, and noisy photos come out no smaller.
const PNG_COMPRESSION: CompressionType = CompressionType::Fast;

/// Originals are kept as PNG and decoded for every device that asks. Choosing a filter for each row
/// would make photos 4 to 14 % smaller, but this one filter lets them be decoded twice as fast.
const PNG_FILTER: FilterType = FilterType::Up;

/// Of 100: above it files grow much faster than what an eye on a small screen can tell.
const JPEG_QUALITY: u8 = 88;

/// Writes `image` as `format`.
///
/// `dither` spreads what the few levels of [`ImageFormat::Rgb565`] and [`ImageFormat::Grayscale16`]
/// cannot show over neighbouring pixels, and makes [`ImageFormat::Bmp`] black and white, 1 bit a
/// pixel; formats that keep 8 bits a channel ignore it.
///
/// # Errors
///
/// [`ImagingError::Empty`] or [`ImagingError::AskedTooLarge`] for an image out of bounds;
/// [`ImagingError::Unencodable`] if a codec gives up.
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

/// Collects what a codec of the `image` crate writes.
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
                refused(RgbImage::new(8193, 1)),
                Err(ImagingError::OutputTooLarge(_))
            ));
        }
    }
}
