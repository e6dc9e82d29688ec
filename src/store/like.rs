//! Patterns for `LIKE … ESCAPE '!'`.

/// Returns a pattern that matches every string containing `text`. Wildcards in `text` are escaped.
pub(super) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_the_text_is_a_wildcard() {
        assert_eq!(containing("A_b%c!"), "%A!_b!%c!!%");
        assert_eq!(containing(""), "%%");
    }
}
