//! Lists the tracks of an ISO base media file (ISO/IEC 14496-12), such as MP4, M4A and QuickTime.
//!
//! HEIC and AVIF photographs are in the same boxes; they have items instead of tracks.

use super::Tracks;

/// The length of a box's size and type, in bytes.
const HEADER: usize = 8;

/// The length of the size that follows a box's type if the box is larger than 4 GiB, in bytes.
const LARGE_SIZE: usize = 8;

/// The most boxes that are read on one level, far more than a file has.
const MAX_BOXES: usize = 10_000;

/// The offset of the handler's type in an `hdlr` box: after version, flags and a reserved word.
const HANDLER_TYPE: usize = 8;

/// Returns the kinds of tracks; `None` if the file does not begin with `ftyp`, or has no index of its tracks.
pub(super) fn tracks(file: &[u8]) -> Option<Tracks> {
    if file.get(4..HEADER)? != b"ftyp" {
        return None;
    }
    let movie = boxes(file).find(|(kind, _)| *kind == b"moov")?.1;
    let mut tracks = Tracks::default();
    for (_, track) in boxes(movie).filter(|(kind, _)| *kind == b"trak") {
        match handler(track) {
            Some(b"soun") => tracks.has_audio = true,
            Some(b"vide") => tracks.has_video = true,
            _ => {}
        }
    }
    Some(tracks)
}

/// Returns the type of the handler of a track.
fn handler(track: &[u8]) -> Option<&[u8]> {
    let child = |parent, name: &[u8]| boxes(parent).find(|(kind, _)| *kind == name);
    let (_, media) = child(track, b"mdia")?;
    let (_, handler) = child(media, b"hdlr")?;
    handler.get(HANDLER_TYPE..HANDLER_TYPE + 4)
}

/// Iterates over the boxes in `parent`, as type and content. The content of a box that was cut off ends with `parent`.
fn boxes(parent: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = parent;
    let next = move || {
        let (size, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let (length, content) = match u32::from_be_bytes(*size) {
            // The box reaches to the end.
            0 => (after.len(), after),
            1 => {
                let (size, content) = after.split_first_chunk::<LARGE_SIZE>()?;
                let length = usize::try_from(u64::from_be_bytes(*size)).ok()?;
                (length.checked_sub(HEADER + LARGE_SIZE)?, content)
            }
            size => ((size as usize).checked_sub(HEADER)?, after),
        };
        let (content, following) = content.split_at_checked(length).unwrap_or((content, &[]));
        rest = following;
        Some((kind, content))
    };
    std::iter::from_fn(next).take(MAX_BOXES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(path).expect("the fixture is there")
    }

    fn boxed(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
        let size = u32::try_from(HEADER + content.len()).expect("short");
        [&size.to_be_bytes()[..], &kind, content].concat()
    }

    fn movie(handlers: &[&[u8; 4]]) -> Vec<u8> {
        let tracks = handlers.iter().flat_map(|handler| {
            let handler =
                boxed(*b"hdlr", &[&[0; HANDLER_TYPE][..], &handler[..], &[0; 12]].concat());
            boxed(*b"trak", &boxed(*b"mdia", &[boxed(*b"mdhd", &[0; 24]), handler].concat()))
        });
        boxed(*b"moov", &[boxed(*b"mvhd", &[0; 100]), tracks.collect()].concat())
    }

    #[test]
    fn sounds_and_films_are_told_apart_by_their_tracks() {
        let (audio, video) = (true, true);
        for (name, has_audio, has_video) in
            [("speech.m4a", audio, !video), ("film.mp4", !audio, video)]
        {
            assert_eq!(tracks(&fixture(name)), Some(Tracks { has_audio, has_video }), "{name}");
        }
        let start = boxed(*b"ftyp", b"isom\0\0\0\0");
        let data = [&1_u32.to_be_bytes()[..], b"mdat", &20_u64.to_be_bytes(), &[7; 4]].concat();
        let both = [start.clone(), data, movie(&[b"vide", b"soun", b"hint"])].concat();
        let expected = Tracks { has_audio: audio, has_video: video };
        assert_eq!(tracks(&both), Some(expected), "the index after the data");
        let mut to_the_end = [start, movie(&[b"vide", b"soun"])].concat();
        to_the_end[16..20].fill(0);
        assert_eq!(tracks(&to_the_end), Some(expected), "a box without a size");
    }

    #[test]
    fn photographs_and_cut_files_have_no_tracks() {
        for brand in [b"heic", b"mif1", b"avif", b"crx "] {
            let photograph = [boxed(*b"ftyp", brand), boxed(*b"meta", &[0; 200])].concat();
            assert_eq!(tracks(&photograph), None);
        }
        let sequence = [boxed(*b"ftyp", b"avis"), movie(&[b"pict"])].concat();
        assert_eq!(tracks(&sequence), Some(Tracks::default()), "an animated picture");
        let speech = fixture("speech.m4a");
        assert_eq!(tracks(&speech[..40]), None);
        for nothing in [&b""[..], b"....ftyp", b"\0\0\0\x04ftyp", b"....moov"] {
            assert_eq!(tracks(nothing), None);
        }
    }
}
