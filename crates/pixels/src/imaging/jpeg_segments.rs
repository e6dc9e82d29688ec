//! Iterates over the segments of a JPEG file without decoding them.
//!
//! `header` uses it to read the size, `file_end` to check that the file is complete, and `exif` and
//! `jpeg_tables` to find their segments. The decoder
//! cannot do the second: it fills missing rows with grey instead of reporting an error.

/// A marker of a JPEG file with its parameters.
pub(super) struct Segment<'a> {
    /// The byte after `0xff`, such as [`END_OF_IMAGE`].
    pub(super) marker: u8,
    /// The parameters, without their length; empty for a marker that has none.
    pub(super) body: &'a [u8],
    /// The offset in the file of the first byte after this segment.
    pub(super) end: usize,
}

/// The marker that ends an image (ITU-T T.81, table B.1).
pub(super) const END_OF_IMAGE: u8 = 0xd9;

/// The marker of a scan header, which entropy-coded data follows.
pub(super) const START_OF_SCAN: u8 = 0xda;

/// The marker that begins an image.
pub(super) const START_OF_IMAGE: u8 = 0xd8;

impl Segment<'_> {
    /// Returns the offset in the file of the segment's marker.
    pub(super) const fn start(&self) -> usize {
        let parameters = match self.marker {
            START_OF_IMAGE | END_OF_IMAGE => 0,
            _ => LENGTH_BYTES + self.body.len(),
        };
        self.end - parameters - MARKER_BYTES
    }

    /// Reports whether this is a frame header, which holds the size: `SOF0` to `SOF15`, except the
    /// three codes in that range that T.81 uses for other purposes (`DHT`, `JPG`, `DAC`).
    pub(super) const fn is_frame_header(&self) -> bool {
        matches!(self.marker, 0xc0..=0xcf) && !matches!(self.marker, 0xc4 | 0xc8 | 0xcc)
    }
}

/// Returns the segments of `file` in order, up to [`END_OF_IMAGE`] or to where `file` is cut off.
///
/// Segments are skipped by their length, so the thumbnail in an EXIF segment, which has its own end
/// marker, does not end the iteration. Entropy-coded data is not a segment: it is skipped up to the
/// next marker.
pub(super) fn segments(file: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut at = 0;
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let (marker, parameters) = next_marker(file, at)?;
        let body = match marker {
            START_OF_IMAGE | END_OF_IMAGE => &[][..],
            _ => body_at(file, parameters)?,
        };
        let end = match marker {
            START_OF_IMAGE | END_OF_IMAGE => parameters,
            _ => parameters + LENGTH_BYTES + body.len(),
        };
        at = end;
        ended = marker == END_OF_IMAGE;
        Some(Segment { marker, body, end })
    })
}

const LENGTH_BYTES: usize = 2;

const MARKER_BYTES: usize = 2;

/// Returns the first marker at or after `from`, and the offset of the byte after it.
///
/// In entropy-coded data `ff 00` is a stuffed byte, `ff d0` to `ff d7` are restart markers, `ff ff`
/// is fill and `ff 01` is a temporary marker. None of them ends the data.
fn next_marker(file: &[u8], from: usize) -> Option<(u8, usize)> {
    let mut at = from;
    loop {
        at += file.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        match *file.get(at + 1)? {
            0xff => at += 1,
            0x00 | 0x01 | 0xd0..=0xd7 => at += 2,
            marker => return Some((marker, at + 2)),
        }
    }
}

/// Returns the parameters at offset `at`: they follow a 16-bit big-endian length, which includes
/// itself.
fn body_at(file: &[u8], at: usize) -> Option<&[u8]> {
    let (length, rest) = file.get(at..)?.split_first_chunk::<LENGTH_BYTES>()?;
    rest.get(..usize::from(u16::from_be_bytes(*length)).checked_sub(LENGTH_BYTES)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = &[
        0xff, 0xd8, // start
        0xff, 0xe1, 0, 6, 0xff, 0xd8, 0xff, 0xd9, // a thumbnail with its own end marker
        0xff, 0xff, 0xc0, 0, 4, 8, 9, // a frame header after one fill byte
        0xff, 0xda, 0, 3, 7, // a scan
        1, 0xff, 0x00, 2, 0xff, 0xd0, 3, // its data: a stuffed byte, a restart
        0xff, 0xd9, // end
        0xff, 0xe0, 0, 2, // padding that looks like a segment
    ];

    #[test]
    fn walks_to_the_end_of_the_picture_and_no_further() {
        let seen: Vec<_> = segments(FILE).map(|s| (s.marker, s.body.to_vec(), s.end)).collect();
        let expected = vec![
            (0xd8, vec![], 2),
            (0xe1, vec![0xff, 0xd8, 0xff, 0xd9], 10),
            (0xc0, vec![8, 9], 17),
            (0xda, vec![7], 22),
            (0xd9, vec![], 31),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn never_reaches_an_end_that_was_cut_off() {
        for cut in 0..31 {
            assert!(segments(&FILE[..cut]).all(|s| s.marker != END_OF_IMAGE), "cut at {cut}");
        }
    }

    #[test]
    fn a_length_that_does_not_count_itself_stops_the_walk() {
        assert_eq!(segments(&[0xff, 0xe0, 0, 1, 0xff, 0xd9]).count(), 0);
    }

    #[test]
    fn tables_are_not_frame_headers() {
        let frame_header = |marker| Segment { marker, body: &[], end: 0 }.is_frame_header();
        assert!([0xc0, 0xc1, 0xc2, 0xc3, 0xc9, 0xcf].into_iter().all(frame_header));
        assert!(![0xc4, 0xc8, 0xcc, 0xda, 0xe0].into_iter().any(frame_header));
    }
}
