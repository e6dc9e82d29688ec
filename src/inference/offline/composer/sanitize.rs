//! Words from outside, made fit to stand in a sentence.

use super::english::{article, length, truncate};

/// One line of plain words: no control characters, quotes or markup, single spaces.
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

/// Marks that change direction or take no room; they would only confuse a small screen.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Words to be quoted within a sentence: the first sentence or as much as fits, without its
/// full stop. Nothing where there is nothing to say aloud.
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
    let kept = if length(first) > limit { truncate(first, limit) } else { first };
    let inner = one_sentence(kept);
    let bare = inner.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '.' | '!' | ',' | ';' | ':' | '…' | '’' | '-' | '–')
    });
    bare.contains(char::is_alphanumeric).then(|| bare.to_owned())
}

/// Sentences strung together by commas, with no mark doubled.
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

/// A noun phrase that can be an object: `a lighthouse`, `two people`, `a bright edge`.
pub(super) fn thing(text: &str) -> Option<String> {
    let bare = text.replace(['.', '!', '?', ';', ':', '(', ')', '…'], " ");
    let text = plain_line(&bare, 60).replace(" ,", ",");
    let text = text.trim_matches(|c: char| !c.is_alphanumeric());
    if !text.contains(char::is_alphabetic) {
        return None;
    }
    let (first, _) = text.split_once(' ').unwrap_or((text, ""));
    let lower = first.to_lowercase();
    let led =
        ["a", "an", "the", "some", "many", "several", "no", "his", "her", "their", "its", "my"];
    let counted = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    if led.contains(&lower.as_str()) || counted.contains(&lower.as_str()) {
        return Some(format!("{lower}{}", &text[first.len()..]));
    }
    // `Dog on a leash` begins like a sentence, `New York` does not.
    let sentence_case = text.contains(' ') && !text[first.len()..].contains(char::is_uppercase);
    let text =
        if sentence_case { format!("{lower}{}", &text[first.len()..]) } else { text.to_owned() };
    let ends = [" with ", " of ", " on ", " in ", " at ", " near ", " under ", " beside "];
    let end = ends.iter().filter_map(|end| text.find(end)).min().unwrap_or(text.len());
    let named = text.starts_with(|c: char| c.is_uppercase() || c.is_numeric());
    if named || is_without_article(&text[..end]) {
        return Some(text);
    }
    Some(format!("{} {text}", article(&text)))
}

/// Whether a noun goes without an article: plurals and stuffs.
fn is_without_article(noun: &str) -> bool {
    let stuffs = [
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
    stuffs.contains(&last.as_str()) || (last.ends_with('s') && !last.ends_with("ss"))
}

/// A colour's name: letters only, in lower case unless written otherwise.
pub(super) fn hue(text: &str) -> Option<String> {
    let text = plain_line(text, 30);
    let text = text.trim_matches(|c: char| !c.is_alphabetic());
    let plain = text.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '’'));
    (plain && !text.is_empty()).then(|| text.to_lowercase())
}

/// A place's name; nothing for a pair of coordinates.
pub(super) fn place(text: &str) -> Option<String> {
    let text = plain_line(text, 60);
    let name = text.split(',').next().unwrap_or_default().trim();
    let named = name.chars().filter(|c| c.is_alphabetic()).count() > 1;
    (named && length(name) <= 40 && !name.contains(['.', '!', '?', '°'])).then(|| name.to_owned())
}

/// A person's name, fit for sentences.
pub(super) fn name(text: &str) -> Option<String> {
    let name = plain_line(text, 40);
    let name = name.trim_matches(|c: char| !c.is_alphanumeric());
    let named = name.chars().next().is_some_and(char::is_alphabetic);
    (named && name.split(' ').count() <= 4).then(|| name.to_owned())
}
