//! Lists the tracks of a WebM or Matroska file (RFC 9559, in the elements of RFC 8794).

use super::Tracks;

const EBML: u32 = 0x1a45_dfa3;
const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1f43_b675;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK_ENTRY: u32 = 0xae;
const TRACK_TYPE: u32 = 0x83;

const VIDEO: u8 = 1;
const AUDIO: u8 = 2;

/// The most elements that are read on one level, far more than precede the tracks.
const MAX_ELEMENTS: usize = 10_000;

/// Returns the kinds of tracks; `None` if the file is not in EBML, or has no tracks before its data.
pub(super) fn tracks(file: &[u8]) -> Option<Tracks> {
    let mut top = elements(file);
    top.next().filter(|(id, _)| *id == EBML)?;
    let (_, segment) = top.find(|(id, _)| *id == SEGMENT)?;
    let mut in_segment = elements(segment).take_while(|(id, _)| *id != CLUSTER);
    let (_, entries) = in_segment.find(|(id, _)| *id == TRACKS)?;
    let mut tracks = Tracks::default();
    for (_, entry) in elements(entries).filter(|(id, _)| *id == TRACK_ENTRY) {
        let kind = elements(entry).find(|(id, _)| *id == TRACK_TYPE);
        match kind.and_then(|(_, value)| value.last()) {
            Some(&AUDIO) => tracks.has_audio = true,
            Some(&VIDEO) => tracks.has_video = true,
            _ => {}
        }
    }
    Some(tracks)
}

/// Iterates over the elements in `parent`, as id and content. An element of unknown size, as recorders that stream
/// write, and one that was cut off reach to the end of `parent`.
fn elements(parent: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = parent;
    let next = move || {
        let (id, after) = variable_number(rest, 4)?;
        let id_bytes = rest.len() - after.len();
        // The id keeps the bits that give its length.
        let id = u32::try_from(id).ok()? | 1 << (7 * id_bytes);
        let (size, content) = variable_number(after, 8)?;
        let size_bytes = after.len() - content.len();
        let is_unknown = size == (1 << (7 * size_bytes)) - 1;
        let length = usize::try_from(size).ok().filter(|_| !is_unknown);
        let split = length.and_then(|length| content.split_at_checked(length));
        let (content, following) = split.unwrap_or((content, &[]));
        rest = following;
        Some((id, content))
    };
    std::iter::from_fn(next).take(MAX_ELEMENTS)
}

/// Reads a number of at most `max_bytes` bytes: the zero bits before its first set bit give the number of further bytes.
fn variable_number(bytes: &[u8], max_bytes: u32) -> Option<(u64, &[u8])> {
    let first = *bytes.first()?;
    let length = first.leading_zeros() + 1;
    if length > max_bytes {
        return None;
    }
    let (number, rest) = bytes.split_at_checked(length as usize)?;
    let number = number.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    Some((number & !(1 << (7 * length)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
        let size = 0x4000 | u16::try_from(content.len()).expect("short");
        [id, &size.to_be_bytes(), content].concat()
    }

    fn recording(types: &[u8], size: &[u8]) -> Vec<u8> {
        let entries = types.iter().flat_map(|kind| {
            let number = element(&[0xd7], &[1]);
            element(&[0xae], &[number, element(&[0x83], &[*kind])].concat())
        });
        let tracks = element(&TRACKS.to_be_bytes(), &entries.collect::<Vec<u8>>());
        let info = element(&[0x15, 0x49, 0xa9, 0x66], &[0; 30]);
        let start = element(&EBML.to_be_bytes(), &element(&[0x42, 0x82], b"webm"));
        [start, SEGMENT.to_be_bytes().to_vec(), size.to_vec(), info, tracks].concat()
    }

    #[test]
    fn sounds_and_films_are_told_apart_by_their_tracks() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/speech.webm");
        let speech = std::fs::read(path).expect("the fixture is there");
        assert_eq!(tracks(&speech), Some(Tracks { has_audio: true, has_video: false }));
        // The sizes: unknown in eight bytes and in one, and longer than the file.
        for size in [&[1, 255, 255, 255, 255, 255, 255, 255][..], &[0xff], &[0x50, 0]] {
            for (types, has_audio, has_video) in [
                (&[2][..], true, false),
                (&[1], false, true),
                (&[1, 2], true, true),
                (&[17], false, false),
            ] {
                let expected = Some(Tracks { has_audio, has_video });
                assert_eq!(tracks(&recording(types, size)), expected, "{types:?} {size:?}");
            }
        }
    }

    #[test]
    fn what_only_begins_like_a_recording_has_no_tracks() {
        let recording = recording(&[2], &[0xff]);
        for cut in 0..recording.len() - 20 {
            assert!(tracks(&recording[..cut]).is_none_or(|tracks| !tracks.has_audio), "{cut}");
        }
        for nothing in
            [&b"\x1a\x45\xdf\xa3"[..], b"\x1a\x45\xdf\xa3 and words after it", b"", &[0; 50]]
        {
            assert_eq!(tracks(nothing), None);
        }
    }
}
