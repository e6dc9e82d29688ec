//! Validates the video that a provider returned: an MP4 file with more than one picture.

use bytes::Bytes;
use re_mp4::{Mp4, TrackKind};

use super::Failure;
use crate::domain::Size;

/// A valid video.
#[derive(Debug, Clone)]
pub struct GeneratedVideo {
    /// The MP4 file.
    pub bytes: Bytes,
    /// Width and height in pixels.
    pub size: Size,
    /// Length in seconds.
    pub seconds: f64,
    /// Pictures per second.
    pub frame_rate: f64,
}

/// Reads the size, length and frame rate of a video. Blocks for some milliseconds: do not call it on an async thread.
pub(super) fn validate(bytes: Bytes) -> Result<GeneratedVideo, Failure> {
    let file = Mp4::read_bytes(&bytes)
        .map_err(|_| Failure::invalid_response("its video is not a readable MP4 file"))?;
    let mut tracks = file.tracks().values();
    let track = tracks.find(|track| track.kind == Some(TrackKind::Video));
    let track = track.ok_or_else(|| Failure::invalid_response("its video has no pictures"))?;
    // The track's own duration is not used: it includes the offset of pictures that are stored out of order.
    let ticks = track.samples.iter().fold(0_u64, |sum, sample| sum.saturating_add(sample.duration));
    let seconds = ticks as f64 / track.timescale.max(1) as f64;
    let size = Size::new(track.width.into(), track.height.into());
    let count = track.samples.len();
    if count < 2 || seconds <= 0.0 || size.width == 0 || size.height == 0 {
        return Err(Failure::invalid_response("nothing moves in its video"));
    }
    Ok(GeneratedVideo { bytes, size, seconds, frame_rate: count as f64 / seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture() -> Vec<u8> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/film.mp4");
        std::fs::read(path).expect("the fixture is there")
    }

    #[test]
    fn a_film_is_known_by_its_pictures() {
        let video = validate(fixture().into()).expect("a video");
        assert_eq!(video.size, Size::new(64, 48));
        // The file stores the last picture with twice the duration.
        assert!((video.seconds - 2.0).abs() < 0.1, "{}", video.seconds);
        assert!((video.frame_rate - 12.0).abs() < 0.5, "{}", video.frame_rate);
    }

    #[test]
    fn what_is_no_film_is_refused() {
        let whole = fixture();
        let sound = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/speech.m4a");
        let sound = std::fs::read(sound).expect("the fixture is there");
        let half = whole[..whole.len() / 2].to_vec();
        let still = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/still.mp4");
        let still = std::fs::read(still).expect("the fixture is there");
        for nothing in [b"<html>".to_vec(), Vec::new(), half, sound, still] {
            assert!(validate(nothing.into()).is_err());
        }
    }
}
