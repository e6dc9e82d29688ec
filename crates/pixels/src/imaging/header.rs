//! Reads the size that a file header declares, without a decoder.
//!
//! The decoders report the size too, but some of them need the first pixel data before they do, and
//! some allocate memory on the way. Reading the few header bytes directly makes it free to reject a
//! decompression bomb.

use super::bounds;
use super::error::ImagingError;
use super::jpeg_segments::{Segment, segments};
use super::sniff::{InputFormat, sniff};
use calliope_domain::Size;

/// Returns the size in pixels that the header of `bytes` declares, checked against the limits of
/// [`decode`](super::decode()).
///
/// An upload can be checked this way without decoding its pixels. The size is the one stored in the
/// file: an EXIF orientation may still swap width and height.
///
/// # Errors
///
/// Returns [`ImagingError::UnsupportedFormat`] or [`ImagingError::OtherFormat`] if the format is not
/// supported, [`ImagingError::Truncated`] if the header is incomplete, [`ImagingError::TooLarge`] if the size
/// exceeds [`MAX_SIDE`](super::MAX_SIDE) or [`MAX_PIXELS`](super::MAX_PIXELS), and
/// [`ImagingError::Empty`] if a side is 0.
pub fn dimensions(bytes: &[u8]) -> Result<Size, ImagingError> {
    let format = sniff(bytes).ok_or_else(|| ImagingError::from_unsupported(bytes))?;
    let claimed = match format {
        InputFormat::Jpeg => jpeg(bytes),
        InputFormat::Png => png(bytes),
        InputFormat::Webp => webp(bytes),
        InputFormat::Gif => gif(bytes),
        InputFormat::Bmp => bmp(bytes),
    };
    bounds::check_input(claimed.ok_or(ImagingError::Truncated(format))?)
}

/// Reads the frame header: one byte of precision, then height and width, 16 bits each, big-endian.
fn jpeg(file: &[u8]) -> Option<Size> {
    let frame = segments(file).find(Segment::is_frame_header)?;
    let height = u16::from_be_bytes(read_array(frame.body, 1)?);
    let width = u16::from_be_bytes(read_array(frame.body, 3)?);
    Some(Size::new(width.into(), height.into()))
}

/// Reads `IHDR`, always the first chunk: width and height, 32 bits each, big-endian.
fn png(file: &[u8]) -> Option<Size> {
    let [width, height] = [read_array(file, 16)?, read_array(file, 20)?].map(u32::from_be_bytes);
    Some(Size::new(width, height))
}

/// Reads the logical screen, onto which the first frame is drawn: width and height, 16 bits each,
/// little-endian.
fn gif(file: &[u8]) -> Option<Size> {
    let [width, height] = [read_array(file, 6)?, read_array(file, 8)?].map(u16::from_le_bytes);
    Some(Size::new(width.into(), height.into()))
}

/// Reads width and height, little-endian: 16 bits each in the 12-byte OS/2 header, 32 bits in the
/// others. A negative height means that the top row comes first.
fn bmp(file: &[u8]) -> Option<Size> {
    if u32::from_le_bytes(read_array(file, 14)?) == 12 {
        let [width, height] =
            [read_array(file, 18)?, read_array(file, 20)?].map(u16::from_le_bytes);
        return Some(Size::new(width.into(), height.into()));
    }
    let [width, height] = [read_array(file, 18)?, read_array(file, 22)?].map(i32::from_le_bytes);
    Some(Size::new(width.unsigned_abs(), height.unsigned_abs()))
}

/// Reads the size from the first chunk (RFC 9649).
///
/// The name of the chunk gives the layout: extended (`VP8X`, 24 bits a side, stored minus one),
/// lossless (`VP8L`, 14 bits a side, stored minus one, packed) or lossy (`VP8 `, the low 14 of 16
/// bits a side; the upper two are a scaling hint).
fn webp(file: &[u8]) -> Option<Size> {
    const LOW_14_BITS: u32 = 0x3fff;
    let pair = |width: u32, height: u32| Some(Size::new(width, height));
    match &read_array(file, 12)? {
        b"VP8X" => {
            let [w0, w1, w2, h0, h1, h2] = read_array(file, 24)?;
            let [width, height] = [[w0, w1, w2, 0], [h0, h1, h2, 0]].map(u32::from_le_bytes);
            pair(width + 1, height + 1)
        }
        b"VP8L" => {
            let packed = u32::from_le_bytes(read_array(file, 21)?);
            pair((packed & LOW_14_BITS) + 1, ((packed >> 14) & LOW_14_BITS) + 1)
        }
        b"VP8 " => {
            let [width, height] =
                [read_array(file, 26)?, read_array(file, 28)?].map(u16::from_le_bytes);
            pair(u32::from(width) & LOW_14_BITS, u32::from(height) & LOW_14_BITS)
        }
        _ => None,
    }
}

/// Returns the `N` bytes at offset `at`, or `None` if `bytes` is too short.
pub(super) fn read_array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::testing::{LOSSY_WEBP_1X1, fixture, one_of_each, photo, png_header};

    #[test]
    fn every_format_tells_its_size() {
        for (format, bytes) in one_of_each(&photo(37, 21)) {
            assert_eq!(dimensions(&bytes).unwrap(), Size::new(37, 21), "{format}");
        }
        let mut lossy = LOSSY_WEBP_1X1;
        assert_eq!(dimensions(&lossy).unwrap(), Size::new(1, 1));
        [lossy[27], lossy[29]] = [0x40, 0x81];
        assert_eq!(dimensions(&lossy).unwrap(), Size::new(1, 257), "scaling is not size");
        assert_eq!(dimensions(&fixture("rocket_640x427.jpg")).unwrap(), Size::new(640, 427));
    }

    #[test]
    fn the_extended_webp_header_holds_the_canvas() {
        let mut file = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".to_vec();
        file.extend([0xff, 0x01, 0, 0x0f, 0x01, 0]);
        assert_eq!(dimensions(&file).unwrap(), Size::new(512, 272));
        file[26] = 0xff;
        assert!(matches!(dimensions(&file), Err(ImagingError::TooLarge(_))));
    }

    #[test]
    fn bitmaps_of_os2_and_top_down_ones_tell_their_size() {
        let mut file = vec![0; 30];
        file[..2].copy_from_slice(b"BM");
        file[14] = 12;
        file[18..22].copy_from_slice(&[7, 0, 9, 0]);
        assert_eq!(dimensions(&file).unwrap(), Size::new(7, 9));
        file[14] = 40;
        file[18..26].copy_from_slice(&[7, 0, 0, 0, 0xf7, 0xff, 0xff, 0xff]);
        assert_eq!(dimensions(&file).unwrap(), Size::new(7, 9));
    }

    #[test]
    fn a_header_that_claims_too_much_is_refused() {
        let refused = dimensions(&png_header(60_000, 60_000)).unwrap_err();
        assert!(matches!(refused, ImagingError::TooLarge(Size { width: 60_000, .. })));
        let refused = dimensions(&png_header(0, 5)).unwrap_err();
        assert!(matches!(refused, ImagingError::Empty(_)));
    }

    #[test]
    fn a_cut_header_is_refused_and_never_misread() {
        for (format, bytes) in one_of_each(&photo(8, 8)) {
            for cut in 0..bytes.len() {
                match dimensions(&bytes[..cut]) {
                    Ok(size) => assert_eq!(size, Size::new(8, 8), "{format} cut at {cut}"),
                    Err(ImagingError::UnsupportedFormat) => {
                        assert!(cut < 18, "{format} cut at {cut}");
                    }
                    Err(ImagingError::Truncated(named)) => assert_eq!(named, format),
                    Err(other) => panic!("{format} cut at {cut}: {other}"),
                }
            }
            assert!(dimensions(&bytes[..9]).is_err(), "{format}");
        }
    }
}
