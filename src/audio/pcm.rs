//! Raw PCM, which devices send without a header: its format by its media type, and a WAV header for other software.

use super::wav::{self, Wav};

/// The sample rate of raw PCM, in Hz.
pub(super) const SAMPLE_RATE: u32 = 16_000;

/// The size of a sample in bytes.
const SAMPLE_BYTES: u16 = 2;

/// The media type of raw PCM with one channel.
const MONO_MEDIA_TYPE: &str = "audio/pcm;rate=16000";

/// The media type of raw PCM with two channels.
const STEREO_MEDIA_TYPE: &str = "audio/pcm;rate=16000;channels=2";

/// Raw 16-bit little-endian PCM at 16 kHz. Nothing in its bytes says so, therefore the sender must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PcmFormat {
    /// The number of channels: 1, or 2 with the samples of both in turn.
    channels: u16,
}

impl PcmFormat {
    /// One channel.
    pub const MONO: Self = Self { channels: 1 };
    /// Two channels.
    pub const STEREO: Self = Self { channels: 2 };

    /// Parses a media type such as `audio/pcm;rate=16000;channels=2`. Returns `None` if it is not that of raw PCM.
    ///
    /// # Errors
    ///
    /// What the media type must be, if it states another rate, number of channels or size of samples.
    pub fn parse(media_type: &str) -> Result<Option<Self>, String> {
        let mut parts = media_type.split(';').map(str::trim);
        if !parts.next().unwrap_or_default().eq_ignore_ascii_case("audio/pcm") {
            return Ok(None);
        }
        let mut format = Self::MONO;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim().trim_matches('"');
            match (name.trim().to_ascii_lowercase().as_str(), value) {
                ("rate", "16000") | ("bits", "16") | ("channels", "1") => {}
                ("channels", "2") => format = Self::STEREO,
                ("rate" | "bits" | "channels", _) => {
                    return Err("must be audio/pcm;rate=16000 for raw 16-bit PCM, with channels=2 for stereo; send \
                                another rate or sample size as a WAV file, which states them"
                        .to_owned());
                }
                _ => {}
            }
        }
        Ok(Some(format))
    }

    /// Returns the media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self.channels {
            1 => MONO_MEDIA_TYPE,
            _ => STEREO_MEDIA_TYPE,
        }
    }

    pub(super) fn channels(self) -> usize {
        self.channels.into()
    }

    /// Returns the size in bytes of one sample of each channel.
    pub(super) fn frame_bytes(self) -> usize {
        usize::from(self.channels * SAMPLE_BYTES)
    }
}

/// Wraps raw PCM in a WAV file. Bytes after the last whole sample are left out.
///
/// What is declared to be raw PCM and has a WAV header is returned as it is: recorders add the header, and their users
/// do not know.
#[must_use]
pub fn pcm_to_wav(pcm: &[u8], format: PcmFormat) -> Vec<u8> {
    if Wav::parse(pcm).is_some() {
        return pcm.to_vec();
    }
    let (tag, frame) = (1_u16, format.channels * SAMPLE_BYTES);
    let mut fields = Vec::with_capacity(16);
    fields.extend_from_slice(&tag.to_le_bytes());
    fields.extend_from_slice(&format.channels.to_le_bytes());
    fields.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    fields.extend_from_slice(&(SAMPLE_RATE * u32::from(frame)).to_le_bytes());
    fields.extend_from_slice(&frame.to_le_bytes());
    fields.extend_from_slice(&(8 * SAMPLE_BYTES).to_le_bytes());
    wav::write(&fields, &pcm[..pcm.len() - pcm.len() % format.frame_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_says_what_raw_samples_are() {
        for (text, format) in [
            ("audio/pcm", Some(PcmFormat::MONO)),
            ("Audio/PCM; Rate=16000", Some(PcmFormat::MONO)),
            ("audio/pcm;rate=\"16000\";channels=1;bits=16", Some(PcmFormat::MONO)),
            ("audio/pcm; channels=2; rate=16000", Some(PcmFormat::STEREO)),
            ("audio/wav", None),
            ("", None),
        ] {
            assert_eq!(PcmFormat::parse(text), Ok(format), "{text}");
        }
        for text in [
            "audio/pcm;rate=8000",
            "audio/pcm;rate=",
            "audio/pcm;RATE=44100",
            "audio/pcm;channels=6",
            "audio/pcm;rate=16000;bits=24",
        ] {
            let reason = PcmFormat::parse(text).expect_err(text);
            assert!(reason.contains("rate=16000") && reason.contains("WAV"), "{reason}");
        }
    }

    #[test]
    fn a_media_type_is_parsed_as_it_is_written() {
        for format in [PcmFormat::MONO, PcmFormat::STEREO] {
            assert_eq!(PcmFormat::parse(format.media_type()), Ok(Some(format)));
        }
    }
}
