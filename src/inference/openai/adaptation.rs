//! Adapts requests to servers that refuse some of their fields. When a server names a field that it does not accept,
//! the request is sent again without the field, under another name, or with another value. What helped is remembered
//! for the model.

use moka::sync::Cache;
use serde_json::{Value, json};

use crate::domain::Size;
use crate::inference::provider_client::ErrorResponse;
use crate::inference::{Failure, Model};

/// The most changes to one request.
pub(super) const MAX_CHANGES: usize = 8;

/// The most models whose changes are remembered.
const MAX_MODELS: u64 = 1000;

/// The fields without which a request has no meaning.
const REQUIRED: [&str; 5] = ["model", "messages", "prompt", "input", "file"];

/// The names of the limit of tokens. A server that refuses one accepts another.
const TOKEN_LIMITS: [&str; 2] = ["max_tokens", "max_completion_tokens"];

/// Words by which a message shows that it is about the fields of the request.
const REFUSALS: [&str; 19] = [
    "unsupported",
    "not support",
    "n't support",
    "unknown",
    "unrecognized",
    "unrecognised",
    "unexpected",
    "invalid",
    "not permitted",
    "not allowed",
    "not accepted",
    "not available",
    "extra",
    "must be",
    "too large",
    "at most",
    "instead",
    "not valid",
    "validation",
];

/// One change to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Remove(String),
    Rename {
        from: String,
        to: String,
    },
    Limit {
        field: String,
        max: u64,
    },
    /// The sizes that an image model supports.
    Sizes(Vec<Size>),
    /// The size is left to the image model.
    AutomaticSize,
}

/// The changes that helped, by endpoint and model. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Adaptations(Cache<String, Vec<Change>>);

impl Default for Adaptations {
    fn default() -> Self {
        Self(Cache::new(MAX_MODELS))
    }
}

impl Adaptations {
    /// Returns the key of a model at an endpoint. A model with other parameters sends other fields.
    pub(super) fn key(path: &str, model: &Model) -> String {
        let parameters = Value::Object(model.parameters.clone());
        format!("{path} {} {parameters}", model.name)
    }

    pub(super) fn get(&self, key: &str) -> Vec<Change> {
        self.0.get(key).unwrap_or_default()
    }

    pub(super) fn remember(&self, key: String, changes: Vec<Change>) {
        self.0.insert(key, changes);
    }
}

/// Applies changes to a request.
pub(super) fn apply(mut body: Value, changes: &[Change]) -> Value {
    let requested = body.get("size").and_then(Value::as_str).and_then(parse_size);
    let Some(fields) = body.as_object_mut() else { return body };
    for change in changes {
        match change {
            Change::Remove(field) => {
                fields.remove(field);
            }
            Change::Rename { from, to } => {
                if let Some(value) = fields.remove(from) {
                    fields.insert(to.clone(), value);
                }
            }
            Change::Limit { field, max } => {
                if let Some(value) = fields.get_mut(field)
                    && value.as_u64().is_some_and(|value| value > *max)
                {
                    *value = json!(max);
                }
            }
            Change::Sizes(sizes) => {
                if let (Some(size), true) = (requested, fields.contains_key("size")) {
                    let size = size.closest_aspect(sizes);
                    fields.insert(
                        "size".to_owned(),
                        json!(format!("{}x{}", size.width, size.height)),
                    );
                }
            }
            Change::AutomaticSize => {
                fields.insert("size".to_owned(), json!("auto"));
            }
        }
    }
    body
}

/// Returns the change that may make a server accept the request that it refused; `None` if its refusal is not about a
/// field that can be changed. `kept` is a field that the caller changes itself.
pub(super) fn propose(
    body: &Value,
    changes: &[Change],
    refusal: &ErrorResponse,
    kept: Option<&str>,
) -> Option<Change> {
    let is_refusal = match refusal.failure {
        Failure::Rejected(_) => refusal.status != Some(404),
        // Some servers report a server error for a field that they do not know.
        Failure::Unavailable { .. } => matches!(refusal.status, Some(500 | 503)),
        _ => false,
    };
    if !is_refusal {
        return None;
    }
    let message = refusal.message.as_str();
    let field = refused_field(body, refusal)?;
    if REQUIRED.contains(&field.as_str()) || kept == Some(field.as_str()) {
        return None;
    }
    let change = if field == "size" {
        propose_size(body, message)
    } else if let Some(to) = suggested_name(body, message, &field) {
        Change::Rename { from: field, to }
    } else if let Some(max) = suggested_limit(body, message, &field) {
        Change::Limit { field, max }
    } else if let Some(to) = other_limit(&field, changes) {
        Change::Rename { from: field, to: to.to_owned() }
    } else {
        Change::Remove(field)
    };
    if changes.contains(&change) {
        // The change did not help, so the field goes.
        let Change::Sizes(_) = change else { return None };
        return Some(Change::Remove("size".to_owned()));
    }
    Some(change)
}

/// Returns the field that a refusal names: in a field of its own, or else first in its message.
fn refused_field(body: &Value, refusal: &ErrorResponse) -> Option<String> {
    let fields = body.as_object()?;
    if let Some(field) = refusal.field.as_deref().filter(|field| fields.contains_key(*field)) {
        return Some(field.to_owned());
    }
    let lower = refusal.message.to_ascii_lowercase();
    if !REFUSALS.iter().any(|words| lower.contains(words)) {
        return None;
    }
    let named =
        fields.keys().filter_map(|field| Some((find_name(&refusal.message, field)?, field)));
    named.min().map(|(_, field)| field.clone())
}

/// Returns the place of a field's name in a message. A short name counts only between quotes, because it may be a word.
fn find_name(message: &str, field: &str) -> Option<usize> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_word = !field.contains('_');
    message.match_indices(field).map(|(at, _)| at).find(|at| {
        let before = message[..*at].chars().next_back();
        let after = message[at + field.len()..].chars().next();
        let is_quoted = before.is_some_and(|c| matches!(c, '\'' | '"' | '`' | '.' | '‘' | '“'))
            || after.is_some_and(|c| matches!(c, '=' | ':'))
            || message[..*at].trim_end().ends_with(':');
        let is_whole = before.is_none_or(|c| !is_name(c)) && after.is_none_or(|c| !is_name(c));
        is_whole && (is_quoted || !is_word || field.len() > 3)
    })
}

/// Returns the name that a message proposes for a field, as in "Use 'max_completion_tokens' instead".
fn suggested_name(body: &Value, message: &str, field: &str) -> Option<String> {
    let lower = message.to_ascii_lowercase();
    let at = [" use ", "did you mean", "renamed to"].iter().find_map(|words| lower.find(words))?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names = message[at..].split(|c: char| !is_name(c));
    let name = names.find(|word| word.contains('_') && *word != field)?;
    let is_new = body.get(name).is_none() && name.len() < 40;
    is_new.then(|| name.to_owned())
}

/// Returns the largest value that a message allows for a number, as in "this model supports at most 4096 tokens".
fn suggested_limit(body: &Value, message: &str, field: &str) -> Option<u64> {
    let current = body.get(field)?.as_u64()?;
    let lower = message.to_ascii_lowercase();
    let is_bound = ["too large", "at most", "maximum", "less than", "exceed", "<="]
        .iter()
        .any(|words| lower.contains(words));
    // A limit that depends on the length of the prompt is not the model's.
    if !is_bound || lower.contains("context") {
        return None;
    }
    let numbers = lower.split(|c: char| !c.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).filter(|max| (16..current).contains(max)).max()
}

/// Returns the other name of the limit of tokens, unless it was tried.
fn other_limit(field: &str, changes: &[Change]) -> Option<&'static str> {
    let position = TOKEN_LIMITS.iter().position(|name| *name == field)?;
    let other = TOKEN_LIMITS[1 - position];
    let was_tried = changes.iter().any(|change| match change {
        Change::Rename { from, .. } => from == other,
        Change::Remove(name) => name == other,
        _ => false,
    });
    (!was_tried).then_some(other)
}

/// Returns the sizes that a message lists, or what else it proposes.
fn propose_size(body: &Value, message: &str) -> Change {
    let requested = body.get("size").and_then(Value::as_str).and_then(parse_size);
    let words = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '×');
    let sizes: Vec<Size> =
        words.filter_map(parse_size).filter(|size| Some(*size) != requested).take(40).collect();
    if !sizes.is_empty() {
        Change::Sizes(sizes)
    } else if find_name(message, "auto").is_some() && body.get("size") != Some(&json!("auto")) {
        Change::AutomaticSize
    } else {
        Change::Remove("size".to_owned())
    }
}

/// Parses a size such as `1024x1024`.
fn parse_size(text: &str) -> Option<Size> {
    let (width, height) = text.split_once(['x', 'X', '×'])?;
    let side = |text: &str| text.trim().parse().ok().filter(|side| (16..=16_384).contains(side));
    Some(Size::new(side(width)?, side(height)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(message: &str, field: Option<&str>) -> ErrorResponse {
        ErrorResponse {
            failure: Failure::rejected(message),
            status: Some(400),
            message: message.to_owned(),
            field: field.map(str::to_owned),
        }
    }

    fn proposed(message: &str, field: Option<&str>) -> Option<Change> {
        let body = json!({"model": "m", "messages": [], "max_tokens": 600, "temperature": 0.2, "seed": 1,
            "response_format": {}, "size": "800x480", "n": 1, "voice": "alloy"});
        propose(&body, &[], &refusal(message, field), None)
    }

    #[test]
    fn a_refusal_says_what_to_change() {
        let remove = |name: &str| Some(Change::Remove(name.to_owned()));
        let rename =
            |to: &str| Some(Change::Rename { from: "max_tokens".to_owned(), to: to.to_owned() });
        let cases = [
            (
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                Some("max_tokens"),
                rename("max_completion_tokens"),
            ),
            (
                "max_tokens is deprecated and not supported, use max_output_tokens instead",
                None,
                rename("max_output_tokens"),
            ),
            ("unknown field: max_tokens", None, rename("max_completion_tokens")),
            (
                "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
                Some("temperature"),
                remove("temperature"),
            ),
            ("Extra inputs are not permitted", Some("seed"), remove("seed")),
            (
                "[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), 'msg': 'Extra inputs are not permitted'}]",
                None,
                remove("seed"),
            ),
            ("generate() got an unexpected keyword argument 'seed'", None, remove("seed")),
            (
                "UnsupportedParamsError: x does not support parameters: {'response_format': 1}",
                None,
                remove("response_format"),
            ),
            ("Invalid parameter: n", None, remove("n")),
            ("voice alloy is not available", None, remove("voice")),
            (
                "max_tokens is too large: 600. This model supports at most 512 completion tokens.",
                Some("max_tokens"),
                Some(Change::Limit { field: "max_tokens".to_owned(), max: 512 }),
            ),
            (
                "Invalid value: '800x480'. Supported values are: '1024x1024', '1536x1024', and 'auto'.",
                Some("size"),
                Some(Change::Sizes(vec![Size::new(1024, 1024), Size::new(1536, 1024)])),
            ),
            ("size must be 'auto'", None, Some(Change::AutomaticSize)),
            ("Unknown parameter: 'size'", None, remove("size")),
            ("The model `x` does not exist", Some("model"), None),
            ("invalid image in messages", None, None),
            ("You have no credit left.", None, None),
        ];
        for (message, field, change) in cases {
            assert_eq!(proposed(message, field), change, "{message}");
        }
    }

    #[test]
    fn changes_apply_to_each_later_request() {
        let changes = [
            Change::Rename { from: "max_tokens".to_owned(), to: "limit".to_owned() },
            Change::Sizes(vec![Size::new(1024, 1024), Size::new(1536, 1024)]),
            Change::Remove("seed".to_owned()),
            Change::Limit { field: "limit".to_owned(), max: 512 },
        ];
        let adapted = apply(json!({"max_tokens": 600, "size": "900x600", "seed": 1}), &changes);
        assert_eq!(adapted, json!({"limit": 512, "size": "1536x1024"}));
        assert_eq!(apply(json!({"prompt": "a"}), &changes), json!({"prompt": "a"}));
    }

    #[test]
    fn a_limit_that_is_refused_under_both_names_is_left_out() {
        let body = json!({"max_completion_tokens": 600});
        let renamed = Change::Rename {
            from: "max_tokens".to_owned(),
            to: "max_completion_tokens".to_owned(),
        };
        let refusal = refusal("Unknown field max_completion_tokens", None);
        let change = propose(&body, &[renamed], &refusal, None);
        assert_eq!(change, Some(Change::Remove("max_completion_tokens".to_owned())));
    }
}
