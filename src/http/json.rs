//! Small JSON bodies in which every field must be known: the bodies of v2 and admin requests, unlike those of v1, which
//! devices send.

use std::fmt::Display;

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::body;
use super::problem::Problem;
use crate::app::AppError;

/// The default size limit, in bytes. It is small because some of the requests are not authenticated.
const DEFAULT_MAX_BYTES: usize = 16 << 10;

/// Extracts a JSON body of at most `MAX` bytes. `T` should deny unknown fields.
pub(super) struct ValidJson<T, const MAX: usize = DEFAULT_MAX_BYTES>(pub(super) T);

impl<T: DeserializeOwned, S: Sync, const MAX: usize> FromRequest<S> for ValidJson<T, MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, content) = request.into_parts();
        if !is_json(&parts.headers) {
            let detail = "The body must be JSON; send it with Content-Type: application/json.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = body::read_at_most(content, MAX).await?;
        parse(&bytes).map(Self)
    }
}

/// Returns whether a request's body is JSON. A body without a content type counts as JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(given) = headers.get(CONTENT_TYPE) else { return true };
    let essence = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || essence.to_ascii_lowercase().ends_with("+json")
}

/// Parses a JSON body. A syntax error is a 400; a value that does not fit the type is a 422 that names the field.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let broken = |error: &serde_json::Error| {
        let detail = format!(
            "The body is not JSON: the error is at line {}, column {}.",
            error.line(),
            error.column()
        );
        Problem::new(StatusCode::BAD_REQUEST, detail)
    };
    let reader = &mut serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut *reader).map_err(|error| {
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
    let reason = message.split(" at line ").next().unwrap_or(&message);
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
        assert!(refused(r#"{"_name": "#).starts_with("400 The body is not JSON"));
        assert!(refused(r#"{"ünder": 1, "#).starts_with("400 "));
        assert!(refused("").starts_with("400 "));
        assert!(refused(r#"{"_name": "a"} x"#).starts_with("400 "));
    }
}
