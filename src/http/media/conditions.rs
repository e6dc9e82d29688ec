//! Evaluates conditional requests (RFC 9110, section 13).

use std::time::SystemTime;

use axum::http::header::{
    AsHeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use httpdate::HttpDate;

/// What identifies the version of a file.
#[derive(Debug, Clone)]
pub(super) struct Validators {
    /// A strong entity tag, in quotes.
    pub(super) etag: HeaderValue,
    /// When the file was written; `None` if the file system does not know.
    pub(super) modified: Option<HttpDate>,
}

impl Validators {
    /// Creates the validators of a file by the tag without quotes, which must be ASCII.
    pub(super) fn new(tag: &str, modified: Option<SystemTime>) -> Self {
        let etag = HeaderValue::from_str(&format!("\"{tag}\""));
        Self {
            etag: etag.unwrap_or(HeaderValue::from_static("\"\"")),
            // A date before 1970 cannot be written.
            modified: modified.filter(|time| *time >= SystemTime::UNIX_EPOCH).map(HttpDate::from),
        }
    }

    /// Returns the status that answers a request without the file: 412 or 304. Returns `None` if the file is to be sent.
    pub(super) fn evaluate(&self, headers: &HeaderMap) -> Option<StatusCode> {
        let is_changed_since = |date: HttpDate| self.modified.is_some_and(|time| time > date);
        let is_expected = match headers.get(IF_MATCH) {
            Some(_) => self.is_listed(headers, IF_MATCH, false),
            None => !date(headers, IF_UNMODIFIED_SINCE).is_some_and(is_changed_since),
        };
        if !is_expected {
            return Some(StatusCode::PRECONDITION_FAILED);
        }
        let is_known = match headers.get(IF_NONE_MATCH) {
            Some(_) => self.is_listed(headers, IF_NONE_MATCH, true),
            None => date(headers, IF_MODIFIED_SINCE)
                .is_some_and(|date| self.modified.is_some_and(|_| !is_changed_since(date))),
        };
        is_known.then_some(StatusCode::NOT_MODIFIED)
    }

    /// Returns whether a range of a request is of this version: its `If-Range`, if any, must name it exactly.
    pub(super) fn allow_range(&self, headers: &HeaderMap) -> bool {
        match headers.get(IF_RANGE) {
            None => true,
            Some(value) if value.as_bytes().contains(&b'"') => *value == self.etag,
            Some(_) => date(headers, IF_RANGE).is_some_and(|date| Some(date) == self.modified),
        }
    }

    /// Returns whether a header lists the tag, or is `*`. A weak comparison ignores `W/`; in a strong one a weak tag
    /// never matches.
    fn is_listed(&self, headers: &HeaderMap, name: impl AsHeaderName, is_weak: bool) -> bool {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
        tags.any(|tag| {
            let tag = if is_weak { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
            tag == "*" || tag.as_bytes() == self.etag.as_bytes()
        })
    }
}

fn date(headers: &HeaderMap, name: impl AsHeaderName) -> Option<HttpDate> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::HeaderName;

    use super::*;

    const TIME: &str = "Sat, 28 Nov 2026 10:00:00 GMT";
    const EARLIER: &str = "Sat, 28 Nov 2026 09:59:59 GMT";

    fn validators() -> Validators {
        let time = httpdate::parse_http_date(TIME).expect("a date");
        Validators::new("abc", Some(time + Duration::from_millis(500)))
    }

    type Pairs = [(HeaderName, &'static str)];

    fn headers(pairs: &Pairs) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn conditions_are_evaluated_in_the_order_of_the_standard() {
        let (not_modified, failed) = (StatusCode::NOT_MODIFIED, StatusCode::PRECONDITION_FAILED);
        let cases: [(&Pairs, Option<StatusCode>); 13] = [
            (&[], None),
            (&[(IF_NONE_MATCH, "\"abc\"")], Some(not_modified)),
            (&[(IF_NONE_MATCH, "\"x\", W/\"abc\"")], Some(not_modified)),
            (&[(IF_NONE_MATCH, "*")], Some(not_modified)),
            (&[(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, TIME)], None),
            (&[(IF_MODIFIED_SINCE, TIME)], Some(not_modified)),
            (&[(IF_MODIFIED_SINCE, EARLIER)], None),
            (&[(IF_MODIFIED_SINCE, "yesterday")], None),
            (&[(IF_MATCH, "\"abc\"")], None),
            (&[(IF_MATCH, "W/\"abc\"")], Some(failed)),
            (&[(IF_MATCH, "\"x\""), (IF_NONE_MATCH, "\"abc\"")], Some(failed)),
            (&[(IF_UNMODIFIED_SINCE, TIME)], None),
            (&[(IF_UNMODIFIED_SINCE, EARLIER)], Some(failed)),
        ];
        for (pairs, status) in cases {
            assert_eq!(validators().evaluate(&headers(pairs)), status, "{pairs:?}");
        }
    }

    #[test]
    fn a_range_is_of_exactly_the_named_version() {
        for (value, is_allowed) in [
            ("\"abc\"", true),
            ("W/\"abc\"", false),
            ("\"x\"", false),
            (TIME, true),
            (EARLIER, false),
            ("abc", false),
        ] {
            let headers = headers(&[(IF_RANGE, value)]);
            assert_eq!(validators().allow_range(&headers), is_allowed, "{value}");
        }
        assert!(validators().allow_range(&HeaderMap::new()));
        let undated = Validators::new("abc", None);
        assert!(!undated.allow_range(&headers(&[(IF_RANGE, TIME)])));
        assert_eq!(undated.evaluate(&headers(&[(IF_MODIFIED_SINCE, TIME)])), None);
    }
}
