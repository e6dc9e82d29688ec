//! A voice as it comes from a provider, listened to before anyone plays it: a web page is no sound, and silence tells
//! no story.

use bytes::Bytes;

use super::Failure;
use crate::audio::{self, AudioFormat};

/// A text, spoken.
#[derive(Debug, Clone)]
pub struct GeneratedSpeech {
    /// The file.
    pub bytes: Bytes,
    /// Its container.
    pub format: AudioFormat,
    /// How long it is, where that can be told.
    pub seconds: Option<f64>,
}

/// Looks whether there is something to hear. This takes milliseconds: not for the async threads.
pub(super) fn validate(bytes: Bytes) -> Result<GeneratedSpeech, Failure> {
    let format = AudioFormat::sniff(&bytes).ok_or_else(|| {
        Failure::invalid_response("its voice is in no container that is known here")
    })?;
    let measured = audio::measure(bytes.clone());
    if measured.is_some_and(|measured| measured.is_silent) {
        return Err(Failure::invalid_response("its voice says nothing"));
    }
    Ok(GeneratedSpeech { bytes, format, seconds: measured.map(|measured| measured.seconds) })
}
