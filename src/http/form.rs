//! Multipart forms, the other way in which browsers upload files.

use std::convert::Infallible;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use multer::Multipart;
use tokio::runtime::Handle;

use super::body::{self, MAX_INLINE_PARSE_BYTES};
use super::problem::Problem;
use super::{HttpState, media_type};

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

/// The longest boundary that is accepted, in bytes. RFC 2046 allows 70.
const MAX_BOUNDARY_BYTES: usize = 250;

/// The most fields of a form. A body of many small ones would take long to parse.
const MAX_FIELDS: usize = 1000;

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
    media_type::essence(headers).as_deref() == Some("multipart/form-data")
}

/// Parses the fields of a form from its complete body: on the current thread if it is small, else on the blocking
/// threads.
pub(super) async fn read_fields(
    state: &HttpState,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Vec<Field>, Problem> {
    let headers = headers.clone();
    if body.len() <= MAX_INLINE_PARSE_BYTES {
        return parse_fields(&headers, body).await;
    }
    let runtime = Handle::current();
    // The body is complete, so parsing waits for nothing.
    let parse = move || runtime.block_on(parse_fields(&headers, body));
    state.app.compute().run(parse).await.unwrap_or_else(|_| Err(body::internal_error()))
}

async fn parse_fields(headers: &HeaderMap, body: Bytes) -> Result<Vec<Field>, Problem> {
    let stated = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = stated.and_then(stated_boundary).or_else(|| first_line_boundary(&body));
    let boundary = boundary.ok_or_else(|| {
        invalid_form("The multipart body has no boundary; let your HTTP client set Content-Type.")
    })?;
    let body = futures_util::stream::once(async { Ok::<_, Infallible>(body) });
    let mut form = Multipart::new(body, boundary);
    let unreadable = |_| invalid_form("The multipart body cannot be read; send it again.");
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        if fields.len() >= MAX_FIELDS {
            return Err(invalid_form("The form has more than 1,000 fields; send fewer."));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let content_type = field.content_type().map(ToString::to_string);
        let bytes = field.bytes().await.map_err(unreadable)?;
        fields.push(Field { name, file_name, content_type, bytes });
    }
    Ok(fields)
}

/// Returns the boundary that a content type states. Its characters are not checked, because many clients leave out the
/// quotes that RFC 2045 asks for around `=`, `/` or `:`.
fn stated_boundary(content_type: &str) -> Option<String> {
    let mut rest = content_type.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => {
                let (value, next) = quoted.split_once('"')?;
                (value, next.split_once(';').map_or("", |(_, next)| next))
            }
            None => after.split_once(';').unwrap_or((after, "")),
        };
        // A parameter without a value, such as an empty one, may come before the name.
        let name = name.rsplit(';').next().unwrap_or_default().trim();
        if name.eq_ignore_ascii_case("boundary") {
            let value = value.trim();
            return (1..=MAX_BOUNDARY_BYTES).contains(&value.len()).then(|| value.to_owned());
        }
        rest = next;
    }
}

/// Returns the boundary in the first line of a body. Scripts that set `Content-Type` by hand leave the parameter out.
fn first_line_boundary(body: &[u8]) -> Option<String> {
    let start = body.get(..body.len().min(MAX_BOUNDARY_BYTES + 4))?;
    let line = start.strip_prefix(b"--")?.split(|byte| *byte == b'\r').next()?;
    let is_complete = line.len() + 2 < start.len();
    let boundary = std::str::from_utf8(line).ok().filter(|line| is_complete && !line.is_empty())?;
    Some(boundary.to_owned())
}

fn invalid_form(detail: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    async fn read(content_type: &str, body: &'static [u8]) -> Result<Vec<String>, u16> {
        let value = HeaderValue::from_str(content_type).expect("a header");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, value)]);
        assert!(is_form(&headers), "{content_type}");
        let fields = parse_fields(&headers, Bytes::from_static(body)).await;
        let show =
            |field: Field| format!("{}={}", field.name, String::from_utf8_lossy(&field.bytes));
        fields.map(|fields| fields.into_iter().map(show).collect()).map_err(|_| 400)
    }

    #[tokio::test]
    async fn a_boundary_is_found_as_clients_write_it() {
        const BODY: &[u8] =
            b"--a=b/c:d\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--a=b/c:d--\r\n";
        for content_type in [
            "multipart/form-data; boundary=\"a=b/c:d\"",
            "multipart/form-data; boundary=a=b/c:d",
            "Multipart/Form-Data;Boundary=a=b/c:d;charset=utf-8",
            "multipart/form-data; charset=\"utf-8\"; boundary = a=b/c:d ;",
            "multipart/form-data;; boundary=a=b/c:d",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"",
        ] {
            assert_eq!(
                read(content_type, BODY).await,
                Ok(vec!["x=1".to_owned()]),
                "{content_type}"
            );
        }
    }

    #[tokio::test]
    async fn a_form_has_a_limited_number_of_fields() {
        let field = "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n";
        let form = |count: usize| Bytes::from(field.repeat(count) + "--b--\r\n");
        let read = async |count| parse_fields(&HeaderMap::new(), form(count)).await;
        assert_eq!(read(MAX_FIELDS).await.map(|fields| fields.len()).ok(), Some(MAX_FIELDS));
        assert!(read(MAX_FIELDS + 1).await.is_err());
    }

    #[tokio::test]
    async fn a_body_that_is_no_form_is_refused() {
        for body in [&b""[..], b"--", b"--a", b"{}", b"--a\r\n", b"--\r\n\r\n"] {
            assert_eq!(read("multipart/form-data", body).await, Err(400), "{body:?}");
        }
        assert_eq!(
            read("multipart/form-data; boundary=other", b"--a\r\n\r\n--a--").await,
            Err(400)
        );
    }
}
