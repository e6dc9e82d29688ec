//! A film as it comes from a provider, looked at before anyone plays it: it is an MP4 file with moving pictures in it.

use bytes::Bytes;
use re_mp4::{Mp4, TrackKind};

use super::Failure;
use crate::domain::Size;

/// A film that can be shown.
#[derive(Debug, Clone)]
pub struct GeneratedVideo {
    /// The MP4 file.
    pub bytes: Bytes,
    /// Of its pictures.
    pub size: Size,
    /// How long it is.
    pub seconds: f64,
    /// Pictures a second.
    pub frame_rate: f64,
}

/// Reads what a film is like. This takes milliseconds: not for the async threads.
pub(super) fn validate(bytes: Bytes) -> Result<GeneratedVideo, Failure> {
    let file = Mp4::read_bytes(&bytes)
        .map_err(|_| Failure::invalid_response("its film is no MP4 file that can be read"))?;
    let mut tracks = file.tracks().values();
    let track = tracks.find(|track| track.kind == Some(TrackKind::Video));
    let track =
        track.ok_or_else(|| Failure::invalid_response("there are no pictures in its film"))?;
    // Not what the track says of itself: that counts the shift of pictures which are stored out of their order.
    let ticks = track.samples.iter().fold(0_u64, |sum, sample| sum.saturating_add(sample.duration));
    let seconds = ticks as f64 / track.timescale.max(1) as f64;
    let size = Size::new(track.width.into(), track.height.into());
    let count = track.samples.len();
    if count < 2 || seconds <= 0.0 || size.width == 0 || size.height == 0 {
        return Err(Failure::invalid_response("nothing moves in its film"));
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
        let film = validate(fixture().into()).expect("a film");
        assert_eq!(film.size, Size::new(64, 48));
        // Its last picture is stored as twice as long.
        assert!((film.seconds - 2.0).abs() < 0.1, "{}", film.seconds);
        assert!((film.frame_rate - 12.0).abs() < 0.5, "{}", film.frame_rate);
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
