//! The small rules of written English: articles, possessives, sentences and their ends.

/// `a` or `an`, by the sound with which the next word begins.
pub(super) fn article(next: &str) -> &'static str {
    let word: String =
        next.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let consonant_sound =
        ["one", "once", "uni", "use", "usual", "eu", "ewe"].iter().any(|s| word.starts_with(s));
    let silent_h = ["hour", "honest", "honour", "heir"].iter().any(|s| word.starts_with(s));
    let vowel = word.starts_with(['a', 'e', 'i', 'o', 'u']);
    if silent_h || (vowel && !consonant_sound) { "an" } else { "a" }
}

/// The owner's form of a name. Names in -s take ’s like all others, as in `James’s`.
pub(super) fn possessive(name: &str) -> String {
    format!("{name}’s")
}

/// The text with its first letter (after any opening quote) in upper case.
pub(super) fn capitalise(text: &str) -> String {
    let Some((at, first)) = text.char_indices().find(|(_, c)| c.is_alphanumeric()) else {
        return text.to_owned();
    };
    let rest = &text[at + first.len_utf8()..];
    format!("{}{}{rest}", &text[..at], first.to_uppercase())
}

/// Straight quotes and apostrophes as typographic ones; `"` opens after a space or at the start.
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

/// The sentences of a text, each with its end. Ends inside quotation marks do not split.
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

/// Whether a closing quote at `at` comes right after the end of a sentence.
fn is_end_before_quote(text: &str, at: usize) -> bool {
    text[..at].ends_with(['.', '!', '?'])
}

/// The words of a text in lower case, without punctuation: what two sentences are compared by.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '’' || c == '\''))
        .map(|word| word.trim_matches(['’', '\'']).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

/// At most `limit` characters of a text, cut after a whole word where there is one.
pub(super) fn truncate(text: &str, limit: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(limit) else {
        return text;
    };
    let head = &text[..end];
    let whole = text[end..].starts_with(char::is_whitespace);
    let cut = if whole { end } else { head.rfind(char::is_whitespace).unwrap_or(end) };
    text[..cut].trim_end_matches(|c: char| !c.is_alphanumeric())
}

/// How many characters a reader counts.
pub(super) fn length(text: &str) -> usize {
    text.chars().count()
}

/// Names joined as in speech: `sea, sky and boat`.
pub(super) fn join_with_and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}
