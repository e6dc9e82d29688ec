//! Numeric ids in paths.

/// Parses an id from a path segment. A malformed id becomes 0, which no row has, so that it is reported as "not found".
pub(super) fn parse(text: &str) -> i64 {
    text.parse().unwrap_or(0)
}
