//! Audio files: detects the container from the first bytes, measures length and silence, and compresses losslessly.

pub mod lossless;
mod measure;
mod pcm;

pub use measure::{AudioMeasurement, measure};
pub use pcm::pcm_to_wav;

/// An audio container that browsers and devices send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioFormat {
    /// WebM, detected by its EBML header.
    Webm,
    /// Ogg, detected by its page marker.
    Ogg,
    /// MPEG-4, detected by its `ftyp` box.
    M4a,
    /// MPEG audio frames, with or without an ID3 tag.
    Mp3,
    /// RIFF WAVE.
    Wav,
    /// A native FLAC stream.
    Flac,
}

impl AudioFormat {
    /// Detects the container from the first bytes; returns `None` if they match none.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(Self::Webm),
            [b'O', b'g', b'g', b'S', ..] => Some(Self::Ogg),
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(Self::M4a),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Self::Wav),
            [b'f', b'L', b'a', b'C', ..] => Some(Self::Flac),
            [b'I', b'D', b'3', ..] => Some(Self::Mp3),
            // An MPEG frame: 11 sync bits, then a version and a layer that are not reserved.
            [0xff, b, ..] if b & 0xe0 == 0xe0 && b & 0x18 != 0x08 && b & 0x06 != 0 => {
                Some(Self::Mp3)
            }
            _ => None,
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
