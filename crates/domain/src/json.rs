//! Detection of JSON that PostgreSQL cannot store.

/// Returns whether a JSON text has a NUL character (`\u0000`) in one of its strings, which PostgreSQL cannot store.
#[must_use]
pub fn has_nul(json: &str) -> bool {
    // An escaped backslash does not begin another escape.
    json.replace(r"\\", "").contains(r"\u0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_told_from_a_text_that_looks_like_one() {
        let json = |text: &str| serde_json::to_string(text).unwrap_or_default();
        assert!(has_nul(&json("a\0b")) && has_nul(&json("\\\0")));
        assert!(!has_nul(&json(r"a\u0000b")) && !has_nul(&json("\u{1}")));
    }
}
