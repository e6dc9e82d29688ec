//! Checks that an image file is complete, and finds where it ends.
//!
//! Some decoders accept half a file: the JPEG decoder fills the rest with grey, and the GIF decoder
//! needs the first frame only. A story must not show half an illustration, so a file counts as
//! complete only if it reaches the end that its format defines. Bytes after that end are ignored,
//! because camera modules pad their JPEGs to a buffer size.

use super::header::read_array;
use super::jpeg_segments::{END_OF_IMAGE, segments};
use super::sniff::InputFormat;

/// Returns `bytes` up to the end of the image file in them, or `None` if that end is missing.
///
/// A BMP has no end marker, and many writers store a wrong length in it. All of `bytes` is returned
/// for a BMP; its decoder reports missing rows.
pub(super) fn complete_file(bytes: &[u8], format: InputFormat) -> Option<&[u8]> {
    let end = match format {
        InputFormat::Jpeg => segments(bytes).find(|s| s.marker == END_OF_IMAGE).map(|s| s.end),
        InputFormat::Png => png(bytes),
        InputFormat::Webp => webp(bytes),
        InputFormat::Gif => gif(bytes),
        InputFormat::Bmp => Some(bytes.len()),
    };
    bytes.get(..end?)
}

/// Returns the offset after the `IEND` chunk.
///
/// A PNG is an 8-byte signature and then chunks of length, name, data and checksum; `IEND` is the
/// last chunk.
fn png(file: &[u8]) -> Option<usize> {
    const CHUNK_OVERHEAD: usize = 12;
    let mut at: usize = 8;
    loop {
        let length = usize::try_from(u32::from_be_bytes(read_array(file, at)?)).ok()?;
        let name: [u8; 4] = read_array(file, at + 4)?;
        at = at.checked_add(length)?.checked_add(CHUNK_OVERHEAD)?;
        if &name == b"IEND" {
            return Some(at);
        }
    }
}

/// Returns the length of the outer RIFF chunk, which holds the whole file. The stored length leaves
/// out the 8 bytes of the chunk header.
fn webp(file: &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(read_array(file, 4)?)).ok()?.checked_add(8)
}

/// Returns the offset after the trailer.
///
/// A GIF is a header with an optional colour table, then extensions (`!`) and frames (`,`) up to the
/// trailer (`;`).
fn gif(file: &[u8]) -> Option<usize> {
    const HEADER: usize = 13;
    const EXTENSION: usize = 2;
    const FRAME: usize = 10;
    const CODE_SIZE: usize = 1;
    let mut at = HEADER + colour_table(*file.get(10)?);
    loop {
        let data = match file.get(at)? {
            b'!' => at + EXTENSION,
            b',' => at + FRAME + colour_table(*file.get(at + 9)?) + CODE_SIZE,
            b';' => return Some(at + 1),
            _ => return None,
        };
        at = after_sub_blocks(file, data)?;
    }
}

/// Returns the size in bytes of a GIF colour table: bit 7 of `flags` says whether it exists, and
/// bits 0 to 2 hold the binary logarithm of the number of its entries, minus one.
fn colour_table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 0x07) + 1) }
}

/// Returns the offset after the length-prefixed blocks that start at `at`; an empty block ends them.
fn after_sub_blocks(file: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = *file.get(at)?;
        at += 1 + usize::from(length);
        if length == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::testing::{animated_gif, fixture, one_of_each, photo};

    fn files() -> Vec<(InputFormat, Vec<u8>)> {
        let mut files = one_of_each(&photo(33, 17));
        files.retain(|(format, _)| *format != InputFormat::Bmp);
        files.push((InputFormat::Gif, animated_gif()));
        files.push((InputFormat::Jpeg, fixture("astronaut_640x480.jpg")));
        files
    }

    #[test]
    fn padding_after_the_end_is_left_off() {
        for (format, file) in files() {
            for padding in [&[0; 7][..], &[0xff, 0xd9, 0xff, 0xd9], b"IEND;"] {
                let padded = [&file, padding].concat();
                assert_eq!(complete_file(&padded, format), Some(&file[..]), "{format}");
            }
        }
    }

    #[test]
    fn a_file_cut_anywhere_has_no_end() {
        for (format, file) in files() {
            let step = 1 + file.len() / 997;
            for cut in (0..file.len()).step_by(step).chain([file.len() - 1]) {
                assert_eq!(complete_file(&file[..cut], format), None, "{format} cut at {cut}");
            }
        }
    }

    #[test]
    fn zeroes_in_place_of_the_second_half_do_not_make_a_file_whole() {
        // A WebP stores its length at the start, so zeroes do not remove its end.
        for (format, mut file) in files().into_iter().filter(|(f, _)| *f != InputFormat::Webp) {
            let half = file.len() / 2;
            file[half..].fill(0);
            assert_eq!(complete_file(&file, format), None, "{format}");
        }
    }
}
