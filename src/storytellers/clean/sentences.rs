//! Splitting text into sentences, in English and in scripts without a space after a full stop.

/// Splits a text into sentences, with their closing punctuation. The end of a line ends a sentence.
pub(super) fn sentences(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for paragraph in text.lines() {
        let mut sentence = String::new();
        let mut rest = paragraph.chars().peekable();
        while let Some(c) = rest.next() {
            sentence.push(c);
            if !ends_sentence(c) {
                continue;
            }
            while let Some(closing) = rest.next_if(|c| ends_sentence(*c) || is_closing(*c)) {
                sentence.push(closing);
            }
            let is_over = rest.peek().is_none_or(|next| next.is_whitespace()) || is_wide(c);
            if is_over && !is_abbreviation(&sentence) {
                push_trimmed(&mut all, &sentence);
                sentence.clear();
            }
        }
        push_trimmed(&mut all, &sentence);
    }
    all
}

fn push_trimmed(all: &mut Vec<String>, sentence: &str) {
    let sentence = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
    if !sentence.is_empty() {
        all.push(sentence);
    }
}

pub(super) fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…') || is_wide(c)
}

/// Returns whether a character ends a sentence in a script that puts no space after it.
fn is_wide(c: char) -> bool {
    matches!(c, '。' | '！' | '？')
}

pub(super) fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | '”' | '’' | '»' | ')' | '」')
}

/// Returns whether a text ends with an abbreviation or an initial instead of the end of a sentence.
fn is_abbreviation(sentence: &str) -> bool {
    let last = sentence.split_whitespace().last().unwrap_or_default();
    let Some(word) = last.strip_suffix('.') else { return false };
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    let is_initial =
        word.chars().count() == 1 && word.chars().all(|c| c.is_uppercase() && c != 'I');
    is_initial || ["Mr", "Mrs", "Ms", "Dr", "St", "Prof", "vs", "etc"].contains(&word)
}
