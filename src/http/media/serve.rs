//! Serves stored files from the disk or from memory, alike: whole or a range, with validators for conditional requests.

use std::fmt::Write;
use std::io::{self, SeekFrom};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::conditions::Validators;
use super::range::RequestedPart;
use crate::app::{FileLocation, MediaObject};
use crate::http::HttpState;
use crate::http::problem::Problem;

/// The most bytes of a file that are read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// The headers that a response carries with a file.
pub(super) struct FileHeaders {
    pub(super) media_type: HeaderValue,
    pub(super) cache_control: HeaderValue,
}

/// A file that can be served.
pub(super) struct StoredFile {
    content: Content,
    length: u64,
    validators: Validators,
}

enum Content {
    OnDisk(File),
    InMemory(Bytes),
}

impl StoredFile {
    /// Opens a file on the disk. Its tag is its length and the time at which it was written, as other servers make it.
    async fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path).await?;
        let metadata = file.metadata().await?;
        let (length, modified) = (metadata.len(), metadata.modified().ok());
        let written = modified.and_then(|time: SystemTime| time.duration_since(UNIX_EPOCH).ok());
        let written = written.unwrap_or_default();
        let tag = format!("{:x}.{:08x}-{length:x}", written.as_secs(), written.subsec_nanos());
        let validators = Validators::new(&tag, modified);
        Ok(Self { content: Content::OnDisk(file), length, validators })
    }

    /// Serves bytes that were read or restored from a stored object. Their tag is the object's checksum, because the same
    /// object always gives the same bytes.
    pub(super) fn in_memory(bytes: Bytes, object: &MediaObject) -> Self {
        let mut tag = String::with_capacity(2 * object.sha256.len());
        for byte in &object.sha256 {
            // Writing to a string does not fail.
            let _ = write!(tag, "{byte:02x}");
        }
        let validators = Validators::new(&tag, Some(object.date_created.into()));
        Self { length: bytes.len() as u64, content: Content::InMemory(bytes), validators }
    }

    /// Returns the response to a request for this file.
    pub(super) async fn respond(self, parts: &Parts, file_headers: FileHeaders) -> Response {
        let validators = self.validators.clone();
        let mut response = match self.content_response(parts).await {
            Ok(response) => response,
            Err(error) => return unreadable(&error).into_response(),
        };
        let is_success = response.status().is_success();
        let headers = response.headers_mut();
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if is_success {
            headers.insert(CONTENT_TYPE, file_headers.media_type);
        }
        if is_success || response.status() == StatusCode::NOT_MODIFIED {
            let headers = response.headers_mut();
            headers.insert(CACHE_CONTROL, file_headers.cache_control);
            headers.insert(ETAG, validators.etag);
            let modified = validators.modified.map(|date| HeaderValue::try_from(date.to_string()));
            if let Some(Ok(modified)) = modified {
                headers.insert(LAST_MODIFIED, modified);
            }
        }
        response
    }

    /// Returns the status and the content, without the headers that all responses share.
    async fn content_response(self, parts: &Parts) -> io::Result<Response> {
        let Self { content, length, validators } = self;
        match validators.evaluate(&parts.headers) {
            None => {}
            Some(StatusCode::NOT_MODIFIED) => return Ok(StatusCode::NOT_MODIFIED.into_response()),
            Some(status) => {
                let detail = "The file is another version than the one that the request names.";
                return Ok(Problem::new(status, detail).into_response());
            }
        }
        let part = if validators.allow_range(&parts.headers) {
            RequestedPart::from_request(&parts.method, &parts.headers, length)
        } else {
            RequestedPart::Whole
        };
        let (bytes, mut response) = match part {
            RequestedPart::Whole => (0..length, StatusCode::OK.into_response()),
            RequestedPart::Bytes(bytes) => {
                let mut response = StatusCode::PARTIAL_CONTENT.into_response();
                let range = format!("bytes {}-{}/{length}", bytes.start, bytes.end - 1);
                insert(&mut response, CONTENT_RANGE, range);
                (bytes, response)
            }
            RequestedPart::Unsatisfiable => {
                let detail = format!("The file has {length} bytes; ask for a range within them.");
                let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, detail);
                let mut response = problem.into_response();
                insert(&mut response, CONTENT_RANGE, format!("bytes */{length}"));
                return Ok(response);
            }
        };
        let part_length = bytes.end - bytes.start;
        insert(&mut response, CONTENT_LENGTH, part_length.to_string());
        if parts.method == Method::HEAD {
            return Ok(response);
        }
        *response.body_mut() = match content {
            Content::OnDisk(mut file) => {
                if bytes.start > 0 {
                    file.seek(SeekFrom::Start(bytes.start)).await?;
                }
                let part = file.take(part_length);
                Body::from_stream(ReaderStream::with_capacity(part, CHUNK_BYTES))
            }
            // The file is in memory, so its length fits into a `usize`.
            Content::InMemory(all) => {
                Body::from(all.slice(bytes.start as usize..bytes.end as usize))
            }
        };
        Ok(response)
    }
}

fn insert(response: &mut Response, name: axum::http::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Serves the file of a key from the disk, or from the bucket if the disk does not have it.
pub(super) async fn serve_object(
    state: &HttpState,
    key: &str,
    parts: &Parts,
    file_headers: FileHeaders,
) -> Response {
    match find_object(state, key).await {
        Ok(Some(file)) => file.respond(parts, file_headers).await,
        Ok(None) => not_found().await,
        Err(problem) => problem.into_response(),
    }
}

async fn find_object(state: &HttpState, key: &str) -> Result<Option<StoredFile>, Problem> {
    // Cache eviction may remove the file between `locate` and the opening, so a missing file is located once more.
    for _ in 0..2 {
        let located = state.app.files().locate(key).await;
        match located.map_err(|error| Problem::from_error(error, "path"))? {
            None => return Ok(None),
            Some(FileLocation::InMemory { bytes, object }) => {
                return Ok(Some(StoredFile::in_memory(bytes, &object)));
            }
            Some(FileLocation::OnDisk(path)) => match StoredFile::open(&path).await {
                Ok(file) => return Ok(Some(file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(unreadable(&error)),
            },
        }
    }
    Ok(None)
}

/// Logs that the disk failed, and says so without details.
fn unreadable(error: &io::Error) -> Problem {
    tracing::error!(error = error as &dyn std::error::Error, "media file cannot be read");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "The file cannot be read; try again later.")
}

/// Answers 404 for every path below `/media/` that names no file.
pub(in crate::http) async fn not_found() -> Response {
    let problem = Problem::new(StatusCode::NOT_FOUND, "There is no media file of this name.");
    let mut response = problem.into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
