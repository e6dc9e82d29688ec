//! A picture as it comes from a provider, looked at before anyone shows it: one that is broken, that is a web page, or
//! that is of one colour is no illustration.

use image::RgbImage;

use super::{Failure, GeneratedImage};
use crate::imaging::{self, InputFormat};

/// A picture that can be shown.
#[derive(Debug, Clone)]
pub struct DecodedImage {
    /// Its pixels.
    pub pixels: RgbImage,
    /// The same as a PNG file, where it came as one.
    pub png: Option<Vec<u8>>,
}

/// How far a channel must spread for a picture to show anything.
const MIN_CHANNEL_SPREAD: u8 = 8;

/// The smallest side of a picture, in pixels.
const MIN_SIDE: u32 = 16;

/// Decodes a picture and looks whether there is anything on it. This takes milliseconds: not for the async threads.
pub(super) fn validate(picture: GeneratedImage) -> Result<DecodedImage, Failure> {
    let (pixels, png) = match picture {
        // Painted in this process.
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
