//! Checks that an image file is complete, and finds where it ends.
//!
//! Some decoders accept half a file: the JPEG decoder fills the rest with grey. A story must not show
//! half an illustration, so a file counts as complete only if it reaches the end that its format
//! defines; a GIF, of which the first frame is shown, if it reaches the end of that. Bytes after that end are ignored,
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

/// Returns the offset after the trailer, or after the first frame if the trailer is missing: only that
/// frame is shown, and some writers of animations leave the trailer out.
///
/// A GIF is a header with an optional colour table, then extensions (`!`) and frames (`,`) up to the
/// trailer (`;`).
fn gif(file: &[u8]) -> Option<usize> {
    const HEADER: usize = 13;
    const EXTENSION: usize = 2;
    const FRAME: usize = 10;
    const CODE_SIZE: usize = 1;
    let mut at = HEADER + colour_table(*file.get(10)?);
    let mut first_frame_end = None;
    loop {
        let data = match (file.get(at), file.get(at + FRAME - 1)) {
            (Some(b'!'), _) => at + EXTENSION,
            (Some(b','), Some(flags)) => at + FRAME + colour_table(*flags) + CODE_SIZE,
            (Some(b';'), _) => return Some(at + 1),
            (None, _) | (Some(b','), None) => return first_frame_end,
            _ => return None,
        };
        let is_frame = file[at] == b',';
        let Some(end) = after_sub_blocks(file, data) else { return first_frame_end };
        if is_frame {
            first_frame_end.get_or_insert(end);
        }
        at = end;
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
            let end = if format == InputFormat::Gif { first_frame_end(&file) } else { file.len() };
            for cut in (0..end).step_by(step).chain([end - 1]) {
                assert_eq!(complete_file(&file[..cut], format), None, "{format} cut at {cut}");
            }
        }
    }

    /// Returns the offset of the second frame's extension, or of the trailer.
    fn first_frame_end(gif: &[u8]) -> usize {
        let frame = gif.windows(10).position(|w| w.starts_with(b",\0\0\0\0")).unwrap();
        after_sub_blocks(gif, frame + 10 + colour_table(gif[frame + 9]) + 1).unwrap()
    }

    #[test]
    fn a_gif_needs_its_first_frame_and_no_trailer() {
        for gif in [animated_gif(), one_of_each(&photo(33, 17)).swap_remove(3).1] {
            let end = first_frame_end(&gif);
            for cut in [end, gif.len() - 1, usize::midpoint(end, gif.len())] {
                let cut = &gif[..cut];
                assert_eq!(complete_file(cut, InputFormat::Gif), Some(&gif[..end]));
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
