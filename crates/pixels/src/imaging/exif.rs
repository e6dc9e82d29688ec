//! Reads the orientation from the EXIF metadata of a picture.
//!
//! EXIF is a TIFF file of its own inside the picture: in an `APP1` segment of a JPEG, an `eXIf` chunk
//! of a PNG, or an `EXIF` chunk of a WebP. Only JPEG puts `Exif\0\0` in front of it, but many writers
//! do that in the other formats too. GIF and BMP have no EXIF.

use image::metadata::Orientation;

use super::header::read_array;
use super::jpeg_segments::{START_OF_SCAN, segments};
use super::sniff::InputFormat;

/// What JPEG writes in front of EXIF.
const PREFIX: &[u8] = b"Exif\0\0";

/// The marker of a JPEG segment that holds EXIF.
const APP1: u8 = 0xe1;

/// The TIFF tag of the orientation.
const ORIENTATION: u16 = 0x0112;

/// The length of an entry of a TIFF directory, in bytes.
const ENTRY: usize = 12;

/// Returns the orientation of a picture. Damaged metadata is no reason to reject it, and counts as
/// none.
pub(super) fn orientation(file: &[u8], format: InputFormat) -> Orientation {
    let exif = match format {
        InputFormat::Jpeg => jpeg(file),
        InputFormat::Png => png(file),
        InputFormat::Webp => webp(file),
        InputFormat::Gif | InputFormat::Bmp => None,
    };
    exif.and_then(from_exif).unwrap_or(Orientation::NoTransforms)
}

fn jpeg(file: &[u8]) -> Option<&[u8]> {
    let mut before_scan = segments(file).take_while(|segment| segment.marker != START_OF_SCAN);
    let exif = before_scan.find(|s| s.marker == APP1 && s.body.starts_with(PREFIX))?;
    Some(exif.body)
}

/// Finds the chunk in a PNG. It may follow the pixels.
fn png(file: &[u8]) -> Option<&[u8]> {
    let mut rest = file.get(8..)?;
    loop {
        let length = u32::from_be_bytes(read_array(rest, 0)?) as usize;
        let name: [u8; 4] = read_array(rest, 4)?;
        let (body, following) = rest.get(8..)?.split_at_checked(length)?;
        if &name == b"eXIf" {
            return Some(body);
        }
        rest = following.get(4..)?;
    }
}

/// Finds the chunk in a WebP. It usually follows the pixels.
fn webp(file: &[u8]) -> Option<&[u8]> {
    let mut rest = file.get(12..)?;
    loop {
        let length = u32::from_le_bytes(read_array(rest, 4)?) as usize;
        let body = rest.get(8..)?;
        if rest.starts_with(b"EXIF") {
            return Some(body.get(..length).unwrap_or(body));
        }
        rest = body.get(length.checked_next_multiple_of(2)?..)?;
    }
}

/// Reads the orientation from the first directory of a TIFF file.
fn from_exif(exif: &[u8]) -> Option<Orientation> {
    let mut tiff = exif;
    while let Some(rest) = tiff.strip_prefix(PREFIX) {
        tiff = rest;
    }
    let is_big_endian = match tiff.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let u16_at = |at| {
        let bytes = read_array(tiff, at)?;
        Some(if is_big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let u32_at = |at| {
        let bytes = read_array(tiff, at)?;
        Some(if is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    };
    let directory = u32_at(4)? as usize;
    let entries = directory.checked_add(2)?;
    (0..usize::from(u16_at(directory)?))
        .map(|index| entries.saturating_add(index * ENTRY))
        .find(|entry| u16_at(*entry) == Some(ORIENTATION))
        .and_then(|entry| {
            // The standard says 16 bits; some writers use 8 or 32.
            let value = match u16_at(entry + 2)? {
                1 => u32::from(*tiff.get(entry + 8)?),
                4 => u32_at(entry + 8)?,
                _ => u16_at(entry + 8)?.into(),
            };
            Orientation::from_exif(u8::try_from(value).ok()?)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds EXIF with another entry before the orientation.
    fn exif(is_big_endian: bool, kind: u16, value: u32) -> Vec<u8> {
        let word = |n: u16| if is_big_endian { n.to_be_bytes() } else { n.to_le_bytes() };
        let long = |n: u32| if is_big_endian { n.to_be_bytes() } else { n.to_le_bytes() };
        let mut tiff = if is_big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        tiff.extend([&word(42)[..], &long(10), &[0, 0], &word(2)].concat());
        tiff.extend([&word(0x010f)[..], &word(2), &long(3), b"me\0\0"].concat());
        let stored = match kind {
            1 => [value as u8, 0, 0, 0],
            4 => long(value),
            _ => [&word(value as u16)[..], &[0, 0]].concat().try_into().unwrap(),
        };
        tiff.extend([&word(ORIENTATION)[..], &word(kind), &long(1), &stored, &[0; 4]].concat());
        tiff
    }

    #[test]
    fn both_byte_orders_every_width_and_the_prefix_are_read() {
        for is_big_endian in [true, false] {
            for kind in [1, 3, 4] {
                for value in 1..=8 {
                    let exif = exif(is_big_endian, kind, value);
                    let expected = Orientation::from_exif(value as u8);
                    assert_eq!(from_exif(&exif), expected, "{is_big_endian} {kind} {value}");
                    assert_eq!(from_exif(&[PREFIX, &exif].concat()), expected);
                    assert_eq!(from_exif(&[PREFIX, PREFIX, &exif].concat()), expected);
                }
            }
        }
    }

    #[test]
    fn damaged_metadata_is_no_orientation() {
        let good = exif(true, 3, 6);
        for cut in 0..good.len() - 6 {
            assert_eq!(from_exif(&good[..cut]), None, "cut at {cut}");
        }
        for value in [0, 9, 65_535] {
            assert_eq!(from_exif(&exif(false, 3, value)), None);
        }
        let mut far = good;
        far[4..8].fill(0xff);
        assert_eq!(from_exif(&far), None);
    }
}
