//! Sanitizes words from outside so that they fit into a sentence.

use super::english::{article, length, truncate};

/// Returns one line of plain words, at most `limit` characters, without control characters, quotes and markup, and with
/// single spaces.
pub(super) fn plain_line(text: &str, limit: usize) -> String {
    let plain: String = text
        .chars()
        .take(4_000)
        .filter_map(|c| match c {
            '“' | '”' | '"' | '„' | '«' | '»' | '‹' | '›' | '`' | '*' | '_' | '#' | '|' | '<'
            | '>' | '\\' | '^' | '~' | '{' | '}' | '[' | ']' => None,
            '\'' | '‘' => Some('’'),
            c if c.is_whitespace() || c.is_control() => Some(' '),
            c if is_invisible(c) => None,
            c => Some(c),
        })
        .collect();
    let words: Vec<_> = plain.split_whitespace().collect();
    truncate(&words.join(" "), limit).to_owned()
}

/// Whether a character is zero-width or changes the text direction. Small screens cannot display these.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Returns words to quote within a sentence: the first sentence, or as much of it as fits, without its full stop.
/// Returns `None` if no letter or digit is left.
pub(super) fn quote(text: &str, limit: usize) -> Option<String> {
    let text = plain_line(text, 400);
    let end = text
        .char_indices()
        .find(|(at, c)| {
            matches!(c, '.' | '!' | '?' | '…') && text[at + c.len_utf8()..].starts_with(' ')
        })
        .filter(|(at, _)| length(&text[..*at]) >= 8)
        .map_or(text.len(), |(at, c)| at + c.len_utf8());
    let first = &text[..end];
    let clipped = if length(first) > limit { truncate(first, limit) } else { first };
    let inner = one_sentence(clipped);
    let bare = inner.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '.' | '!' | ',' | ';' | ':' | '…' | '’' | '-' | '–')
    });
    bare.contains(char::is_alphanumeric).then(|| bare.to_owned())
}

/// Joins sentences with commas, without doubled punctuation.
fn one_sentence(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let after_mark = out.ends_with(['.', '!', '?', '…', ',']);
        match c {
            '.' | '!' | '?' | '…' | ',' if after_mark => {}
            ' ' if after_mark => {
                out.pop();
                out.push_str(", ");
            }
            ',' | '!' | '?' if out.ends_with(' ') => {
                out.pop();
                out.push(c);
            }
            other => out.push(other),
        }
    }
    out
}

/// Returns a noun phrase that can be the object of a sentence: `a lighthouse`, `two people`, `a bright edge`.
pub(super) fn thing(text: &str) -> Option<String> {
    let bare = text.replace(['.', '!', '?', ';', ':', '(', ')', '…'], " ");
    let text = plain_line(&bare, 60).replace(" ,", ",");
    let text = text.trim_matches(|c: char| !c.is_alphanumeric());
    if !text.contains(char::is_alphabetic) {
        return None;
    }
    let (first, _) = text.split_once(' ').unwrap_or((text, ""));
    let lower = first.to_lowercase();
    let determiners =
        ["a", "an", "the", "some", "many", "several", "no", "his", "her", "their", "its", "my"];
    let numerals = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    if determiners.contains(&lower.as_str()) || numerals.contains(&lower.as_str()) {
        return Some(format!("{lower}{}", &text[first.len()..]));
    }
    // `Dog on a leash` is capitalised like a sentence, `New York` is not.
    let sentence_case = text.contains(' ') && !text[first.len()..].contains(char::is_uppercase);
    let text =
        if sentence_case { format!("{lower}{}", &text[first.len()..]) } else { text.to_owned() };
    let ends = [" with ", " of ", " on ", " in ", " at ", " near ", " under ", " beside "];
    let end = ends.iter().filter_map(|end| text.find(end)).min().unwrap_or(text.len());
    let is_named = text.starts_with(|c: char| c.is_uppercase() || c.is_numeric());
    if is_named || is_without_article(&text[..end]) {
        return Some(text);
    }
    Some(format!("{} {text}", article(&text)))
}

/// Whether a noun takes no article: plurals and uncountable nouns.
fn is_without_article(noun: &str) -> bool {
    let uncountable = [
        "water",
        "light",
        "people",
        "fog",
        "snow",
        "rain",
        "grass",
        "sand",
        "text",
        "children",
        "men",
        "women",
        "smoke",
        "mist",
        "sunlight",
        "moonlight",
        "darkness",
        "furniture",
        "ice",
        "sunshine",
        "shade",
        "foliage",
        "clothing",
        "food",
        "paper",
        "writing",
        "geese",
        "mice",
    ];
    let last = noun.rsplit(' ').next().unwrap_or(noun).to_lowercase();
    uncountable.contains(&last.as_str()) || (last.ends_with('s') && !last.ends_with("ss"))
}

/// Returns a colour's name in lower case; `None` if it does not consist of letters.
pub(super) fn hue(text: &str) -> Option<String> {
    let text = plain_line(text, 30);
    let text = text.trim_matches(|c: char| !c.is_alphabetic());
    let plain = text.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '’'));
    (plain && !text.is_empty()).then(|| text.to_lowercase())
}

/// Returns a place's name up to the first comma; `None` for coordinates and anything else that is not a name.
pub(super) fn place(text: &str) -> Option<String> {
    let text = plain_line(text, 60);
    let name = text.split(',').next().unwrap_or_default().trim();
    let is_named = name.chars().filter(|c| c.is_alphabetic()).count() > 1;
    (is_named && length(name) <= 40 && !name.contains(['.', '!', '?', '°']))
        .then(|| name.to_owned())
}

/// Returns a person's name of at most four words; `None` if it does not begin with a letter.
pub(super) fn name(text: &str) -> Option<String> {
    let name = plain_line(text, 40);
    let name = name.trim_matches(|c: char| !c.is_alphanumeric());
    let is_named = name.chars().next().is_some_and(char::is_alphabetic);
    (is_named && name.split(' ').count() <= 4).then(|| name.to_owned())
}
