//! Encodes and decodes `image/rgb565`: the frame buffer layout of small colour screens, without a
//! header.
//!
//! Rows run from top to bottom and pixels from left to right. Each pixel is one little-endian 16-bit
//! word:
//!
//! | bits | 15–11 | 10–5 | 4–0 |
//! |---|---|---|---|
//! | | red, upper 5 bits | green, upper 6 bits | blue, upper 5 bits |

use image::RgbImage;

use super::bounds;
use super::dither::diffuse;
use super::error::ImagingError;
use super::levels::{LevelTable, expand, nearest_level_table};
use calliope_domain::{Dither, ImageFormat, Size};

/// The levels of red and of blue.
static FIVE_BITS: LevelTable = nearest_level_table(5);
/// The levels of green.
static SIX_BITS: LevelTable = nearest_level_table(6);

/// Packs `image` into two bytes a pixel.
pub(super) fn encode(image: &RgbImage, dither: Dither) -> Vec<u8> {
    match dither {
        Dither::None => pack(image.as_raw()),
        Dither::FloydSteinberg => {
            let mut samples = image.as_raw().clone();
            let width = image.width() as usize;
            diffuse(&mut samples, width, [&FIVE_BITS, &SIX_BITS, &FIVE_BITS]);
            pack(&samples)
        }
    }
}

/// Unpacks RGB565 pixels to 8 bits a channel. Each channel is widened by repeating its upper bits.
///
/// # Errors
///
/// Returns [`ImagingError::WrongLength`] unless `bytes` holds two bytes for each pixel of `size`, and
/// [`ImagingError::TooLarge`] or [`ImagingError::Empty`] if `size` is beyond the limits.
pub fn decode_rgb565(bytes: &[u8], size: Size) -> Result<RgbImage, ImagingError> {
    bounds::check_input(size)?;
    let expected = size.width as usize * size.height as usize * 2;
    let wrong_length = || ImagingError::WrongLength {
        format: ImageFormat::Rgb565,
        size,
        expected,
        actual: bytes.len(),
    };
    if bytes.len() != expected {
        return Err(wrong_length());
    }
    let (words, _) = bytes.as_chunks();
    let samples = words.iter().flat_map(|&word| unpack(u16::from_le_bytes(word))).collect();
    RgbImage::from_raw(size.width, size.height, samples).ok_or_else(wrong_length)
}

fn pack(samples: &[u8]) -> Vec<u8> {
    let (pixels, _) = samples.as_chunks::<3>();
    let mut packed = vec![0; pixels.len() * 2];
    let (words, _) = packed.as_chunks_mut::<2>();
    for (word, &pixel) in words.iter_mut().zip(pixels) {
        *word = pack_pixel(pixel).to_le_bytes();
    }
    packed
}

fn pack_pixel([r, g, b]: [u8; 3]) -> u16 {
    (u16::from(r) >> 3) << 11 | (u16::from(g) >> 2) << 5 | u16::from(b) >> 3
}

fn unpack(word: u16) -> [u8; 3] {
    let [r, g, b] = [(word >> 11) & 0x1f, (word >> 5) & 0x3f, word & 0x1f].map(|v| v as u8);
    [expand(r, 5), expand(g, 6), expand(b, 5)]
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use proptest::prelude::*;

    use super::*;
    use crate::imaging::decode;
    use crate::imaging::testing::{fixture, photo};

    #[test]
    fn the_vectors_pack_to_the_byte() {
        for name in ["src_96x64", "rsz_48x48"] {
            let image = decode(&fixture(&format!("vectors/{name}.png"))).unwrap();
            let packed = fixture(&format!("vectors/{name}.rgb565.raw"));
            assert!(encode(&image, Dither::None) == packed, "{name}");
        }
    }

    #[test]
    fn channels_sit_where_the_layout_says() {
        let packed = |pixel| encode(&RgbImage::from_pixel(1, 1, Rgb(pixel)), Dither::None);
        assert_eq!(packed([0xff, 0, 0]), [0x00, 0xf8]);
        assert_eq!(packed([0, 0xff, 0]), [0xe0, 0x07]);
        assert_eq!(packed([0, 0, 0xff]), [0x1f, 0x00]);
        assert_eq!(packed([0x07, 0x03, 0x07]), [0, 0]);
    }

    #[test]
    fn unpacking_repeats_the_upper_bits() {
        let image = decode_rgb565(&[0b0101_0110, 0b1011_0010], Size::new(1, 1)).unwrap();
        assert_eq!(image.as_raw(), &[0b1011_0101, 0b0100_1001, 0b1011_0101]);
    }

    #[test]
    fn a_wrong_length_says_what_was_expected() {
        for actual in [0, 4607, 4609, 9216] {
            let refused = decode_rgb565(&vec![0; actual], Size::new(48, 48)).unwrap_err();
            let message = format!(
                "48x48 pixels of image/rgb565 take 4608 bytes, but {actual} were given; \
                 send the size that belongs to the data"
            );
            assert_eq!(refused.to_string(), message);
        }
        let refused = decode_rgb565(&[], Size::new(u32::MAX, u32::MAX));
        assert!(matches!(refused, Err(ImagingError::TooLarge(_))));
        assert!(matches!(decode_rgb565(&[], Size::new(0, 0)), Err(ImagingError::Empty(_))));
    }

    #[test]
    fn dithering_keeps_the_mean_of_each_channel() {
        let image = RgbImage::from_pixel(64, 64, Rgb([101, 37, 203]));
        let packed = encode(&image, Dither::FloydSteinberg);
        let shown = decode_rgb565(&packed, Size::new(64, 64)).unwrap();
        for (channel, wanted) in [101, 37, 203].into_iter().enumerate() {
            let sum: u32 = shown.pixels().map(|pixel| u32::from(pixel.0[channel])).sum();
            assert!((sum / 4096).abs_diff(wanted) <= 1, "channel {channel}");
        }
    }

    proptest! {
        #[test]
        fn every_word_survives_a_round_trip(words in prop::collection::vec(any::<u16>(), 1..300)) {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            let image = decode_rgb565(&bytes, Size::new(words.len() as u32, 1)).unwrap();
            prop_assert_eq!(&encode(&image, Dither::None), &bytes);
            prop_assert_eq!(&encode(&image, Dither::FloydSteinberg), &bytes);
        }

        #[test]
        fn two_bytes_a_pixel(width in 1_u32..50, height in 1_u32..50) {
            let size = Size::new(width, height);
            for dither in [Dither::None, Dither::FloydSteinberg] {
                let packed = encode(&photo(width, height), dither);
                prop_assert_eq!(packed.len(), (width * height * 2) as usize);
                let once = decode_rgb565(&packed, size).unwrap();
                let twice = decode_rgb565(&encode(&once, dither), size).unwrap();
                prop_assert!(once == twice);
            }
        }
    }
}
