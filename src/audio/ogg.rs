//! Recognizes the streams of an Ogg file (RFC 3533) by the first packet of each.

/// The length of a page header without its segment table, in bytes.
const HEADER: usize = 27;

/// The bit of a page header that is set in the first page of a stream.
const FIRST_PAGE: u8 = 0x02;

/// How the first packet of each sound codec begins: Opus, Vorbis, FLAC and Speex.
const AUDIO_CODECS: [&[u8]; 4] = [b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   "];

/// Returns whether one of the streams is sound. The first pages of all streams precede every other page.
pub(super) fn has_audio(file: &[u8]) -> bool {
    let mut pages = file;
    while let Some((packet, rest)) = first_page(pages) {
        if AUDIO_CODECS.iter().any(|codec| packet.starts_with(codec)) {
            return true;
        }
        pages = rest;
    }
    false
}

/// Returns the content of the page that begins `file`, and what follows it; `None` if it is not the first of a stream.
fn first_page(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let header = file.first_chunk::<HEADER>()?;
    if !header.starts_with(b"OggS") || header[5] & FIRST_PAGE == 0 {
        return None;
    }
    let (segments, content) = file[HEADER..].split_at_checked(header[HEADER - 1].into())?;
    let length = segments.iter().map(|length| usize::from(*length)).sum::<usize>();
    Some(content.split_at_checked(length).unwrap_or((content, &[])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(packet: &[u8], flags: u8) -> Vec<u8> {
        let mut page = b"OggS\0".to_vec();
        page.push(flags);
        page.extend([0; 20]);
        page.extend([1, u8::try_from(packet.len()).expect("short")]);
        page.extend_from_slice(packet);
        page
    }

    #[test]
    fn a_stream_is_known_by_its_first_packet() {
        for codec in AUDIO_CODECS {
            assert!(has_audio(&page(codec, FIRST_PAGE)));
        }
        let theora = page(b"\x80theora", FIRST_PAGE);
        let film = [theora.clone(), page(b"\x01vorbis", FIRST_PAGE)].concat();
        assert!(has_audio(&film), "a film with sound");
        assert!(!has_audio(&[theora, page(b"\x01vorbis", 0)].concat()), "a film without");
        for other in [&b""[..], b"OggS", b"OggS and words that go on for quite a while"] {
            assert!(!has_audio(other));
        }
    }
}
