//! Small JSON bodies in which every field must be known: the bodies of v2 and admin requests, unlike those of v1, which
//! devices send.

use std::fmt::Display;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::body::{self, MAX_INLINE_PARSE_BYTES};
use super::media_type;
use super::problem::Problem;
use crate::app::AppError;
use crate::domain::{JsonInput, plain_json_error};

/// The default size limit, in bytes. It is small because some of the requests are not authenticated.
const DEFAULT_MAX_BYTES: usize = 16 << 10;

/// Extracts a JSON body of at most `MAX` bytes. `T` should deny unknown fields.
pub(super) struct ValidJson<T, const MAX: usize = DEFAULT_MAX_BYTES>(pub(super) T);

impl<T, S: Sync, const MAX: usize> FromRequest<S> for ValidJson<T, MAX>
where
    T: DeserializeOwned + Send + 'static,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, content) = request.into_parts();
        require_json(&parts.headers)?;
        let bytes = body::read_at_most(&parts.headers, content, MAX).await?;
        if bytes.len() <= MAX_INLINE_PARSE_BYTES {
            return parse(&bytes).map(Self);
        }
        let parsed = tokio::task::spawn_blocking(move || parse(&bytes)).await;
        parsed.unwrap_or_else(|_| Err(body::internal_error())).map(Self)
    }
}

/// Returns whether a request's body is JSON. A body without a content type counts as JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(essence) = media_type::essence(headers) else { return true };
    // The last three were in use before `application/json` was registered, and some clients still send them.
    let is_known = ["application/json", "application/x-json", "text/json", "text/x-json"];
    is_known.contains(&&*essence) || essence.ends_with("+json")
}

/// Returns a 415 unless a request's body is JSON.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    if is_json(headers) {
        return Ok(());
    }
    let detail = "The body must be JSON; send it with Content-Type: application/json.";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

/// Removes what some clients send around JSON: a byte order mark, and the NUL bytes that end a text in C.
fn trim(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..length]
}

/// Parses a JSON body. A syntax error is a 400; a value that does not fit the type is a 422 that names the field.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = trim(bytes);
    if std::str::from_utf8(bytes).is_err() {
        let detail = "The body is not UTF-8; send JSON in this encoding.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    let broken = |error: &serde_json::Error| {
        let detail = format!(
            "The body is not JSON: the error is at line {}, column {}.",
            error.line(),
            error.column()
        );
        Problem::new(StatusCode::BAD_REQUEST, detail)
    };
    let reader = &mut serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(JsonInput(&mut *reader)).map_err(|error| {
        // An invalid field may come before a syntax error, and the syntax error is reported first.
        if error.inner().is_data()
            && let Err(syntax_error) = serde_json::from_slice::<IgnoredAny>(bytes)
        {
            broken(&syntax_error)
        } else if error.inner().is_data() {
            Problem::from_error(invalid_input(&error), "body")
        } else {
            broken(error.inner())
        }
    })?;
    reader.end().map_err(|error| broken(&error))?;
    Ok(value)
}

/// Names the field that could not be deserialized and what is wrong with it.
pub(super) fn invalid_input<E: Display>(error: &serde_path_to_error::Error<E>) -> AppError {
    let message = error.inner().to_string();
    let reason = plain_json_error(&message);
    let quoted = |prefix: &str| reason.strip_prefix(prefix)?.split('`').next();
    if let Some(name) = quoted("unknown field `") {
        return AppError::invalid(name, "is not known here; leave it out");
    }
    if let Some(name) = quoted("missing field `") {
        return AppError::invalid(name, "is missing");
    }
    if let Some(name) = quoted("duplicate field `") {
        return AppError::invalid(name, "is given twice; send it once");
    }
    let path = error.path().to_string();
    if path == "." {
        return AppError::new(
            crate::app::ErrorKind::Invalid,
            format!("The body cannot be used: {reason}."),
        );
    }
    AppError::invalid(&path, reason)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        _name: String,
        _count: Option<u8>,
    }

    fn refused(body: &str) -> String {
        let problem = parse::<Example>(body.as_bytes()).expect_err("the body is invalid");
        let detail = format!("{problem:?}");
        let status = problem.into_response().status().as_u16();
        let (_, detail) = detail.split_once("detail: \"").expect("a detail");
        format!("{status} {}", detail.split('"').next().unwrap_or_default())
    }

    #[test]
    fn what_clients_send_around_json_is_passed_over() {
        for body in ["\u{feff}{\"_name\": \"a\"}", "{\"_name\": \"a\", \"_count\": 3.0}\n\0\0"] {
            assert!(parse::<Example>(body.as_bytes()).is_ok(), "{body:?}");
        }
        assert!(refused("{\"_name\": \"a\"}\0x").starts_with("400 "));
        assert!(refused("\u{feff}").starts_with("400 "));
        let utf16: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let problem = parse::<Example>(&utf16).expect_err("not UTF-8");
        assert!(format!("{problem:?}").contains("not UTF-8"), "{problem:?}");
    }

    #[test]
    fn json_goes_by_several_names() {
        for (given, expected) in [
            ("APPLICATION/JSON;charset=utf-8", true),
            ("text/json", true),
            ("application/problem+json", true),
            ("", true),
            ("text/plain", false),
            ("application/jsonp", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            let value = axum::http::HeaderValue::from_static(given);
            let headers = HeaderMap::from_iter([(axum::http::header::CONTENT_TYPE, value)]);
            assert_eq!(is_json(&headers), expected, "{given:?}");
        }
    }

    #[test]
    fn a_field_that_cannot_be_used_is_named() {
        assert!(parse::<Example>(b"{\"_name\": \"a\"}").is_ok());
        assert_eq!(
            refused(r#"{"_name": "a", "ünder": 1}"#),
            "422 ünder: is not known here; leave it out"
        );
        assert_eq!(refused("{}"), "422 _name: is missing");
        assert!(refused(r#"{"_name": 7}"#).starts_with("422 _name: invalid type: integer `7`"));
        assert!(
            refused(r#"{"_name": "a", "_count": 300}"#).starts_with("422 _count: invalid value")
        );
        assert!(refused("7").starts_with("422 The body cannot be used"));
        assert_eq!(
            refused(r#"["a", 7]"#),
            "422 The body cannot be used: invalid type: array, expected an object."
        );
        assert!(refused(r#"{"_name": "#).starts_with("400 The body is not JSON"));
        assert!(refused(r#"{"ünder": 1, "#).starts_with("400 "));
        assert!(refused("").starts_with("400 "));
        assert!(refused(r#"{"_name": "a"} x"#).starts_with("400 "));
    }
}
