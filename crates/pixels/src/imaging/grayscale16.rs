//! Encodes and decodes `image/grayscale16`: sixteen greys for e-paper, without a header.
//!
//! A byte holds two pixels, the first one in the low half:
//!
//! | bits | 7–4 | 3–0 |
//! |---|---|---|
//! | | upper 4 bits of the luma of pixel 2n+1 | upper 4 bits of the luma of pixel 2n |
//!
//! The pixels form one sequence, with rows from top to bottom and no padding between them: with an
//! odd width, a byte may hold the last pixel of one row and the first of the next. If the number of
//! pixels is odd, the high half of the last byte is 0.

use image::RgbImage;

use super::bounds;
use super::dither::diffuse;
use super::error::ImagingError;
use super::levels::{LevelTable, expand, nearest_level_table};
use super::luma;
use calliope_domain::{Dither, ImageFormat, Size};

/// The levels that the screen shows: the sixteen multiples of 17.
static FOUR_BITS: LevelTable = nearest_level_table(4);

/// Packs the luma of `image` into half a byte a pixel.
pub(super) fn encode(image: &RgbImage, dither: Dither) -> Vec<u8> {
    let mut lumas = luma::luma_plane(image);
    if dither == Dither::FloydSteinberg {
        diffuse(&mut lumas, image.width() as usize, [&FOUR_BITS]);
    }
    pack(&lumas)
}

/// Unpacks 4-bit pixels to greys. Each level is multiplied by 17.
///
/// # Errors
///
/// Returns [`ImagingError::WrongLength`] unless the length of `bytes` is half the number of pixels of
/// `size`, rounded up, and [`ImagingError::TooLarge`] or [`ImagingError::Empty`] if `size` is beyond
/// the limits.
pub fn decode_grayscale16(bytes: &[u8], size: Size) -> Result<RgbImage, ImagingError> {
    bounds::check_input(size)?;
    let pixels = size.width as usize * size.height as usize;
    let expected = pixels.div_ceil(2);
    let wrong_length = || ImagingError::WrongLength {
        format: ImageFormat::Grayscale16,
        size,
        expected,
        actual: bytes.len(),
    };
    if bytes.len() != expected {
        return Err(wrong_length());
    }
    let greys = bytes.iter().flat_map(|byte| [byte & 0x0f, byte >> 4]).take(pixels);
    let samples = greys.flat_map(|level| [expand(level, 4); 3]).collect();
    RgbImage::from_raw(size.width, size.height, samples).ok_or_else(wrong_length)
}

fn pack(lumas: &[u8]) -> Vec<u8> {
    let (pairs, last) = lumas.as_chunks::<2>();
    let mut packed = Vec::with_capacity(lumas.len().div_ceil(2));
    packed.extend(pairs.iter().map(|[even, odd]| even >> 4 | (odd & 0xf0)));
    packed.extend(last.iter().map(|even| even >> 4));
    packed
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use proptest::prelude::*;

    use super::*;
    use crate::imaging::decode;
    use crate::imaging::testing::{fixture, photo};

    fn greys(width: u32, lumas: &[u8]) -> RgbImage {
        let samples = lumas.iter().flat_map(|&luma| [luma; 3]).collect();
        RgbImage::from_raw(width, lumas.len() as u32 / width, samples).unwrap()
    }

    #[test]
    fn the_vectors_pack_to_the_byte() {
        for name in ["src_96x64", "rsz_48x48"] {
            let image = decode(&fixture(&format!("vectors/{name}.png"))).unwrap();
            let packed = fixture(&format!("vectors/{name}.grayscale16"));
            assert!(encode(&image, Dither::None) == packed, "{name}");
        }
    }

    #[test]
    fn the_even_pixel_is_in_the_low_half() {
        let image = greys(4, &[0x10, 0x2f, 0x3a, 0xf0, 0xff, 0x00, 0x80, 0x7f]);
        assert_eq!(encode(&image, Dither::None), [0x21, 0xf3, 0x0f, 0x78]);
    }

    #[test]
    fn odd_rows_run_into_each_other_and_an_odd_last_pixel_stands_alone() {
        let image = greys(3, &[0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90]);
        let packed = [0x21, 0x43, 0x65, 0x87, 0x09];
        assert_eq!(encode(&image, Dither::None), packed);
        let back = decode_grayscale16(&packed, Size::new(3, 3)).unwrap();
        assert_eq!(back, greys(3, &[17, 34, 51, 68, 85, 102, 119, 136, 153]));
    }

    #[test]
    fn a_wrong_length_says_what_was_expected() {
        for actual in [0, 4, 6, 9] {
            let refused = decode_grayscale16(&vec![0; actual], Size::new(3, 3)).unwrap_err();
            let message = format!(
                "3x3 pixels of image/grayscale16 take 5 bytes, but {actual} were given; \
                 send the size that belongs to the data"
            );
            assert_eq!(refused.to_string(), message);
        }
        let refused = decode_grayscale16(&[], Size::new(u32::MAX, u32::MAX));
        assert!(matches!(refused, Err(ImagingError::TooLarge(_))));
    }

    #[test]
    fn dithering_keeps_the_mean() {
        let image = RgbImage::from_pixel(64, 64, Rgb([101, 37, 203]));
        let packed = encode(&image, Dither::FloydSteinberg);
        let shown = decode_grayscale16(&packed, Size::new(64, 64)).unwrap();
        let sum: u32 = shown.pixels().map(|pixel| u32::from(pixel.0[0])).sum();
        assert!((sum / 4096).abs_diff(u32::from(luma::luma([101, 37, 203]))) <= 1);
    }

    proptest! {
        #[test]
        fn every_level_survives_a_round_trip(bytes in prop::collection::vec(any::<u8>(), 1..300)) {
            let image = decode_grayscale16(&bytes, Size::new(bytes.len() as u32 * 2, 1)).unwrap();
            prop_assert_eq!(&encode(&image, Dither::None), &bytes);
            prop_assert_eq!(&encode(&image, Dither::FloydSteinberg), &bytes);
        }

        #[test]
        fn half_a_byte_a_pixel(width in 1_u32..50, height in 1_u32..50) {
            let size = Size::new(width, height);
            for dither in [Dither::None, Dither::FloydSteinberg] {
                let packed = encode(&photo(width, height), dither);
                prop_assert_eq!(packed.len(), (width * height).div_ceil(2) as usize);
                let once = decode_grayscale16(&packed, size).unwrap();
                let twice = decode_grayscale16(&encode(&once, dither), size).unwrap();
                prop_assert!(once == twice);
            }
        }
    }
}
