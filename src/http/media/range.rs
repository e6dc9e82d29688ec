//! Reads the `Range` header of a request (RFC 9110, section 14).

use std::ops::Range;

use axum::http::header::RANGE;
use axum::http::{HeaderMap, Method};

/// The part of a file that a response holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequestedPart {
    /// All of it, because no range was asked for, or none that is served here: several ranges, another unit, or what is
    /// no range.
    Whole,
    /// The bytes from the start of the range to before its end; at least one.
    Bytes(Range<u64>),
    /// Nothing, because the range is beyond the end.
    Unsatisfiable,
}

impl RequestedPart {
    /// Returns the part of a file of `length` bytes that a request asks for. Only `GET` has ranges.
    pub(super) fn from_request(method: &Method, headers: &HeaderMap, length: u64) -> Self {
        let mut values = headers.get_all(RANGE).iter();
        match (values.next(), values.next()) {
            (Some(value), None) if method == Method::GET => {
                Self::parse(value.to_str().unwrap_or_default(), length)
            }
            _ => Self::Whole,
        }
    }

    fn parse(value: &str, length: u64) -> Self {
        let Some((unit, ranges)) = value.split_once('=') else { return Self::Whole };
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return Self::Whole;
        }
        let mut ranges = ranges.split(',').map(str::trim).filter(|range| !range.is_empty());
        match (ranges.next(), ranges.next()) {
            (Some(range), None) => Self::parse_range(range, length).unwrap_or(Self::Whole),
            _ => Self::Whole,
        }
    }

    /// Parses `first-last`, `first-` or `-length`; returns `None` for anything else.
    fn parse_range(range: &str, length: u64) -> Option<Self> {
        let (first, last) = range.split_once('-')?;
        let bytes = match (parse_number(first)?, parse_number(last)?) {
            (Some(first), Some(last)) if first > last => return None,
            (Some(first), last) => first..length.min(last.unwrap_or(u64::MAX).saturating_add(1)),
            (None, Some(last)) => length.saturating_sub(last)..length,
            (None, None) => return None,
        };
        Some(if bytes.is_empty() { Self::Unsatisfiable } else { Self::Bytes(bytes) })
    }
}

/// Parses digits. A number that is too large is beyond the end of every file. Returns `Some(None)` for no digits.
#[expect(clippy::option_option, reason = "a missing number is not a malformed one")]
fn parse_number(digits: &str) -> Option<Option<u64>> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn one_range_of_bytes_is_served() {
        for (value, bytes) in [
            ("bytes=0-1", 0..2),
            ("BYTES=0-1", 0..2),
            ("Bytes = 3-3", 3..4),
            ("bytes=90-", 90..100),
            ("bytes=90-1000", 90..100),
            ("bytes=90-99999999999999999999999", 90..100),
            ("bytes=0-18446744073709551615", 0..100),
            ("bytes=-10", 90..100),
            ("bytes=-1000", 0..100),
            ("bytes=,5-6,", 5..7),
        ] {
            assert_eq!(RequestedPart::parse(value, 100), RequestedPart::Bytes(bytes), "{value}");
        }
    }

    #[test]
    fn what_is_not_served_gives_the_whole_file() {
        for value in [
            "bytes=0-1,4-5",
            "bytes=0-0,-1",
            "items=0-1",
            "bytes=abc",
            "bytes=5-2",
            "bytes",
            "",
            "bytes=",
            "bytes=-",
            "bytes=+1-2",
            "bytes=1-2-3",
            "bytes=0x1-2",
            "bytes=1 - 2",
            "bytes 0-1",
        ] {
            assert_eq!(RequestedPart::parse(value, 100), RequestedPart::Whole, "{value}");
        }
        let mut headers = HeaderMap::new();
        headers.append(RANGE, HeaderValue::from_static("bytes=0-1"));
        let part = RequestedPart::from_request;
        assert_eq!(part(&Method::GET, &headers, 100), RequestedPart::Bytes(0..2));
        assert_eq!(part(&Method::HEAD, &headers, 100), RequestedPart::Whole);
        headers.append(RANGE, HeaderValue::from_static("bytes=4-5"));
        assert_eq!(part(&Method::GET, &headers, 100), RequestedPart::Whole);
    }

    #[test]
    fn a_range_beyond_the_end_is_refused() {
        for value in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(RequestedPart::parse(value, 100), RequestedPart::Unsatisfiable, "{value}");
        }
        for value in ["bytes=0-", "bytes=-5", "bytes=0-0"] {
            assert_eq!(RequestedPart::parse(value, 0), RequestedPart::Unsatisfiable, "{value}");
        }
    }
}
