//! Validates the image that a provider returned. A broken file, a web page or an image of one colour is rejected.

use image::RgbImage;

use super::{Failure, GeneratedImage};
use crate::imaging::{self, InputFormat};

/// A valid image.
#[derive(Debug, Clone)]
pub struct DecodedImage {
    /// The pixels.
    pub pixels: RgbImage,
    /// The original file, if it is a PNG file.
    pub png: Option<Vec<u8>>,
}

/// An illustration and the model that made it.
#[derive(Debug, Clone)]
pub struct ModelImage {
    /// The illustration.
    pub image: DecodedImage,
    /// The provider's name of the model; `None` if the built-in painter made it.
    pub model: Option<String>,
}

/// The difference between the lowest and the highest value of a channel that at least one channel must exceed. Below
/// it, the image counts as blank.
const MIN_CHANNEL_SPREAD: u8 = 8;

/// The smallest width and height, in pixels.
const MIN_SIDE: u32 = 16;

/// Decodes and validates an image. Blocks for some milliseconds: do not call it on an async thread.
pub(super) fn validate(image: GeneratedImage) -> Result<DecodedImage, Failure> {
    let (pixels, png) = match image {
        // These pixels were painted in this process, so they need no check.
        GeneratedImage::Pixels(pixels) => return Ok(DecodedImage { pixels, png: None }),
        GeneratedImage::Encoded(bytes) => {
            let pixels = imaging::decode(&bytes).map_err(|error| {
                Failure::invalid_response(&format!("its picture cannot be read: {error}"))
            })?;
            let is_png = imaging::sniff(&bytes) == Some(InputFormat::Png);
            (pixels, is_png.then_some(bytes))
        }
    };
    if pixels.width() < MIN_SIDE || pixels.height() < MIN_SIDE {
        return Err(Failure::invalid_response("its picture is too small to show anything"));
    }
    if is_blank(&pixels) {
        return Err(Failure::invalid_response("its picture is of one colour"));
    }
    Ok(DecodedImage { pixels, png })
}

fn is_blank(pixels: &RgbImage) -> bool {
    let (mut low, mut high) = ([u8::MAX; 3], [u8::MIN; 3]);
    for pixel in pixels.pixels() {
        for channel in 0..3 {
            low[channel] = low[channel].min(pixel[channel]);
            high[channel] = high[channel].max(pixel[channel]);
        }
        if (0..3).any(|channel| high[channel] - low[channel] > MIN_CHANNEL_SPREAD) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::domain::{Dither, ImageFormat};

    fn png(pixels: &RgbImage) -> GeneratedImage {
        let encoded = imaging::encode(pixels, ImageFormat::Png, Dither::None);
        GeneratedImage::Encoded(encoded.expect("encoded"))
    }

    #[test]
    fn only_what_shows_something_passes() {
        let mut pixels = RgbImage::from_pixel(64, 64, Rgb([9, 9, 9]));
        let blank = validate(png(&pixels)).expect_err("blank");
        assert!(blank.to_string().ends_with("its picture is of one colour"), "{blank}");
        pixels.put_pixel(60, 60, Rgb([200, 9, 9]));
        assert!(validate(png(&pixels)).is_ok_and(|drawn| drawn.png.is_some()));
        let page = GeneratedImage::Encoded(b"<!DOCTYPE html><title>Error</title>".to_vec());
        assert!(validate(page).is_err_and(|failure| failure.is_retryable()));
        assert!(validate(GeneratedImage::Encoded(Vec::new())).is_err());
        let dot = RgbImage::from_fn(2, 2, |x, _| Rgb([x as u8 * 255, 0, 0]));
        assert!(validate(png(&dot)).is_err());
    }
}
