//! The list that `calliope config` shows: every setting with its value and its source.
//!
//! The list is read from the serialized settings, so that a new field appears in it without further code.

use std::fmt;
use std::marker::PhantomData;

use figment::Figment;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Settings;
use super::explain::file_name;
use super::secret::MaskedSecret;

/// A setting with its value and its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedSetting {
    /// The setting's key, such as `server.port`.
    pub key: String,
    /// The value as text, or null if it is not set. A secret is `•••`, followed by its last four characters if it has
    /// at least 12.
    pub value: Option<String>,
    /// The source of the value: `default`, the name of an environment variable, or the path of a file.
    pub source: String,
}

/// Returns whether a setting's value must not be shown.
pub(super) fn is_secret(key: &str) -> bool {
    // If the fields cannot be listed, every value is treated as a secret.
    fields(&Settings::default())
        .map_or(true, |fields| fields.iter().any(|field| field.key == key && field.is_secret))
}

pub(super) fn reported_settings(
    settings: &Settings,
    sources: &Figment,
) -> serde_json::Result<Vec<ReportedSetting>> {
    let shown = Settings { storage: settings.storage.with_folders(), ..settings.clone() };
    let line =
        |Field { key, value, .. }| ReportedSetting { source: source(sources, &key), key, value };
    Ok(fields(&shown)?.into_iter().map(line).collect())
}

fn source(sources: &Figment, key: &str) -> String {
    match sources.find_metadata(key) {
        None => "default".to_owned(),
        Some(metadata) => file_name(metadata).unwrap_or_else(|| metadata.name.to_string()),
    }
}

/// A field of a section of the settings.
struct Field {
    /// The section and the field, such as `server.port`.
    key: String,
    value: Option<String>,
    is_secret: bool,
}

/// Lists the fields of every section, in the order in which the structs declare them.
fn fields(settings: &impl Serialize) -> serde_json::Result<Vec<Field>> {
    let json = serde_json::to_string(settings)?;
    let sections: Members<Members<Box<RawValue>>> = serde_json::from_str(&json)?;
    let mut fields = Vec::new();
    for (section, members) in sections.0 {
        for (name, raw) in members.0 {
            let key = format!("{section}.{name}");
            let (value, is_secret) = match serde_json::from_str(raw.get())? {
                Value::Object(_) => (serde_json::from_str::<MaskedSecret>(raw.get())?.secret, true),
                plain => (value_text(plain, raw.get())?, false),
            };
            fields.push(Field { key, value, is_secret });
        }
    }
    Ok(fields)
}

/// Writes a value, whose JSON is `raw`, as text; a list's items are joined by commas.
fn value_text(value: Value, raw: &str) -> serde_json::Result<Option<String>> {
    Ok(match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        // serde_json may round a decimal number in its last digit; the standard library does not.
        Value::Number(number) if number.is_f64() => {
            Some(raw.parse::<f64>().map_err(serde_json::Error::custom)?.to_string())
        }
        Value::Array(_) => {
            let items: Vec<String> = serde_json::from_str(raw)?;
            Some(items.join(", "))
        }
        other => Some(other.to_string()),
    })
}

/// The members of a JSON object in their original order. The map of serde_json would sort them.
struct Members<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Members<V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(MembersVisitor(PhantomData))
    }
}

struct MembersVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for MembersVisitor<V> {
    type Value = Members<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a struct")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests;
