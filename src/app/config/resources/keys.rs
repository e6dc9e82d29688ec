//! API keys of providers. They can be written but not read: the API returns at most their last four characters.

use serde_json::{Map, Value};

use crate::app::AppError;

/// The maximum number of keys in one configuration.
const MAX_KEYS: usize = 50;

/// Stands for the hidden part of a key.
const MASK: &str = "•••";

/// Replaces each key by its masked form.
pub(super) fn mask(keys: &mut Map<String, Value>) {
    for value in keys.values_mut() {
        *value = Value::String(masked(value.as_str().unwrap_or_default()));
    }
}

/// Checks new keys. A key in masked form is replaced by the `stored` key that it stands for.
pub(super) fn check_and_restore(
    keys: &mut Map<String, Value>,
    stored: Option<&Map<String, Value>>,
) -> Result<(), AppError> {
    if keys.len() > MAX_KEYS {
        return Err(AppError::invalid("keys", format!("are more than {MAX_KEYS}; send fewer")));
    }
    for (name, value) in keys.iter_mut() {
        let field = format!("keys.{name}");
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
            return Err(AppError::invalid(&field, "must have a name of 1-64 of a-z, 0-9 and _"));
        }
        let Some(secret) = value.as_str() else {
            return Err(AppError::invalid(&field, "must be text"));
        };
        if secret.starts_with(MASK) {
            let stored = stored.and_then(|stored| stored.get(name)?.as_str());
            let Some(stored) = stored.filter(|stored| masked(stored) == secret) else {
                let reason = "is how a secret is shown; send the secret itself";
                return Err(AppError::invalid(&field, reason));
            };
            *value = Value::String(stored.to_owned());
        } else if !(1..=500).contains(&secret.chars().count())
            || secret.chars().any(char::is_control)
        {
            let reason = "must be printable text of 1-500 characters";
            return Err(AppError::invalid(&field, reason));
        }
    }
    Ok(())
}

/// Returns [`MASK`], followed by the last four characters if the key has at least 12.
fn masked(secret: &str) -> String {
    let chars: Vec<char> = secret.chars().collect();
    let shown = if chars.len() >= 12 { &chars[chars.len() - 4..] } else { &[] };
    MASK.chars().chain(shown.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn a_key_is_shown_by_its_end_and_stays_when_it_is_sent_so() {
        let stored = keys(&json!({"openai_api_key": "sk-1234567890abcd", "short": "secret"}));
        let mut shown = stored.clone();
        mask(&mut shown);
        assert_eq!(
            Value::Object(shown.clone()),
            json!({"openai_api_key": "•••abcd", "short": "•••"})
        );
        let mut sent = shown;
        check_and_restore(&mut sent, Some(&stored)).expect("as it was shown");
        assert_eq!(sent, stored);
        for wrong in [
            json!({"openai_api_key": "•••zzzz"}),
            json!({"other": "•••abcd"}),
            json!({"openai_api_key": ""}),
            json!({"openai_api_key": 7}),
            json!({"openai_api_key": "a\nb"}),
            json!({"Upper": "x"}),
        ] {
            assert!(check_and_restore(&mut keys(&wrong), Some(&stored)).is_err(), "{wrong}");
        }
        assert!(
            check_and_restore(&mut keys(&json!({"openai_api_key": "•••abcd"})), None).is_err(),
            "nothing is stored"
        );
    }
}
