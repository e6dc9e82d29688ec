//! Cleans the texts that arrive from providers: removes the characters that control a terminal or the direction of
//! writing, which have no place in a story, and NUL, which PostgreSQL cannot store.

use serde_json::Value;

/// Removes control characters from every string of a response.
pub(super) fn clean_value(value: &mut Value) {
    match value {
        Value::String(text) => clean_in_place(text),
        Value::Array(items) => items.iter_mut().for_each(clean_value),
        Value::Object(fields) => {
            fields.values_mut().for_each(clean_value);
            // A name may become part of a text too.
            if fields.keys().any(|name| needs_cleaning(name)) {
                let dirty = std::mem::take(fields);
                fields.extend(dirty.into_iter().map(|(name, value)| (clean(&name), value)));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Removes control characters from a text. Line breaks and tabs stay, and other separators of lines become line breaks.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' | '\u{9b}' => skip_escape_sequence(c, &mut rest),
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' => clean.push('\n'),
            '\r' => {
                if rest.peek() != Some(&'\n') {
                    clean.push('\n');
                }
            }
            _ if is_removed(c) => {}
            _ => clean.push(c),
        }
    }
    clean
}

fn clean_in_place(text: &mut String) {
    if needs_cleaning(text) {
        *text = clean(text);
    }
}

fn needs_cleaning(text: &str) -> bool {
    // Most texts, and every file in base64, have nothing to remove. The bytes of a chunk are compared all together, which
    // is several times faster for a file of megabytes.
    let may_need = |byte: u8| !matches!(byte, b'\n' | b'\t' | 0x20..=0x7e);
    let chunk_may_need = |chunk: &[u8]| chunk.iter().fold(false, |any, byte| any | may_need(*byte));
    text.as_bytes().chunks(256).any(chunk_may_need)
        && text.chars().any(|c| c == '\r' || is_separator(c) || is_removed(c))
}

fn is_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a character is removed: a control character, a control of the direction of writing, or one that is never a
/// character of a text.
fn is_removed(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}')
}

/// Skips the rest of a terminal's escape sequence, such as the colour `ESC [ 3 1 m`.
fn skip_escape_sequence(start: char, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let is_control_sequence = start == '\u{9b}' || rest.next_if_eq(&'[').is_some();
    if is_control_sequence {
        while rest.next_if(|c| matches!(c, '\u{20}'..='\u{3f}')).is_some() {}
        rest.next_if(|c| matches!(c, '\u{40}'..='\u{7e}'));
    } else if rest.next_if_eq(&']').is_some() {
        // The title of a window or a link ends with BEL or with ESC and a backslash.
        let mut skipped = 0;
        while skipped < 200 && rest.next_if(|c| !matches!(c, '\u{7}' | '\u{1b}' | '\n')).is_some() {
            skipped += 1;
        }
    } else {
        rest.next_if_eq(&'\\');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_controls_a_terminal_or_a_direction_is_removed() {
        let cases = [
            ("a\0b", "ab"),
            ("\u{1b}[31mred\u{1b}[0m and \u{9b}1mbold", "red and bold"),
            ("\u{1b}]0;title\u{7}text\u{1b}]8;;http://x\u{1b}\\link", "textlink"),
            ("ring\u{7} \u{8}back", "ring back"),
            ("\u{202e}evil\u{202c} \u{2066}x\u{2069}", "evil x"),
            (
                "\u{feff}One.\r\nTwo.\rThree.\u{2028}Four.\tFive.",
                "One.\nTwo.\nThree.\nFour.\tFive.",
            ),
            ("👩\u{200d}🚀 שלום é 🏴", "👩\u{200d}🚀 שלום é 🏴"),
        ];
        for (text, expected) in cases {
            assert_eq!(clean(text), expected, "{text:?}");
            let mut value = json!([{"deep": [text]}]);
            clean_value(&mut value);
            assert_eq!(value, json!([{"deep": [expected]}]));
            let mut value = json!({text: 1});
            clean_value(&mut value);
            assert_eq!(value, json!({expected: 1}));
        }
    }
}
