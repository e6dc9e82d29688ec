//! Reads sounds from requests, for voice profiles and recordings.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;

use crate::app::NewSound;
use crate::http::form::Field;

/// Reads a sound from a field of a form.
pub(super) fn from_field(field: Field) -> NewSound {
    let is_pcm = field.content_type.as_deref().is_some_and(is_pcm);
    NewSound { file_name: field.file_name, is_pcm, bytes: field.bytes }
}

/// Reads a sound from a body. It has no file name.
pub(super) fn from_body(headers: &HeaderMap, bytes: Bytes) -> NewSound {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    NewSound { file_name: None, is_pcm: content_type.is_some_and(is_pcm), bytes }
}

/// Returns whether a media type is that of raw PCM.
fn is_pcm(media_type: &str) -> bool {
    media_type
        .split(';')
        .next()
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("audio/pcm"))
}
