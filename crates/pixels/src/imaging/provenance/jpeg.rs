//! XMP in JPEG: an `APP1` segment that begins with the address of XMP (ISO 16684-3).

use super::super::jpeg_segments::{START_OF_IMAGE, segments};

const APP0: u8 = 0xe0;

const APP1: u8 = 0xe1;

/// What the body of a segment with XMP begins with.
const HEADER: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// What the segments begin with that continue a packet.
const EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

/// Returns a copy of a JPEG with a packet after its `JFIF` segment, which has to come first.
pub(super) fn with_packet(file: &[u8], packet: &str) -> Option<Vec<u8>> {
    if !file.starts_with(&[0xff, START_OF_IMAGE]) {
        return None;
    }
    let body = [HEADER, packet.as_bytes()].concat();
    let length = u16::try_from(body.len() + 2).ok()?;
    let mut copy = Vec::with_capacity(file.len() + body.len() + 4);
    let mut is_written = false;
    // The segments before the first that is neither `JFIF` nor metadata are copied one by one, the rest at once.
    for segment in segments(file) {
        if matches!(segment.marker, START_OF_IMAGE | APP0) {
            copy.extend_from_slice(file.get(segment.start()..segment.end)?);
            continue;
        }
        if !is_written {
            copy.extend([0xff, APP1]);
            copy.extend(length.to_be_bytes());
            copy.extend_from_slice(&body);
            is_written = true;
        }
        match segment.marker {
            APP1 if segment.body.starts_with(HEADER) || segment.body.starts_with(EXTENSION) => {}
            0xe1..=0xef | 0xfe => copy.extend_from_slice(file.get(segment.start()..segment.end)?),
            _ => {
                copy.extend_from_slice(file.get(segment.start()..)?);
                return Some(copy);
            }
        }
    }
    None
}
