//! The whole number by which a path names something.

/// The id in a path; what is no number is nothing's, and is not found like one that is.
pub(super) fn parse(text: &str) -> i64 {
    text.parse().unwrap_or(0)
}
