//! Audio files: detects the container by its structure, measures length and silence, and compresses losslessly.

mod iso_media;
pub mod lossless;
mod matroska;
mod measure;
mod mpeg;
mod ogg;
mod pcm;
mod wav;

pub use measure::{AudioMeasurement, Loudness, measure};
pub use pcm::{PcmFormat, pcm_to_wav};
pub use wav::with_correct_sizes;

/// An audio container that browsers and devices send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioFormat {
    /// WebM or Matroska with a sound track.
    Webm,
    /// Ogg with a sound stream.
    Ogg,
    /// MPEG-4 with a sound track.
    M4a,
    /// MPEG audio frames, with or without an ID3 tag.
    Mp3,
    /// RIFF WAVE.
    Wav,
    /// A native FLAC stream.
    Flac,
}

/// A container of moving pictures that clients send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoFormat {
    /// MPEG-4 with a video track.
    Mp4,
    /// WebM or Matroska with a video track.
    Webm,
}

/// What a client sent as a sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundFormat {
    /// A file that says itself what it holds.
    File(AudioFormat),
    /// Samples without a header.
    Pcm(PcmFormat),
}

impl SoundFormat {
    /// Detects what the bytes hold; `declared` is the format of raw PCM, if the sender says that they are that. Returns
    /// `None` if they are no supported sound.
    #[must_use]
    pub fn detect(bytes: &[u8], declared: Option<PcmFormat>) -> Option<Self> {
        match declared {
            None => AudioFormat::sniff(bytes).map(Self::File),
            Some(format) => (!bytes.is_empty()).then_some(Self::Pcm(format)),
        }
    }

    /// Returns the file extension, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::File(format) => format.extension(),
            Self::Pcm(_) => "pcm",
        }
    }

    /// Returns the media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::File(format) => format.media_type(),
            Self::Pcm(format) => format.media_type(),
        }
    }
}

impl VideoFormat {
    /// Detects the container by its structure; returns `None` if it holds no moving pictures.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        if iso_media::tracks(bytes).is_some_and(|tracks| tracks.has_video) {
            return Some(Self::Mp4);
        }
        matroska::tracks(bytes).is_some_and(|tracks| tracks.has_video).then_some(Self::Webm)
    }
}

/// The kinds of tracks in a container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tracks {
    has_audio: bool,
    has_video: bool,
}

impl AudioFormat {
    /// Detects the container by its structure; returns `None` if it holds no sound.
    ///
    /// A few first bytes are not enough: a HEIC photograph begins like an M4A file, and a text in UTF-16 or raw PCM like
    /// an MP3 file.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        let has_audio = |tracks: Option<Tracks>| tracks.is_some_and(|tracks| tracks.has_audio);
        match bytes {
            [b'R' | b'B', ..] => wav::Wav::parse(bytes).map(|_| Self::Wav),
            // The first block of a FLAC stream is always STREAMINFO.
            [b'f', b'L', b'a', b'C', 0 | 0x80, ..] => Some(Self::Flac),
            [b'O', ..] => ogg::has_audio(bytes).then_some(Self::Ogg),
            [0x1a, ..] => has_audio(matroska::tracks(bytes)).then_some(Self::Webm),
            _ if has_audio(iso_media::tracks(bytes)) => Some(Self::M4a),
            _ => mpeg::is_mpeg_audio(bytes).then_some(Self::Mp3),
        }
    }

    /// Returns the file extension, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Webm => "webm",
            Self::Ogg => "ogg",
            Self::M4a => "m4a",
            Self::Mp3 => "mp3",
            Self::Wav => "wav",
            Self::Flac => "flac",
        }
    }

    /// Returns the media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Webm => "audio/webm",
            Self::Ogg => "audio/ogg",
            Self::M4a => "audio/mp4",
            Self::Mp3 => "audio/mpeg",
            Self::Wav => "audio/wav",
            Self::Flac => "audio/flac",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_container_is_known_by_its_bytes() {
        let cases = [
            ("speech.webm", AudioFormat::Webm),
            ("speech.ogg", AudioFormat::Ogg),
            ("speech.m4a", AudioFormat::M4a),
            ("speech.mp3", AudioFormat::Mp3),
            ("speech_16k_mono.wav", AudioFormat::Wav),
        ];
        for (name, format) in cases {
            let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
            let bytes = std::fs::read(path).expect("the fixture is there");
            assert_eq!(AudioFormat::sniff(&bytes), Some(format), "{name}");
        }
        assert_eq!(AudioFormat::sniff(b"fLaC\0"), Some(AudioFormat::Flac));
        assert_eq!(AudioFormat::sniff(b"just words"), None);
        assert_eq!(AudioFormat::sniff(b""), None);
    }
}
