//! The error messages for values that cannot be used.

use figment::error::Kind;
use figment::value::Value;
use figment::{Error, Figment, Metadata};

use super::InvalidSetting;
use super::renamed::RENAMED_VARIABLES;
use super::report::is_secret;
use super::variables::{VARIABLES, ValueKind, find_variable};

/// Returns the source of the setting `key`: a variable's name, or a file's name and the key. If nothing set it, returns the names
/// of the variables that could.
pub(super) fn source_name(sources: &Figment, key: &str) -> String {
    match sources.find_metadata(key) {
        Some(metadata) => describe_source(metadata, key),
        None => {
            let is_current = |name: &str| RENAMED_VARIABLES.iter().all(|(old, _)| *old != name);
            let names = VARIABLES.iter().filter(|v| v.key == key).map(|v| v.name).rev();
            let names: Vec<&str> = names.filter(|name| is_current(name)).collect();
            if names.is_empty() { key.to_owned() } else { names.join(" or ") }
        }
    }
}

fn describe_source(metadata: &Metadata, key: &str) -> String {
    match file_name(metadata) {
        Some(file) if key.is_empty() => file,
        Some(file) => format!("{file}: {key}"),
        None => metadata.name.to_string(),
    }
}

/// Returns the path of a source that is a file.
pub(super) fn file_name(metadata: &Metadata) -> Option<String> {
    let path = metadata.source.as_ref().and_then(|source| source.file_path())?;
    Some(path.display().to_string())
}

/// Explains in one line why a value was refused: its source, the value, and what it must be.
pub(super) fn explain(sources: &Figment, error: &Error) -> InvalidSetting {
    let key = error.path.join(".");
    let who =
        error.metadata.as_ref().map_or_else(|| key.clone(), |given| describe_source(given, &key));
    let given = error.metadata.as_ref().and_then(|given| find_variable(&given.name));
    let variable = given.or_else(|| VARIABLES.iter().find(|variable| variable.key == key));
    let expected = variable.map(|variable| variable.expected.to_owned());
    // A secret must not be repeated on the screen: neither as a value, nor in the line that a parser quotes.
    let value = match sources.find_value(&key) {
        _ if is_secret(&key) => None,
        Ok(value) => value_as_text(&value),
        Err(_) => None,
    };
    let what = match (&error.kind, value) {
        (Kind::UnknownField(name, known), _) => {
            format!("`{name}` is not a setting; it must be one of {}", known.join(", "))
        }
        _ if is_secret(&key) => with_expected("has a value of the wrong type", expected),
        // The messages of lists are this crate's own: they name the item that is wrong.
        (Kind::Message(message), _) if variable.is_some_and(|v| v.kind == ValueKind::List) => {
            with_expected(message, expected)
        }
        (Kind::InvalidType(_, wanted) | Kind::InvalidValue(_, wanted), Some(value)) => {
            let expected = expected.unwrap_or_else(|| plain_type(&wanted.clone()));
            format!("`{value}` cannot be used; it must be {expected}")
        }
        (_, Some(value)) if expected.is_some() => {
            with_expected(&format!("`{value}` cannot be used"), expected)
        }
        (kind, _) => with_expected(kind.to_string().lines().next().unwrap_or_default(), expected),
    };
    InvalidSetting(format!("{who}: {what}"))
}

fn with_expected(what: &str, expected: Option<String>) -> String {
    match expected {
        Some(expected) => format!("{what}; it must be {expected}"),
        None => what.to_owned(),
    }
}

/// Returns a single value as a person would type it, or `None` for tables and lists.
fn value_as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Char(_, char) => Some(char.to_string()),
        Value::Bool(_, flag) => Some(flag.to_string()),
        Value::Num(_, number) => number
            .to_u128()
            .map(|number| number.to_string())
            .or_else(|| number.to_i128().map(|number| number.to_string()))
            .or_else(|| number.to_f64().map(|number| number.to_string())),
        _ => None,
    }
}

/// Describes the values of a Rust type to people who do not write Rust.
fn plain_type(wanted: &str) -> String {
    let largest = match wanted {
        "u8" => Some(u64::from(u8::MAX)),
        "u16" => Some(u64::from(u16::MAX)),
        "u32" => Some(u64::from(u32::MAX)),
        "u64" | "usize" => None,
        "i8" | "i16" | "i32" | "i64" | "isize" => return "a whole number".to_owned(),
        "f32" | "f64" => return "a number".to_owned(),
        "a boolean" | "bool" => return "true or false".to_owned(),
        "a string" | "path string" => return "text in quotes".to_owned(),
        "a sequence" => return "a list, such as [\"a\", \"b\"]".to_owned(),
        other => return other.to_owned(),
    };
    match largest {
        Some(largest) => format!("a whole number from 0 to {largest}"),
        None => "a whole number, 0 or more".to_owned(),
    }
}
