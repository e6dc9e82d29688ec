//! A voice as it comes from a provider, listened to before anyone plays it: a web page is no sound, and silence tells
//! no story.

use bytes::Bytes;

use super::Failure;
use crate::audio::{self, AudioFormat};

/// A text, spoken.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// The file.
    pub bytes: Bytes,
    /// Its container.
    pub format: AudioFormat,
    /// How long it is, where that can be told.
    pub seconds: Option<f64>,
}

/// Looks whether there is something to hear. This takes milliseconds: not for the async threads.
pub(super) fn check(bytes: Bytes) -> Result<Spoken, Failure> {
    let format = AudioFormat::sniff(&bytes)
        .ok_or_else(|| Failure::unusable("its voice is in no container that is known here"))?;
    let measured = audio::measure(bytes.clone());
    if measured.is_some_and(|measured| measured.is_silent) {
        return Err(Failure::unusable("its voice says nothing"));
    }
    Ok(Spoken { bytes, format, seconds: measured.map(|measured| measured.seconds) })
}
