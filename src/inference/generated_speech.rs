//! Validates the speech that a provider returned. Silence and files that are not audio are rejected.

use bytes::Bytes;

use super::Failure;
use crate::audio::{self, AudioFormat, Loudness};

/// An audio file of a spoken text.
#[derive(Debug, Clone)]
pub struct GeneratedSpeech {
    /// The file.
    pub bytes: Bytes,
    /// Its container.
    pub format: AudioFormat,
    /// Length in seconds; `None` if it cannot be measured.
    pub seconds: Option<f64>,
}

/// Detects the container, corrects the sizes of a WAV file that was streamed, and rejects silence. Blocks for some
/// milliseconds: do not call it on an async thread.
pub(super) fn validate(bytes: Bytes) -> Result<GeneratedSpeech, Failure> {
    let format = AudioFormat::sniff(&bytes).ok_or_else(|| {
        Failure::invalid_response("its speech is not in a supported audio format")
    })?;
    let bytes = audio::with_correct_sizes(bytes);
    let measured = audio::measure(bytes.clone());
    match measured.map(|measured| measured.loudness) {
        Some(Loudness::Silent) => return Err(Failure::invalid_response("its speech is silent")),
        Some(Loudness::Unknown) => {
            return Err(Failure::invalid_response("its speech cannot be decoded"));
        }
        Some(Loudness::Audible) | None => {}
    }
    Ok(GeneratedSpeech { bytes, format, seconds: measured.map(|measured| measured.seconds) })
}
