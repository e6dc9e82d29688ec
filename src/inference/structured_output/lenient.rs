//! A parser for what models write instead of JSON: with trailing or missing commas, comments, raw line breaks and
//! quotes within strings, other quotes, Python's constants, doubled braces, names without quotes, or without an end.

use serde_json::{Map, Number, Value};

use crate::inference::cut_text;

/// How deeply objects and arrays may be nested.
const MAX_DEPTH: usize = 24;

/// Parses the object at the start of a text. Returns it with its length in bytes, and whether the text ended before the
/// object did.
pub(super) fn parse_object(text: &str) -> Option<ParsedObject> {
    let mut parser = Parser { text, at: 0, was_cut: false };
    let value = parser.object(0)?;
    Some(ParsedObject { value, length: parser.at, was_cut: parser.was_cut })
}

/// An object that was read from a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ParsedObject {
    pub(super) value: Value,
    /// The length in bytes.
    pub(super) length: usize,
    /// Whether the text ended before the object did.
    pub(super) was_cut: bool,
}

struct Parser<'a> {
    text: &'a str,
    /// The place of the next character, in bytes.
    at: usize,
    was_cut: bool,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self, expected: &str) -> bool {
        let is_next = self.rest().starts_with(expected);
        if is_next {
            self.at += expected.len();
        }
        is_next
    }

    /// Skips space and comments.
    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            let comment_end = if self.rest().starts_with("//") || self.rest().starts_with('#') {
                "\n"
            } else if self.rest().starts_with("/*") {
                "*/"
            } else {
                return;
            };
            let rest = self.rest();
            self.at += rest.find(comment_end).map_or(rest.len(), |end| end + comment_end.len());
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.skip_space();
        if depth > MAX_DEPTH {
            return None;
        }
        match self.peek()? {
            '{' => self.object(depth),
            '[' => self.array(depth),
            c if closing_quote(c).is_some() => self.string(depth > 0).map(Value::String),
            _ => self.literal(),
        }
    }

    /// Parses an object. If the text ends within it, returns the fields that are whole.
    fn object(&mut self, depth: usize) -> Option<Value> {
        if !self.skip("{") {
            return None;
        }
        // A model that was shown a template doubles the braces as the template did.
        let is_doubled = self.skip("{");
        let mut fields = Map::new();
        loop {
            self.skip_space();
            if self.skip("}") {
                if is_doubled {
                    self.skip("}");
                }
                break;
            }
            if self.rest().is_empty() {
                self.was_cut = true;
                break;
            }
            if self.skip(",") {
                continue;
            }
            let Some(name) = self.name() else {
                // The text ends within a name.
                if self.was_cut {
                    break;
                }
                return None;
            };
            self.skip_space();
            if !self.skip(":") {
                if self.rest().is_empty() && !fields.is_empty() {
                    self.was_cut = true;
                    break;
                }
                return None;
            }
            self.skip_space();
            if self.rest().is_empty() {
                self.was_cut = true;
                break;
            }
            let value = self.value(depth + 1)?;
            fields.insert(name, value);
            if self.was_cut {
                break;
            }
        }
        Some(Value::Object(fields))
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        if !self.skip("[") {
            return None;
        }
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.skip("]") {
                break;
            }
            if self.rest().is_empty() {
                self.was_cut = true;
                break;
            }
            if self.skip(",") {
                continue;
            }
            items.push(self.value(depth + 1)?);
            if self.was_cut {
                break;
            }
        }
        Some(Value::Array(items))
    }

    /// Parses a field's name, with or without quotes.
    fn name(&mut self) -> Option<String> {
        if self.peek().is_some_and(|c| closing_quote(c).is_some()) {
            return self.string(false);
        }
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        let length = length.unwrap_or(rest.len());
        self.at += length;
        (length > 0).then(|| rest[..length].to_owned())
    }

    /// Parses a string. If it is a value, a quote within it that is followed by more text belongs to the string, and a
    /// string that does not end is cut after its last whole sentence.
    fn string(&mut self, is_value: bool) -> Option<String> {
        let open = self.peek()?;
        let close = closing_quote(open)?;
        self.at += open.len_utf8();
        let mut text = String::new();
        loop {
            let Some(c) = self.peek() else {
                self.was_cut = true;
                return is_value.then(|| cut_text::end_at_sentence(&text));
            };
            self.at += c.len_utf8();
            match c {
                '\\' => self.escape(&mut text),
                _ if c == close || (c == '"' && open == '“') => {
                    if !is_value || self.is_end_of_string() {
                        return Some(text);
                    }
                    text.push(c);
                }
                _ => text.push(c),
            }
        }
    }

    /// Whether what follows a quote shows that the quote ends its string.
    fn is_end_of_string(&self) -> bool {
        let rest = self.rest();
        let next = rest.trim_start();
        match next.chars().next() {
            None | Some('}' | ']' | ':') => true,
            Some(',') => {
                let after = next[1..].trim_start();
                let is_name = |word: &str| {
                    let word = word.trim_end();
                    !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_')
                };
                after.is_empty()
                    || after.starts_with(['}', ']', '{', '[', '"', '\'', '“', '-', '#', '/'])
                    || after.starts_with(|c: char| c.is_ascii_digit())
                    || after.split_once(':').is_some_and(|(word, _)| is_name(word))
                    || ["null", "None", "true", "false", "True", "False"]
                        .iter()
                        .any(|word| after.starts_with(word))
            }
            Some('/') => next.starts_with("//") || next.starts_with("/*"),
            // A comma is missing between two lines.
            Some('"' | '\'' | '#') => rest[..rest.len() - next.len()].contains('\n'),
            Some(_) => false,
        }
    }

    fn escape(&mut self, text: &mut String) {
        let Some(c) = self.peek() else { return };
        self.at += c.len_utf8();
        match c {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'b' | 'f' | '\n' => {}
            'u' => match self.unicode() {
                Some(c) => text.push(c),
                None => text.push_str("\\u"),
            },
            other => text.push(other),
        }
    }

    /// Parses the digits of `\u1234`, and a second half if the first one needs it.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        let second = if self.skip("\\u") { self.hex()? } else { return Some('\u{fffd}') };
        let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400);
        Some(
            low.and_then(|low| char::from_u32(0x10000 + ((first - 0xd800) << 10) + low))
                .unwrap_or('\u{fffd}'),
        )
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4)?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(value)
    }

    /// Parses a number or a constant of JSON, Python or JavaScript.
    fn literal(&mut self) -> Option<Value> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.' | '_'))
            .unwrap_or(rest.len());
        self.at += length;
        match &rest[..length] {
            "null" | "None" | "undefined" | "NaN" | "nil" => Some(Value::Null),
            "true" | "True" => Some(Value::Bool(true)),
            "false" | "False" => Some(Value::Bool(false)),
            word => {
                let number = word.parse::<i64>().ok().map(Number::from);
                let number = number.or_else(|| Number::from_f64(word.parse().ok()?));
                if number.is_none() && length == rest.len() && length > 0 {
                    // The text ends within a constant.
                    self.was_cut = true;
                    return Some(Value::Null);
                }
                number.map(Value::Number)
            }
        }
    }
}

/// Returns the quote that ends a string.
fn closing_quote(open: char) -> Option<char> {
    match open {
        '"' => Some('"'),
        '\'' => Some('\''),
        '“' => Some('”'),
        '`' => Some('`'),
        _ => None,
    }
}
