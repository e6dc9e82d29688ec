//! Encodes `image/bmp`: Windows bitmaps, for screens whose firmware has no other decoder.
//!
//! A file consists of a file header (14 bytes), a `BITMAPINFOHEADER` (40 bytes), a palette of two
//! colours (8 bytes, only with 1 bit a pixel), and the rows from bottom to top. Each row is padded
//! with zeroes to a multiple of 4 bytes. All numbers are little-endian.

use image::RgbImage;

use super::dither::diffuse;
use super::levels::{LevelTable, nearest_level_table};
use super::luma;
use calliope_domain::Dither;

static ONE_BIT: LevelTable = nearest_level_table(1);

const HEADERS: usize = 14 + 40;

/// 96 dots an inch in the unit of the header, pixels a metre.
const PIXELS_PER_METRE: u32 = 3780;

/// The palette for 1 bit a pixel: 0 is black and 1 is white. Each entry is blue, green, red and an
/// unused byte.
const BLACK_AND_WHITE: [u8; 8] = [0, 0, 0, 0, 0xff, 0xff, 0xff, 0];

/// Encodes `image` with 24 bits a pixel, or with 1 bit a pixel if dithered.
pub(super) fn encode(image: &RgbImage, dither: Dither) -> Vec<u8> {
    match dither {
        Dither::None => true_colour(image),
        Dither::FloydSteinberg => black_and_white(image),
    }
}

/// Encodes `image` with 24 bits a pixel: blue, green, red.
fn true_colour(image: &RgbImage) -> Vec<u8> {
    let row_bytes = image.width() as usize * 3;
    let stride = row_bytes.next_multiple_of(4);
    let mut file = headers(image, 24, &[], stride);
    for row in image.as_raw().chunks_exact(row_bytes).rev() {
        file.extend(row.as_chunks().0.iter().flat_map(|&[r, g, b]| [b, g, r]));
        file.resize(file.len() + stride - row_bytes, 0);
    }
    file
}

/// Encodes `image` with 1 bit a pixel; the leftmost pixel is in the highest bit of a byte.
fn black_and_white(image: &RgbImage) -> Vec<u8> {
    let width = image.width() as usize;
    let mut lumas = luma::luma_plane(image);
    diffuse(&mut lumas, width, [&ONE_BIT]);

    let row_bytes = width.div_ceil(8);
    let stride = row_bytes.next_multiple_of(4);
    let mut file = headers(image, 1, &BLACK_AND_WHITE, stride);
    for row in lumas.chunks_exact(width).rev() {
        file.extend(row.chunks(8).map(pack_bits));
        file.resize(file.len() + stride - row_bytes, 0);
    }
    file
}

fn pack_bits(lumas: &[u8]) -> u8 {
    lumas.iter().zip((0..8).rev()).fold(0, |byte, (luma, bit)| byte | (luma >> 7) << bit)
}

/// Returns everything before the rows, with capacity reserved for the rows.
///
/// The size limits of pictures keep every number within 32 bits.
fn headers(image: &RgbImage, bits_per_pixel: u16, palette: &[u8], stride: usize) -> Vec<u8> {
    let pixels_at = HEADERS + palette.len();
    let pixel_bytes = stride * image.height() as usize;
    let colours = (palette.len() / 4) as u32;

    let mut file = Vec::with_capacity(pixels_at + pixel_bytes);
    let mut put = |field: &[u8]| file.extend_from_slice(field);
    put(b"BM");
    put(&((pixels_at + pixel_bytes) as u32).to_le_bytes());
    put(&[0; 4]);
    put(&(pixels_at as u32).to_le_bytes());
    put(&40_u32.to_le_bytes());
    put(&image.width().to_le_bytes());
    put(&image.height().to_le_bytes());
    put(&1_u16.to_le_bytes());
    put(&bits_per_pixel.to_le_bytes());
    put(&0_u32.to_le_bytes());
    put(&(pixel_bytes as u32).to_le_bytes());
    put(&PIXELS_PER_METRE.to_le_bytes());
    put(&PIXELS_PER_METRE.to_le_bytes());
    put(&colours.to_le_bytes());
    put(&colours.to_le_bytes());
    put(palette);
    file
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use proptest::prelude::*;

    use super::*;
    use crate::imaging::decode;
    use crate::imaging::testing::photo;

    #[test]
    fn a_24_bit_file_to_the_byte() {
        let mut image = RgbImage::from_pixel(1, 2, Rgb([1, 2, 3]));
        image.put_pixel(0, 1, Rgb([4, 5, 6]));
        let expected = [
            &b"BM\x3e\0\0\0\0\0\0\0\x36\0\0\0"[..],
            b"\x28\0\0\0\x01\0\0\0\x02\0\0\0\x01\0\x18\0\0\0\0\0\x08\0\0\0",
            b"\xc4\x0e\0\0\xc4\x0e\0\0\0\0\0\0\0\0\0\0",
            b"\x06\x05\x04\0\x03\x02\x01\0",
        ];
        assert_eq!(encode(&image, Dither::None), expected.concat());
    }

    #[test]
    fn a_1_bit_file_to_the_byte() {
        let image = RgbImage::from_fn(9, 2, |x, y| {
            Rgb([if (x == 1 && y == 0) || x == 8 { 255 } else { 0 }; 3])
        });
        let expected = [
            &b"BM\x46\0\0\0\0\0\0\0\x3e\0\0\0"[..],
            b"\x28\0\0\0\x09\0\0\0\x02\0\0\0\x01\0\x01\0\0\0\0\0\x08\0\0\0",
            b"\xc4\x0e\0\0\xc4\x0e\0\0\x02\0\0\0\x02\0\0\0",
            b"\0\0\0\0\xff\xff\xff\0",
            b"\0\x80\0\0\x40\x80\0\0",
        ];
        assert_eq!(encode(&image, Dither::FloydSteinberg), expected.concat());
    }

    #[test]
    fn dithering_keeps_the_mean_in_black_and_white() {
        let image = RgbImage::from_pixel(64, 64, Rgb([80; 3]));
        let shown = decode(&encode(&image, Dither::FloydSteinberg)).unwrap();
        assert!(shown.pixels().all(|pixel| matches!(pixel.0, [0, 0, 0] | [255, 255, 255])));
        let sum: u32 = shown.pixels().map(|pixel| u32::from(pixel.0[0])).sum();
        assert!((sum / 4096).abs_diff(80) <= 3);
    }

    proptest! {
        #[test]
        fn every_size_reads_back(width in 1_u32..40, height in 1_u32..20) {
            let image = photo(width, height);
            prop_assert!(decode(&encode(&image, Dither::None)).unwrap() == image);
            let two_tone = decode(&encode(&image, Dither::FloydSteinberg)).unwrap();
            prop_assert_eq!(two_tone.dimensions(), (width, height));
            let again = decode(&encode(&two_tone, Dither::FloydSteinberg)).unwrap();
            prop_assert!(again == two_tone);
        }
    }
}
