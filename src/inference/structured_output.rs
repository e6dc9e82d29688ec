//! Parses the JSON that models write: finds the object in the text around it, completes it if it was cut off, and
//! converts it to the requested schema. Large models follow a schema; small ones often do not.

use serde_json::{Map, Value, json};

use super::Failure;

/// Extracts the first JSON object from a text, whatever surrounds it. An object that was cut off is completed.
pub(super) fn extract_object(text: &str) -> Option<Value> {
    let start = text.find('{')?;
    let (end, closing) = object_span(&text[start..]);
    let object = &text[start..start + end];
    let closed = format!("{object}{closing}");
    let object = serde_json::from_str(&closed).ok().or_else(|| {
        let shorter = without_last_field(object, &closing)?;
        serde_json::from_str(&shorter).ok()
    });
    object.filter(Value::is_object)
}

/// Returns the length in bytes of the object at the start of a text, and the characters that would complete it if the
/// text ends first.
fn object_span(text: &str) -> (usize, String) {
    let (mut open, mut in_string, mut is_escaped) = (Vec::new(), false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if in_string => is_escaped = true,
            '"' => in_string = !in_string,
            _ if in_string => {}
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' => {
                open.pop();
                if open.is_empty() {
                    return (at + c.len_utf8(), String::new());
                }
            }
            _ => {}
        }
    }
    let quote = if in_string { "\"" } else { "" };
    (text.len(), quote.chars().chain(open.into_iter().rev()).collect())
}

/// Removes the last field of an object that was cut off within the field's name or right after it.
fn without_last_field(object: &str, closing: &str) -> Option<String> {
    let comma = object.rfind(',')?;
    Some(format!("{}{}", &object[..comma], closing.trim_start_matches('"')))
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
    let given =
        value.as_object().ok_or_else(|| Failure::invalid_response("it is not a JSON object"))?;
    if !properties.keys().any(|name| given.contains_key(name)) {
        return Err(Failure::invalid_response("it has none of the fields that were asked for"));
    }
    let fields = properties.iter().map(|(name, shape)| {
        (name.clone(), coerce_value(given.get(name).unwrap_or(&Value::Null), shape))
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

/// Converts a value to text.
fn value_to_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_object_is_found_in_whatever_a_model_puts_around_it() {
        let cases = [
            (r#"{"text": "a"}"#, json!({"text": "a"})),
            (
                "Sure! ```json\n{\"text\": \"a } b\", \"n\": [1]}\n``` Enjoy {this}.",
                json!({"text": "a } b", "n": [1]}),
            ),
            (r#"{"text": "it broke o"#, json!({"text": "it broke o"})),
            (r#"{"text": "a", "cast": ["x", "y"#, json!({"text": "a", "cast": ["x", "y"]})),
            (r#"{"text": "a", "ca"#, json!({"text": "a"})),
            (r#"{"text": "a", "cast":"#, json!({"text": "a"})),
            (r#"{"text": "she said \"no\"", "#, json!({"text": "she said \"no\""})),
        ];
        for (text, object) in cases {
            assert_eq!(extract_object(text), Some(object), "{text}");
        }
        assert_eq!(extract_object("There was a fox."), None);
        assert_eq!(extract_object("{fox}"), None);
    }

    #[test]
    fn a_value_takes_the_shape_that_was_asked_for() {
        let schema = json!({"properties": {"text": {"type": "string"}, "cast": {"type": "array"}}});
        let given = json!({"text": ["One.", "Two."], "cast": "a fox", "more": 1});
        let shaped = coerce_to_schema(&given, &schema).expect("shaped");
        assert_eq!(shaped, json!({"text": "One.; Two.", "cast": ["a fox"]}));
        let given = json!({"cast": [{"name": "Ada", "age": 9}, null, "a fox"]});
        let shaped = coerce_to_schema(&given, &schema).expect("shaped");
        assert_eq!(shaped, json!({"text": "", "cast": ["age: 9, name: Ada", "a fox"]}));
        for wrong in [json!("text"), json!({"other": 1})] {
            assert!(coerce_to_schema(&wrong, &schema).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn an_object_cut_anywhere_keeps_what_was_whole(cut in 0_usize..80) {
            let complete = r#"{"text": "The \"ö\" {sea} rose.", "cast": ["a, b", "c"], "summary": "s"}"#;
            let cut = (0..=cut.min(complete.len())).rev().find(|at| complete.is_char_boundary(*at)).unwrap_or(0);
            if let Some(read) = extract_object(&complete[..cut]) {
                prop_assert!(read.is_object());
            }
            if cut > 40 {
                let read = extract_object(&complete[..cut]);
                prop_assert_eq!(&read.expect("an object")["text"], "The \"ö\" {sea} rose.");
            }
        }

        #[test]
        fn nothing_makes_it_panic(text in any::<String>()) {
            let _ = extract_object(&text);
            let _ = extract_object(&format!("{{{text}"));
        }
    }
}
