//! Validates the speech that a provider returned. Silence and files that are not audio are rejected.

use bytes::Bytes;

use super::Failure;
use crate::audio::{self, AudioFormat};

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

/// Detects the container and rejects silence. Blocks for some milliseconds: do not call it on an async thread.
pub(super) fn validate(bytes: Bytes) -> Result<GeneratedSpeech, Failure> {
    let format = AudioFormat::sniff(&bytes).ok_or_else(|| {
        Failure::invalid_response("its speech is not in a supported audio format")
    })?;
    let measured = audio::measure(bytes.clone());
    if measured.is_some_and(|measured| measured.is_silent) {
        return Err(Failure::invalid_response("its speech is silent"));
    }
    Ok(GeneratedSpeech { bytes, format, seconds: measured.map(|measured| measured.seconds) })
}
