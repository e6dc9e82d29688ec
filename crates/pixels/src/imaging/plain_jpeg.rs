//! Copies a JPEG file without its metadata, and without decoding it.
//!
//! A photograph says where and when it was taken, with what camera, and often contains a smaller copy of itself. None of
//! this is for a model provider. What is left are the segments that a decoder needs.

use image::metadata::Orientation;

use super::exif::orientation;
use super::jpeg_segments::{END_OF_IMAGE, START_OF_IMAGE, START_OF_SCAN, segments};
use super::sniff::{InputFormat, sniff};

const JFIF: u8 = 0xe0;
const ADOBE: u8 = 0xee;

/// The length of a `JFIF` segment's body without its thumbnail. The last two bytes are the thumbnail's size.
const JFIF_BODY: usize = 14;

/// The length of an `Adobe` segment's body. The last byte says how the colours are stored.
const ADOBE_BODY: usize = 12;

/// Returns a copy of a JPEG file with the segments that a decoder needs and nothing else: no EXIF, XMP, IPTC or colour
/// profile, no comment, no thumbnail, and nothing after the picture.
///
/// Returns `None` for what other programs may show differently or not at all: a picture that metadata turns upright, one
/// that is neither baseline nor progressive or does not have one or three components of eight bits, one without Huffman
/// tables, one in RGB, and a file that is cut off or is no JPEG.
#[must_use]
pub fn plain_jpeg(file: &[u8]) -> Option<Vec<u8>> {
    let is_upright = || orientation(file, InputFormat::Jpeg) == Orientation::NoTransforms;
    if sniff(file) != Some(InputFormat::Jpeg) || !is_upright() {
        return None;
    }
    let mut copy = Vec::with_capacity(file.len());
    let mut scan_data = None;
    let (mut has_frame, mut has_huffman_table) = (false, false);
    for segment in segments(file) {
        if let Some(start) = scan_data.take() {
            copy.extend_from_slice(file.get(start..segment.start())?);
        }
        match segment.marker {
            START_OF_IMAGE => copy.extend([0xff, START_OF_IMAGE]),
            END_OF_IMAGE => {
                copy.extend([0xff, END_OF_IMAGE]);
                return (has_frame && has_huffman_table).then_some(copy);
            }
            JFIF if segment.body.starts_with(b"JFIF\0") => {
                let fields = segment.body.get(..JFIF_BODY - 2)?;
                push(&mut copy, JFIF, &[fields, &[0, 0]].concat());
            }
            ADOBE if segment.body.starts_with(b"Adobe") => {
                let fields = segment.body.get(..ADOBE_BODY)?;
                if fields.last() != Some(&1) && !is_grey(file) {
                    return None;
                }
                push(&mut copy, ADOBE, fields);
            }
            // Application segments and comments.
            0xe0..=0xef | 0xfe => {}
            // A frame header, of a baseline, an extended sequential or a progressive picture.
            0xc0..=0xc2 => {
                let [precision, _, _, _, _, components, ..] = *segment.body else { return None };
                if precision != 8 || !matches!(components, 1 | 3) || has_frame {
                    return None;
                }
                has_frame = true;
                push(&mut copy, segment.marker, segment.body);
            }
            // Huffman tables.
            0xc4 => {
                has_huffman_table = true;
                push(&mut copy, segment.marker, segment.body);
            }
            // Quantisation tables and the restart interval.
            0xdb | 0xdd => push(&mut copy, segment.marker, segment.body),
            START_OF_SCAN => {
                push(&mut copy, segment.marker, segment.body);
                scan_data = Some(segment.end);
            }
            _ => return None,
        }
    }
    None
}

/// Reports whether the picture has a single component, whose colours cannot be stored in more than one way.
fn is_grey(file: &[u8]) -> bool {
    let frame = segments(file).find(super::jpeg_segments::Segment::is_frame_header);
    frame.is_some_and(|frame| frame.body.get(5) == Some(&1))
}

fn push(copy: &mut Vec<u8>, marker: u8, body: &[u8]) {
    // A body comes from a segment, whose length has 16 bits.
    let length = u16::try_from(body.len() + 2).unwrap_or(u16::MAX);
    copy.extend([0xff, marker]);
    copy.extend(length.to_be_bytes());
    copy.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::decode;
    use crate::imaging::testing::fixture;

    /// Inserts segments after the start of a file.
    fn with_segments(file: &[u8], added: &[(u8, &[u8])]) -> Vec<u8> {
        let mut changed = file[..2].to_vec();
        for (marker, body) in added {
            push(&mut changed, *marker, body);
        }
        changed.extend_from_slice(&file[2..]);
        changed
    }

    /// Builds an EXIF body with an orientation.
    fn exif(value: u8) -> Vec<u8> {
        [b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", &[value][..], &[0; 6]].concat()
    }

    #[test]
    fn the_picture_stays_the_same_and_nothing_else_stays() {
        for name in ["astronaut_640x480.jpg", "rocket_640x427.jpg"] {
            let file = fixture(name);
            let secret = b"37.4220 N 122.0841 W, camera 4711";
            let upright = exif(1);
            let mut told = with_segments(
                &file,
                &[
                    (0xe1, &[&upright[..], secret].concat()),
                    (0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", &secret[..]].concat()),
                    (0xe0, &[b"JFXX\0", &secret[..]].concat()),
                    (0xe2, secret),
                    (0xed, secret),
                    (0xfe, secret),
                ],
            );
            told.extend_from_slice(secret);
            let plain = plain_jpeg(&told).expect("a usual picture");
            assert!(!plain.windows(secret.len()).any(|bytes| bytes == secret), "{name}");
            assert!(!plain.windows(4).any(|bytes| bytes == b"Exif"), "{name}");
            assert_eq!(decode(&plain).unwrap(), decode(&file).unwrap(), "{name}");
            assert_eq!(plain_jpeg(&plain).as_ref(), Some(&plain), "nothing is left to remove");
        }
    }

    #[test]
    fn a_thumbnail_in_the_first_segment_goes_too() {
        let file = fixture("astronaut_640x480.jpg");
        let thumbnail = [b"JFIF\0\x01\x02\0\0\x01\0\x01\x02\x01", &b"secret"[..]].concat();
        let plain = plain_jpeg(&with_segments(&file, &[(0xe0, &thumbnail)])).expect("plain");
        assert!(!plain.windows(6).any(|bytes| bytes == b"secret"));
        assert!(plain.starts_with(b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x02\0\0\x01\0\x01\0\0"));
        assert!(decode(&plain).is_ok());
    }

    #[test]
    fn what_others_may_show_differently_is_not_copied() {
        let file = fixture("astronaut_640x480.jpg");
        for orientation in 2..=8 {
            assert_eq!(plain_jpeg(&with_segments(&file, &[(0xe1, &exif(orientation))])), None);
        }
        let adobe = |transform: u8| [&b"Adobe\0\x64\0\0\0\0"[..], &[transform]].concat();
        assert!(plain_jpeg(&with_segments(&file, &[(0xee, &adobe(1))])).is_some());
        assert_eq!(plain_jpeg(&with_segments(&file, &[(0xee, &adobe(0))])), None, "RGB");
        let frame = segments(&file).find(|segment| segment.marker == 0xc0).unwrap();
        let (marker, precision) = (frame.start() + 1, frame.start() + 4);
        let components = precision + 5;
        for (at, byte) in [(marker, 0xc3), (marker, 0xc9), (precision, 12), (components, 4)] {
            let mut exotic = file.clone();
            exotic[at] = byte;
            assert_eq!(plain_jpeg(&exotic), None, "{byte} at {at}");
        }
        let mut without_tables = file.clone();
        for segment in segments(&file).filter(|segment| segment.marker == 0xc4) {
            without_tables[segment.start() + 1] = 0xfe;
        }
        assert_eq!(plain_jpeg(&without_tables), None);
        assert_eq!(plain_jpeg(&fixture("chelsea_451x300.png")), None);
        assert_eq!(plain_jpeg(b""), None);
    }

    #[test]
    fn a_file_that_is_cut_off_is_not_copied() {
        let file = fixture("astronaut_640x480.jpg");
        for cut in (0..file.len() - 1).step_by(97) {
            assert_eq!(plain_jpeg(&file[..cut]), None, "cut at {cut}");
        }
    }
}
