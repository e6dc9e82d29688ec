//! Rules of written English: articles, possessives, quotes and sentence boundaries.

/// Returns `a` or `an`, by the sound with which the next word begins.
pub(super) fn article(next: &str) -> &'static str {
    let word: String =
        next.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let consonant_sound =
        ["one", "once", "uni", "use", "usual", "eu", "ewe"].iter().any(|s| word.starts_with(s));
    let silent_h = ["hour", "honest", "honour", "heir"].iter().any(|s| word.starts_with(s));
    let vowel = word.starts_with(['a', 'e', 'i', 'o', 'u']);
    if silent_h || (vowel && !consonant_sound) { "an" } else { "a" }
}

/// Returns the possessive form of a name. Names that end in s also take ’s, as in `James’s`.
pub(super) fn possessive(name: &str) -> String {
    format!("{name}’s")
}

/// Capitalises the first letter of a text, after any opening quote.
pub(super) fn capitalise(text: &str) -> String {
    let Some((at, first)) = text.char_indices().find(|(_, c)| c.is_alphanumeric()) else {
        return text.to_owned();
    };
    let rest = &text[at + first.len_utf8()..];
    format!("{}{}{rest}", &text[..at], first.to_uppercase())
}

/// Replaces straight quotes and apostrophes with typographic ones. A `"` opens a quotation after a space, an opening
/// bracket or a dash, and at the start.
pub(super) fn to_typographic_quotes(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars() {
        out.push(match c {
            '"' if before.is_whitespace() || matches!(before, '(' | '–') => '“',
            '"' => '”',
            '\'' => '’',
            other => other,
        });
        before = c;
    }
    out
}

/// Splits a text into sentences, each with its final punctuation. Punctuation inside quotation marks does not split.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut quoted, mut ended) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            '“' if ended => (found.push(text[start..at].trim()), start = at).0,
            ' ' | '\n' => continue,
            _ if ended && !quoted && c.is_uppercase() => {
                found.push(text[start..at].trim());
                start = at;
            }
            _ => {}
        }
        quoted = c == '“' || (quoted && c != '”');
        ended =
            matches!(c, '.' | '!' | '?') && !quoted || (c == '”' && is_end_before_quote(text, at));
    }
    found.push(text[start..].trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// Whether the closing quote at byte `at` directly follows the end of a sentence.
fn is_end_before_quote(text: &str, at: usize) -> bool {
    text[..at].ends_with(['.', '!', '?'])
}

/// Returns the words of a text in lower case and without punctuation, for comparing sentences.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '’' || c == '\''))
        .map(|word| word.trim_matches(['’', '\'']).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Truncates a text to at most `limit` characters, after a whole word if there is one.
pub(super) fn truncate(text: &str, limit: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(limit) else {
        return text;
    };
    let head = &text[..end];
    let is_word_end = text[end..].starts_with(char::is_whitespace);
    let cut = if is_word_end { end } else { head.rfind(char::is_whitespace).unwrap_or(end) };
    text[..cut].trim_end_matches(|c: char| !c.is_alphanumeric())
}

/// Returns the number of characters.
pub(super) fn length(text: &str) -> usize {
    text.chars().count()
}

/// Joins names as in `sea, sky and boat`.
pub(super) fn join_with_and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}
