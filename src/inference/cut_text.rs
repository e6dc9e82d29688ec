//! Ends a text that a model could not finish, because it reached its limit of tokens.

/// Abbreviations whose full stop does not end a sentence.
const ABBREVIATIONS: [&str; 8] = ["Mr", "Mrs", "Ms", "Dr", "St", "Prof", "vs", "etc"];

/// The longest prose, in bytes.
const MAX_PROSE: usize = 32 << 10;

/// Returns the start of a text, of at most `max` bytes.
pub(super) fn truncate(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Returns prose of a length that can be cleaned at once.
pub(super) fn bounded_prose(text: String) -> String {
    if text.len() <= MAX_PROSE { text } else { end_at_sentence(truncate(&text, MAX_PROSE)) }
}

/// Ends a text at its last whole sentence. Without one, removes the word that may be incomplete and adds an ellipsis.
pub(super) fn end_at_sentence(text: &str) -> String {
    let text = text.trim_end();
    if let Some(end) = last_sentence_end(text) {
        return text[..end].to_owned();
    }
    match text.rfind(char::is_whitespace) {
        Some(space) => {
            let words = text[..space].trim_end_matches(|c: char| !c.is_alphanumeric());
            if words.is_empty() { String::new() } else { format!("{words}…") }
        }
        // Some scripts have no spaces between words. One word alone is more often a name than the start of a text.
        None if !text.is_ascii() && text.chars().count() > 12 => {
            format!("{text}…")
        }
        None => text.to_owned(),
    }
}

/// Returns the place after the last whole sentence, in bytes.
fn last_sentence_end(text: &str) -> Option<usize> {
    let mut end = None;
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let is_wide = matches!(c, '。' | '！' | '？');
        if !is_wide && !matches!(c, '.' | '!' | '?' | '…') {
            continue;
        }
        let mut after = at + c.len_utf8();
        while let Some((at, closing)) = rest.next_if(|(_, c)| is_closing(*c)) {
            after = at + closing.len_utf8();
        }
        let is_over = rest.peek().is_none_or(|(_, next)| next.is_whitespace()) || is_wide;
        if is_over && !(c == '.' && is_abbreviation(&text[..at])) {
            end = Some(after);
        }
    }
    end
}

fn is_closing(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '"' | '\'' | '”' | '’' | '»' | ')' | '」' | '*')
}

/// Whether the last word before a full stop is an abbreviation or an initial.
fn is_abbreviation(before: &str) -> bool {
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let is_initial =
        word.chars().count() == 1 && word.chars().all(|c| c.is_uppercase() && c != 'I');
    is_initial || ABBREVIATIONS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_at_its_last_whole_sentence() {
        let cases = [
            ("The fox ran. It saw th", "The fox ran."),
            ("The fox ran.", "The fox ran."),
            ("\"Run!\" she said. \"I wi", "\"Run!\" she said."),
            ("Old Mr. Smith met Dr. A. Fo", "Old Mr. Smith met Dr. A…"),
            ("It cost 3.50 and Mr. Fox pa", "It cost 3.50 and Mr. Fox…"),
            ("He ran. Mr. Sm", "He ran."),
            ("Once upon a quiet evening by th", "Once upon a quiet evening by…"),
            ("狐は走った。海を見", "狐は走った。"),
            (
                "昔々あるところに小さな狐が住んでいました",
                "昔々あるところに小さな狐が住んでいました…",
            ),
            ("Ada", "Ada"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(end_at_sentence(text), expected, "{text}");
        }
    }
}
