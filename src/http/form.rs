//! Multipart forms, the other way in which browsers upload files.

use std::convert::Infallible;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use multer::Multipart;

use super::problem::Problem;

/// One field of a form.
pub(super) struct Field {
    /// The field's name; empty if the form gives none.
    pub(super) name: String,
    /// The file's name, if the field is a file.
    pub(super) file_name: Option<String>,
    /// The media type, if the form states one.
    pub(super) content_type: Option<String>,
    /// The complete content.
    pub(super) bytes: Bytes,
}

impl Field {
    /// Returns whether the field is a file: it has a file's name, or a media type that is not text.
    pub(super) fn is_file(&self) -> bool {
        let is_text =
            |kind: &str| kind.get(..5).is_some_and(|essence| essence.eq_ignore_ascii_case("text/"));
        self.file_name.is_some() || self.content_type.as_deref().is_some_and(|kind| !is_text(kind))
    }
}

/// Returns whether a request's body is a multipart form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    content_type(headers).is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

/// Parses the fields of a form from its complete body.
pub(super) async fn read_fields(headers: &HeaderMap, body: Bytes) -> Result<Vec<Field>, Problem> {
    let boundary = multer::parse_boundary(content_type(headers).unwrap_or_default());
    let boundary = boundary.map_err(|_| invalid_form("The multipart body has no boundary."))?;
    let body = futures_util::stream::once(async { Ok::<_, Infallible>(body) });
    let mut form = Multipart::new(body, boundary);
    let unreadable = |_| invalid_form("The multipart body cannot be read; send it again.");
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let content_type = field.content_type().map(ToString::to_string);
        let bytes = field.bytes().await.map_err(unreadable)?;
        fields.push(Field { name, file_name, content_type, bytes });
    }
    Ok(fields)
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok())
}

fn invalid_form(detail: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}
