//! The media type of a request's body.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

/// Returns the media type of a body in lower case and without parameters, such as `application/json`. `None` if the
/// request states none: no `Content-Type`, or an empty one.
pub(super) fn essence(headers: &HeaderMap) -> Option<String> {
    // A header that is not text names no known type.
    let given = headers.get(CONTENT_TYPE)?.to_str().unwrap_or("?");
    // A proxy may join two headers with a comma.
    let essence = given.split([';', ',']).next().unwrap_or_default().trim();
    (!essence.is_empty()).then(|| essence.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_media_type_is_read_in_any_case_and_without_parameters() {
        let read = |given: &'static str| {
            essence(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(given))]))
        };
        assert_eq!(read("Application/JSON; charset=UTF-8").as_deref(), Some("application/json"));
        assert_eq!(read("text/json,text/json").as_deref(), Some("text/json"));
        assert_eq!(
            (read(""), read(" ; charset=utf-8"), essence(&HeaderMap::new())),
            (None, None, None)
        );
    }
}
