//! Small JSON bodies, each field known: what people and scripts send, as opposed to what devices send to v1.

use std::fmt::Display;

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::body;
use super::problem::Problem;
use crate::app::AppError;

/// The largest such body, in bytes, where nothing else is said; some come from people who have not proved who they are.
const DEFAULT_MAX_BYTES: usize = 16 << 10;

/// A body of at most `MAX` bytes that was read. The type refuses the fields that it does not know.
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

/// A body without a type is taken for JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(given) = headers.get(CONTENT_TYPE) else { return true };
    let essence = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || essence.to_ascii_lowercase().ends_with("+json")
}

/// Reads a body whose every field the type knows.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let broken = |error: &serde_json::Error| {
        let detail = format!(
            "The body is not JSON: it breaks at line {}, column {}.",
            error.line(),
            error.column()
        );
        Problem::new(StatusCode::BAD_REQUEST, detail)
    };
    let reader = &mut serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut *reader).map_err(|error| {
        // A field that cannot be used may stand in something that is no JSON further on.
        if error.inner().is_data()
            && let Err(worse) = serde_json::from_slice::<IgnoredAny>(bytes)
        {
            broken(&worse)
        } else if error.inner().is_data() {
            Problem::from_error(invalid_input(&error), "body")
        } else {
            broken(error.inner())
        }
    })?;
    reader.end().map_err(|error| broken(&error))?;
    Ok(value)
}

/// What is wrong with which field.
pub(super) fn invalid_input<E: Display>(error: &serde_path_to_error::Error<E>) -> AppError {
    let whole = error.inner().to_string();
    let reason = whole.split(" at line ").next().unwrap_or(&whole);
    let quoted = |after: &str| reason.strip_prefix(after)?.split('`').next();
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
        let problem = parse::<Example>(body.as_bytes()).expect_err("it cannot be read");
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
