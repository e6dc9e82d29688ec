//! What voice profiles and recordings have in common: how sounds come in.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;

use crate::app::NewSound;
use crate::http::form::Field;

/// A sound that is a field of a form.
pub(super) fn from_field(field: Field) -> NewSound {
    let is_pcm = field.content_type.as_deref().is_some_and(is_pcm);
    NewSound { file_name: field.file_name, is_pcm, bytes: field.bytes }
}

/// A sound that is a whole body.
pub(super) fn from_body(headers: &HeaderMap, bytes: Bytes) -> NewSound {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    NewSound { file_name: None, is_pcm: given.is_some_and(is_pcm), bytes }
}

/// Whether this is what bare PCM is called.
fn is_pcm(media_type: &str) -> bool {
    media_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("audio/pcm"))
}
