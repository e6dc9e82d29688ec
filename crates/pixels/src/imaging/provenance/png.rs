//! XMP in PNG: an uncompressed `iTXt` chunk with the keyword `XML:com.adobe.xmp` (PNG, third edition, 11.3.3.4).

use super::super::header::read_array;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The keyword with its terminator.
const KEYWORD: &[u8] = b"XML:com.adobe.xmp\0";

/// No compression, method 0, no language and no translated keyword, each text with its terminator.
const TEXT_HEADER: &[u8] = &[0, 0, 0, 0];

/// The length of a chunk without its data: length, name and checksum.
const CHUNK_OVERHEAD: usize = 12;

/// Returns a copy of a PNG with a packet after its header.
pub(super) fn with_packet(file: &[u8], packet: &str) -> Option<Vec<u8>> {
    if !file.starts_with(SIGNATURE) {
        return None;
    }
    let mut copy = Vec::with_capacity(file.len() + packet.len() + 64);
    copy.extend_from_slice(SIGNATURE);
    let mut at = SIGNATURE.len();
    loop {
        let length = usize::try_from(u32::from_be_bytes(read_array(file, at)?)).ok()?;
        let name: [u8; 4] = read_array(file, at + 4)?;
        let end = at.checked_add(length)?.checked_add(CHUNK_OVERHEAD)?;
        let chunk = file.get(at..end)?;
        match &name {
            // A manifest of C2PA signs the file as it is.
            b"caBX" => return None,
            b"iTXt" if chunk[8..].starts_with(KEYWORD) => {}
            _ => copy.extend_from_slice(chunk),
        }
        at = end;
        match &name {
            b"IHDR" => {
                push(&mut copy, *b"iTXt", &[KEYWORD, TEXT_HEADER, packet.as_bytes()].concat());
            }
            b"IEND" => return Some(copy),
            _ => {}
        }
    }
}

/// Adds a chunk.
pub(super) fn push(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    // A packet is far shorter than a chunk may be.
    file.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    let start = file.len();
    file.extend(name);
    file.extend_from_slice(data);
    let checksum = crc32fast::hash(&file[start..]);
    file.extend(checksum.to_be_bytes());
}
