//! Recognizes MPEG audio (ISO/IEC 11172-3 and 13818-3) by frames that follow each other.
//!
//! The sync word of one frame is eleven set bits, which raw PCM and the byte order mark of UTF-16 contain too. So a
//! second frame must begin where the first one ends, or the file must end there.

/// The length of a frame header in bytes.
const HEADER: usize = 4;

/// The length of the header of an ID3v2 tag in bytes.
const ID3_HEADER: usize = 10;

/// How many bytes between a tag and the first frame are searched.
const MAX_PADDING: usize = 64 << 10;

/// The bitrates of MPEG-1 layers I, II and III, and of MPEG-2 layers I, and II and III, by the header's index, in
/// kilobits per second.
const BITRATES: [[u32; 14]; 5] = [
    [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// The sample rates of MPEG-1 by the header's index, in Hz. MPEG-2 halves them, MPEG-2.5 halves them again.
const SAMPLE_RATES: [u32; 3] = [44_100, 48_000, 32_000];

/// What does not change between the frames of a stream, and the length of one frame.
#[derive(PartialEq, Eq)]
struct Frame {
    version: u8,
    layer: u8,
    sample_rate: u32,
    length: usize,
}

/// Returns whether `file` is a stream of MPEG audio frames, with or without ID3 tags.
pub(super) fn is_mpeg_audio(file: &[u8]) -> bool {
    match id3_end(file) {
        // Writers pad between a tag and the first frame.
        Some(begin) => {
            let end = file.len().min(begin.saturating_add(MAX_PADDING));
            (begin..end).any(|at| frames_begin_at(file, at))
        }
        None => frames_begin_at(file, 0),
    }
}

/// Returns the offset after the ID3v2 tags that begin the file; `None` if there are none.
fn id3_end(file: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some([b'I', b'D', b'3', _, _, flags, size @ ..]) = file.get(at..at + ID3_HEADER) {
        if size.iter().any(|byte| byte & 0x80 != 0) {
            break;
        }
        let size = size.iter().fold(0, |sum, byte| sum << 7 | usize::from(*byte));
        let footer = if flags & 0x10 == 0 { 0 } else { ID3_HEADER };
        at += ID3_HEADER + size + footer;
    }
    (at > 0).then_some(at)
}

/// Returns whether a frame is at `at`, and another one, a tag or the end of the file after it.
fn frames_begin_at(file: &[u8], at: usize) -> bool {
    let Some(first) = frame(file, at) else { return false };
    let end = at + first.length;
    if end == file.len()
        || matches!(file.get(end..), Some([b'T', b'A', b'G', ..] | [b'A', b'P', b'E', ..]))
    {
        return true;
    }
    frame(file, end).is_some_and(|second| {
        (second.version, second.layer, second.sample_rate)
            == (first.version, first.layer, first.sample_rate)
    })
}

/// Reads the frame header at `at`.
fn frame(file: &[u8], at: usize) -> Option<Frame> {
    let [sync, kind, rates, _] = *file.get(at..at.checked_add(HEADER)?)?.first_chunk()?;
    let (version, layer) = ((kind >> 3) & 3, (kind >> 1) & 3);
    if sync != 0xff || kind & 0xe0 != 0xe0 || version == 1 || layer == 0 {
        return None;
    }
    let is_first_version = version == 3;
    let row = match (is_first_version, layer) {
        (true, layer) => 3 - usize::from(layer),
        (false, 3) => 3,
        (false, _) => 4,
    };
    let bitrate = 1000 * BITRATES[row].get(usize::from(rates >> 4).checked_sub(1)?)?;
    let divisor = match version {
        3 => 1,
        2 => 2,
        _ => 4,
    };
    let sample_rate = SAMPLE_RATES.get(usize::from((rates >> 2) & 3))? / divisor;
    let padding = u32::from((rates >> 1) & 1);
    let length = match (layer, is_first_version) {
        (3, _) => 4 * (12 * bitrate / sample_rate + padding),
        (1, false) => 72 * bitrate / sample_rate + padding,
        _ => 144 * bitrate / sample_rate + padding,
    };
    Some(Frame { version, layer, sample_rate, length: length as usize })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech() -> Vec<u8> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/speech.mp3");
        std::fs::read(path).expect("the fixture is there")
    }

    #[test]
    fn frames_are_found_with_and_without_tags() {
        let tagged = speech();
        let begin = (0..tagged.len()).find(|at| frames_begin_at(&tagged, *at)).expect("a frame");
        let bare = &tagged[begin..];
        let first = frame(bare, 0).expect("a frame").length;
        let tag = b"ID3\x04\0\0\0\0\x01\x00".iter().copied().chain([0; 128 + 30]);
        let padded: Vec<u8> = tag.chain(bare.iter().copied()).collect();
        let with_end_tag = [&bare[..first], b"TAG", &[0; 125]].concat();
        for file in
            [&tagged[..], bare, &bare[..bare.len() - 7], &bare[..first], &padded, &with_end_tag]
        {
            assert!(is_mpeg_audio(file));
        }
    }

    #[test]
    fn what_only_begins_like_a_frame_is_none() {
        let utf16: Vec<u8> =
            "\u{feff}Once upon a time".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let pcm: Vec<u8> = (0..4000).flat_map(|n: i16| (n % 7 - 5).to_le_bytes()).collect();
        let tag = b"ID3\x04\0\0\0\0\0\x05hello, and words after it".to_vec();
        for file in [utf16, pcm, vec![0xff; 4000], tag, b"ID3".to_vec(), speech()[200..].to_vec()] {
            assert!(!is_mpeg_audio(&file), "{:?}", &file[..file.len().min(8)]);
        }
    }
}
