//! XMP in WebP (RFC 9649): an `XMP ` chunk at the end. It needs the extended layout, whose first chunk, `VP8X`, holds the
//! size of the picture and says which chunks follow.

use super::super::header::{dimensions, read_array};

/// The length of `RIFF`, the file's length, and `WEBP`.
const FILE_HEADER: usize = 12;

/// The length of a chunk's name and length.
const CHUNK_HEADER: usize = 8;

/// The bit of `VP8X` that says that the file has XMP.
const HAS_XMP: u8 = 0x04;

/// The bit of `VP8X` that says that some pixels are not opaque.
const HAS_ALPHA: u8 = 0x10;

/// The bit of the fifth byte of `VP8L` that says the same.
const LOSSLESS_ALPHA: u8 = 0x10;

/// Returns a copy of a WebP file with a packet at its end.
pub(super) fn with_packet(file: &[u8], packet: &str) -> Option<Vec<u8>> {
    let is_webp = file.starts_with(b"RIFF") && file.get(8..FILE_HEADER)? == b"WEBP";
    if !is_webp {
        return None;
    }
    let end = usize::try_from(u32::from_le_bytes(read_array(file, 4)?)).ok()?.checked_add(8)?;
    let chunks = file.get(FILE_HEADER..end)?;
    let mut copy = Vec::with_capacity(file.len() + packet.len() + 64);
    copy.extend_from_slice(&file[..FILE_HEADER]);
    if !chunks.starts_with(b"VP8X") {
        push(&mut copy, *b"VP8X", &extended_header(file, chunks)?);
    }
    let mut rest = chunks;
    while !rest.is_empty() {
        let name: [u8; 4] = read_array(rest, 0)?;
        let length = usize::try_from(u32::from_le_bytes(read_array(rest, 4)?)).ok()?;
        let body = rest.get(CHUNK_HEADER..CHUNK_HEADER.checked_add(length)?)?;
        match &name {
            b"XMP " => {}
            b"VP8X" => {
                let mut header: [u8; 10] = read_array(body, 0)?;
                header[0] |= HAS_XMP;
                push(&mut copy, name, &header);
            }
            _ => push(&mut copy, name, body),
        }
        let padded = length.checked_next_multiple_of(2)?.checked_add(CHUNK_HEADER)?;
        rest = rest.get(padded..).unwrap_or_default();
    }
    push(&mut copy, *b"XMP ", packet.as_bytes());
    let length = u32::try_from(copy.len() - 8).ok()?;
    copy[4..8].copy_from_slice(&length.to_le_bytes());
    Some(copy)
}

/// Returns the data of `VP8X` for a file in a simple layout.
fn extended_header(file: &[u8], chunks: &[u8]) -> Option<[u8; 10]> {
    let size = dimensions(file).ok()?;
    let has_alpha =
        chunks.starts_with(b"VP8L") && chunks.get(CHUNK_HEADER + 4)? & LOSSLESS_ALPHA != 0;
    let flags = HAS_XMP | if has_alpha { HAS_ALPHA } else { 0 };
    let [w0, w1, w2, _] = (size.width - 1).to_le_bytes();
    let [h0, h1, h2, _] = (size.height - 1).to_le_bytes();
    Some([flags, 0, 0, 0, w0, w1, w2, h0, h1, h2])
}

/// Adds a chunk, padded to an even length.
fn push(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    file.extend(name);
    // Chunks come from a file whose length has 32 bits.
    file.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.extend_from_slice(data);
    if !data.len().is_multiple_of(2) {
        file.push(0);
    }
}
