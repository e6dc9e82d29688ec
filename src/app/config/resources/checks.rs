//! Checks that several kinds of configuration share.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::app::AppError;
use crate::domain::{FrameParameters, JsonInput, Schedule, plain_json_error};

/// The maximum size of a free-form object in bytes of JSON.
const MAX_OBJECT: usize = 16 << 10;

/// Collects errors by field.
#[derive(Default)]
pub(super) struct FieldErrors(Vec<(String, String)>);

impl FieldErrors {
    pub(super) fn push(&mut self, field: &str, reason: impl Into<String>) {
        self.0.push((field.to_owned(), reason.into()));
    }

    pub(super) fn into_result(self) -> Result<(), AppError> {
        if self.0.is_empty() { Ok(()) } else { Err(AppError::invalid_fields(self.0)) }
    }

    /// Checks a name that paths and other configurations use.
    pub(super) fn check_slug(&mut self, field: &str, slug: &str) {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if slug.is_empty() || slug.len() > 100 || !slug.chars().all(is_plain) {
            self.push(field, "must be 1-100 letters a-z, A-Z, digits and . _ -");
        }
    }

    /// Checks a name that people and devices choose.
    pub(super) fn check_name(&mut self, field: &str, name: &str) {
        let is_printable = !name.chars().any(char::is_control) && !name.trim().is_empty();
        if !is_printable || name.chars().count() > 255 {
            self.push(field, "must be printable text of 1-255 characters");
        }
    }

    pub(super) fn check_text(&mut self, field: &str, text: &str, max: usize) {
        if text.chars().count() > max {
            self.push(field, format!("has more than {max} characters; shorten it"));
        }
    }

    pub(super) fn check_one_of(&mut self, field: &str, value: &str, allowed: &[&str]) {
        if !allowed.contains(&value) {
            self.push(field, format!("must be one of {}", allowed.join(", ")));
        }
    }

    /// Checks a budget in US dollars per day.
    pub(super) fn check_budget(&mut self, field: &str, budget: Option<f64>) {
        if budget.is_some_and(|dollars| !(0.0..=1_000_000.0).contains(&dollars)) {
            self.push(field, "must be US dollars from 0 to 1000000, or null for no limit");
        }
    }

    pub(super) fn check_object(&mut self, field: &str, object: &Map<String, Value>) {
        let size = serde_json::to_string(object).map_or(0, |json| json.len());
        if size > MAX_OBJECT {
            self.push(field, "is larger than 16 KiB; shorten it");
        }
    }

    /// Checks frame parameters and converts them to their canonical form. The names in `text_names` are allowed too;
    /// their values are text of at most 255 characters.
    pub(super) fn check_parameters(
        &mut self,
        field: &str,
        parameters: &mut Map<String, Value>,
        text_names: &[&str],
    ) {
        let mut checked = Map::new();
        for (name, value) in &*parameters {
            let place = format!("{field}.{name}");
            if text_names.contains(&name.as_str()) {
                match value {
                    Value::String(text) if text.chars().count() <= 255 => {
                        checked.insert(name.clone(), value.clone());
                    }
                    Value::Null => {}
                    _ => self.push(&place, "must be text of at most 255 characters"),
                }
            } else if !FrameParameters::is_known(name) {
                self.push(&place, "is not known here; leave it out");
            }
        }
        match FrameParameters::normalize(parameters) {
            Ok(normalized) => checked.extend(normalized),
            Err(errors) => {
                for error in errors {
                    self.push(&format!("{field}.{}", error.name), error.reason);
                }
            }
        }
        *parameters = checked;
    }

    /// Checks a schedule and converts it to its canonical form. Its parameters may include `strategy`.
    pub(super) fn check_schedule(&mut self, schedule: &mut Value) {
        let mut parsed = match Schedule::parse(schedule) {
            Ok(parsed) => parsed,
            Err(error) => return self.push("schedule", error.to_string()),
        };
        for (path, parameters) in parsed.parameters_mut() {
            self.check_parameters(&format!("schedule.{path}"), parameters, &["strategy"]);
        }
        match serde_json::to_value(&parsed) {
            Ok(value) => *schedule = value,
            Err(error) => self.push("schedule", error.to_string()),
        }
    }
}

/// Applies a merge patch (RFC 7396) to a document.
pub(super) fn merge_patch(document: &mut Value, patch: Value) {
    let Value::Object(fields) = patch else {
        *document = patch;
        return;
    };
    if !document.is_object() {
        *document = Value::Object(Map::new());
    }
    let Value::Object(document) = document else { return };
    for (name, value) in fields {
        if value.is_null() {
            document.remove(&name);
        } else {
            merge_patch(document.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// Deserializes a patched document. An unknown or missing field becomes an error for that field.
pub(super) fn deserialize_patched<T: DeserializeOwned>(document: Value) -> Result<T, AppError> {
    serde_path_to_error::deserialize(JsonInput(document)).map_err(|error| {
        let message = error.inner().to_string();
        for (prefix, reason) in [
            ("unknown field `", "is not known here; leave it out"),
            ("missing field `", "cannot be removed"),
        ] {
            let name = message.strip_prefix(prefix).and_then(|rest| rest.split('`').next());
            if let Some(name) = name {
                return AppError::invalid(name, reason);
            }
        }
        AppError::invalid(&error.path().to_string(), plain_json_error(&message))
    })
}

/// Joins the first five names for a sentence, with the number of those left out.
pub(super) fn abbreviate_list(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

/// Returns the error for a field that refers to a resource that does not exist.
pub(super) fn unknown_reference(field: &str, resource: &str, name: &str) -> AppError {
    AppError::invalid(field, format!("there is no `{name}` among the {resource}; create it first"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_is_laid_over_as_its_rfc_says() {
        // From RFC 7396, appendix A.
        for (mut document, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            merge_patch(&mut document, patch);
            assert_eq!(document, expected);
        }
    }

    #[test]
    fn a_list_for_a_sentence_stays_short() {
        let names = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(abbreviate_list(&names(2)), "0, 1");
        assert_eq!(abbreviate_list(&names(7)), "0, 1, 2, 3, 4 and 2 more");
    }
}
