//! Parses the JSON that models write: finds the object in the text around it, completes it if it was cut off, and
//! converts it to the requested schema. Large models follow a schema; small ones often do not.

mod lenient;

use serde_json::{Map, Value, json};

use super::cut_text::truncate;
use super::{Failure, reasoning, wire_text};
use lenient::ParsedObject;

/// The most places in a text at which an object is looked for.
const MAX_CANDIDATES: usize = 200;

/// How deeply the object may lie within another.
const MAX_WRAPPERS: usize = 3;

/// The longest text in which an object is looked for, in bytes.
const MAX_TEXT: usize = 64 << 10;

/// Finds the object of a schema in a text, whatever surrounds it: the object with the most of the schema's properties,
/// and the last of several with as many. An object that was cut off is completed. If no object has any of the
/// properties, returns the first object.
pub(super) fn find_object(text: &str, schema: &Value) -> Option<Value> {
    let text = truncate(text, MAX_TEXT);
    let mut best: Option<(usize, Value)> = None;
    let mut from = 0;
    for _ in 0..MAX_CANDIDATES {
        let Some(start) = text[from..].find('{').map(|offset| from + offset) else { break };
        let Some(found) = parse_at(&text[start..]) else {
            from = start + 1;
            continue;
        };
        from = start + found.length.max(1);
        let (score, value) = unwrap_object(found.value, schema, MAX_WRAPPERS);
        // Of two equal objects, the one that is whole is better.
        let score = 2 * score + usize::from(score > 0 && !found.was_cut);
        if best.as_ref().is_none_or(|(best, _)| score > 0 && score >= *best) {
            best = Some((score, value));
        }
    }
    best.map(|(_, mut value)| {
        // A string of JSON may contain what the response itself did not.
        wire_text::clean_value(&mut value);
        value
    })
}

/// Parses the object at the start of a text, strictly if possible.
fn parse_at(text: &str) -> Option<ParsedObject> {
    let mut strict = serde_json::Deserializer::from_str(text).into_iter::<Map<String, Value>>();
    match strict.next() {
        Some(Ok(fields)) => {
            let length = strict.byte_offset();
            Some(ParsedObject { value: Value::Object(fields), length, was_cut: false })
        }
        _ => lenient::parse_object(text),
    }
}

/// Returns the object of the schema in an object: itself, or one that a field contains, also as a string of JSON. The
/// number says how many of the schema's properties it has.
fn unwrap_object(value: Value, schema: &Value, depth: usize) -> (usize, Value) {
    let score = count_properties(&value, schema);
    let Some(fields) = value.as_object().filter(|_| score == 0 && depth > 0) else {
        return (score, value);
    };
    // The properties of a schema that the model repeats are not an answer.
    let candidates = fields.iter().filter(|(name, _)| *name != "properties");
    let candidates = candidates.flat_map(|(_, field)| match field {
        Value::Array(items) => items.iter().take(MAX_CANDIDATES).collect(),
        other => vec![other],
    });
    let inner = candidates.filter_map(|field| match field {
        Value::Object(_) => Some(unwrap_object(field.clone(), schema, depth - 1)),
        Value::String(text) if text.trim_start().starts_with('{') => {
            Some(unwrap_object(parse_at(text.trim_start())?.value, schema, depth - 1))
        }
        _ => None,
    });
    inner.max_by_key(|(score, _)| *score).filter(|(score, _)| *score > 0).unwrap_or((0, value))
}

/// Counts the properties of a schema that an object has.
fn count_properties(value: &Value, schema: &Value) -> usize {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    properties.filter(|(name, _)| find_field(value, name).is_some()).count()
}

/// Returns a field by its name, in upper or lower case.
fn find_field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let fields = value.as_object()?;
    let other_case = || fields.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    fields.get(name).or_else(|| other_case().map(|(_, value)| value))
}

/// Converts an object to a schema: fields of another type are converted to the requested one, unknown fields are left
/// out, and missing fields are empty.
///
/// # Errors
///
/// Returns [`Failure::InvalidResponse`] if the value is not an object or has none of the schema's properties.
pub(super) fn coerce_to_schema(value: &Value, schema: &Value) -> Result<Value, Failure> {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    if !value.is_object() {
        return Err(Failure::invalid_response("it is not a JSON object"));
    }
    if count_properties(value, schema) == 0 {
        return Err(Failure::invalid_response("it has none of the fields that were asked for"));
    }
    let fields = properties.iter().map(|(name, shape)| {
        (name.clone(), coerce_value(find_field(value, name).unwrap_or(&Value::Null), shape))
    });
    Ok(Value::Object(fields.collect()))
}

fn coerce_value(value: &Value, shape: &Value) -> Value {
    match shape.get("type").and_then(Value::as_str) {
        Some("array") => match value {
            Value::Array(items) => {
                json!(
                    items
                        .iter()
                        .map(value_to_text)
                        .filter(|text| !text.is_empty())
                        .collect::<Vec<_>>()
                )
            }
            other => {
                json!(
                    [value_to_text(other)]
                        .iter()
                        .filter(|text| !text.is_empty())
                        .collect::<Vec<_>>()
                )
            }
        },
        Some("string") => json!(value_to_text(value)),
        _ => value.clone(),
    }
}

/// Converts a value to text. Reasoning in it is left out.
fn value_to_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => reasoning::strip_all(text),
        Value::Array(items) => items.iter().map(value_to_text).collect::<Vec<_>>().join("; "),
        Value::Object(fields) => {
            let fields_text =
                fields.iter().map(|(name, value)| format!("{name}: {}", value_to_text(value)));
            fields_text.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// Describes a schema in words, for models that do not receive it in another form.
pub(super) fn describe_schema(schema: &Value) -> String {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let fields: Vec<String> = properties
        .iter()
        .map(|(name, shape)| match shape.get("type").and_then(Value::as_str) {
            Some("array") => format!("\"{name}\": a list of strings"),
            _ => format!("\"{name}\": a string"),
        })
        .collect();
    format!("Answer with one JSON object and nothing else. Its fields are {}.", fields.join(", "))
}

#[cfg(test)]
mod tests;
