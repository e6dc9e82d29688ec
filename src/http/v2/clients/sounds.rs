//! Reads sounds from requests, for voice profiles and recordings.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;

use crate::app::NewSound;
use crate::audio::PcmFormat;
use crate::http::form::Field;
use crate::http::problem::Problem;

/// Reads a sound from a field of a form.
pub(super) fn from_field(field: Field) -> Result<NewSound, Problem> {
    let pcm = parse_pcm(field.content_type.as_deref())?;
    Ok(NewSound { file_name: field.file_name, pcm, bytes: field.bytes })
}

/// Reads a sound from a body. It has no file name.
pub(super) fn from_body(headers: &HeaderMap, bytes: Bytes) -> Result<NewSound, Problem> {
    let pcm = parse_pcm(headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()))?;
    Ok(NewSound { file_name: None, pcm, bytes })
}

/// Returns the format that the media type of raw PCM states; `None` for every other media type.
fn parse_pcm(media_type: Option<&str>) -> Result<Option<PcmFormat>, Problem> {
    PcmFormat::parse(media_type.unwrap_or_default()).map_err(|reason| {
        let detail = format!("The content type {reason}.");
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    })
}
