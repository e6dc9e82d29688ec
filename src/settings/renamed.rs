//! Earlier names of settings. They still work, and each use is reported, so that an operator can change it in time.

use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};

/// Settings of the file that have a new name: the earlier key and today's. A key without a dot is a section.
const RENAMED_KEYS: &[(&str, &str)] = &[
    ("minds", "models"),
    ("models.senses_seconds", "models.perception_seconds"),
    ("situation.patience_milliseconds", "situation.timeout_milliseconds"),
    ("situation.places_file", "situation.geoip_file"),
    ("situation.places_url", "situation.geoip_url"),
    ("storage.input_retention", "storage.input_retention_seconds"),
    ("storage.retention_keep", "storage.retention_exempt"),
    ("search.creates_index", "search.create_index"),
];

/// Environment variables that have a new name: the earlier one and today's.
pub(super) const RENAMED_VARIABLES: &[(&str, &str)] = &[
    ("CALLIOPE_PLACES_FILE", "CALLIOPE_GEOIP_FILE"),
    ("CALLIOPE_PLACES_URL", "CALLIOPE_GEOIP_URL"),
    ("CALLIOPE_INPUT_RETENTION", "CALLIOPE_INPUT_RETENTION_SECONDS"),
];

/// A setting that was given by an earlier name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeprecatedName {
    /// The name that was used.
    pub old: String,
    /// The name to use instead.
    pub new: String,
}

/// What a file of settings holds, with earlier keys moved to today's. If both are there, today's wins.
pub(super) struct FileSettings {
    metadata: Metadata,
    data: Result<Map<Profile, Dict>, Error>,
    /// The earlier keys that the file uses.
    pub(super) deprecated: Vec<DeprecatedName>,
}

impl FileSettings {
    /// Reads a source once. What it cannot read is reported when the settings are extracted.
    pub(super) fn read(source: &impl Provider) -> Self {
        let mut data = source.data();
        let profiles = data.iter_mut().flat_map(Map::values_mut);
        let deprecated = profiles.flat_map(rename_keys).collect();
        Self { metadata: source.metadata(), data, deprecated }
    }
}

impl Provider for FileSettings {
    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        self.data.clone()
    }
}

/// Moves the values of earlier keys to today's, and returns the pairs of names that were used.
fn rename_keys(sections: &mut Dict) -> Vec<DeprecatedName> {
    let mut used = Vec::new();
    for (old, new) in RENAMED_KEYS {
        let moved = match (old.split_once('.'), new.split_once('.')) {
            (Some((section, field)), Some((_, new_field))) => match sections.get_mut(section) {
                Some(Value::Dict(_, fields)) => rename_key(fields, field, new_field),
                _ => false,
            },
            _ => rename_key(sections, old, new),
        };
        if moved {
            used.push(DeprecatedName { old: name_in_file(old, &used), new: (*new).to_owned() });
        }
    }
    used
}

/// Returns an earlier key as the file has it: in the earlier section, if the file uses that one.
fn name_in_file(old: &str, used: &[DeprecatedName]) -> String {
    let section = old.split_once('.').and_then(|(section, field)| {
        let renamed = used.iter().find(|name| name.new == section)?;
        Some(format!("{}.{field}", renamed.old))
    });
    section.unwrap_or_else(|| old.to_owned())
}

/// Moves one value; two tables are merged, and today's entries win.
fn rename_key(values: &mut Dict, old: &str, new: &str) -> bool {
    let Some(earlier) = values.remove(old) else { return false };
    match (values.remove(new), earlier) {
        (None, earlier) => {
            values.insert(new.to_owned(), earlier);
        }
        (Some(Value::Dict(tag, mut fields)), Value::Dict(_, earlier)) => {
            for (name, value) in earlier {
                fields.entry(name).or_insert(value);
            }
            values.insert(new.to_owned(), Value::Dict(tag, fields));
        }
        (Some(current), _) => {
            values.insert(new.to_owned(), current);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::LoadedSettings;
    use super::super::variables::VARIABLES;
    use super::*;

    fn load(variables: &[(&str, &str)]) -> LoadedSettings {
        let owned = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        LoadedSettings::load(owned).expect("valid")
    }

    #[test]
    fn earlier_keys_of_a_file_still_work_and_are_reported() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("c.toml");
        let text = "[minds]\nsenses_seconds = 7\n[models]\ntext_seconds = 9\n\
                    [storage]\ninput_retention = 60\nretention_keep = \"none\"\n";
        std::fs::write(&file, text).expect("written");
        let loaded = load(&[("CALLIOPE_CONFIG", &file.display().to_string())]);
        let models = &loaded.settings.models;
        assert_eq!((models.perception_seconds, models.text_seconds), (7, 9));
        assert_eq!(loaded.settings.storage.input_retention_seconds, 60);
        let used: Vec<(&str, &str)> =
            loaded.deprecated.iter().map(|name| (&*name.old, &*name.new)).collect();
        assert_eq!(
            used,
            [
                ("minds", "models"),
                ("minds.senses_seconds", "models.perception_seconds"),
                ("storage.input_retention", "storage.input_retention_seconds"),
                ("storage.retention_keep", "storage.retention_exempt"),
            ]
        );
    }

    #[test]
    fn the_name_of_today_wins_over_an_earlier_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("c.toml");
        let text = "[storage]\ninput_retention = 60\ninput_retention_seconds = 70\n";
        std::fs::write(&file, text).expect("written");
        let loaded = load(&[("CALLIOPE_CONFIG", &file.display().to_string())]);
        assert_eq!(loaded.settings.storage.input_retention_seconds, 70);
        std::fs::write(&file, "[minds]\ntext_seconds = 5\n[models]\ntext_seconds = 6\n")
            .expect("written");
        let loaded = load(&[("CALLIOPE_CONFIG", &file.display().to_string())]);
        assert_eq!(loaded.settings.models.text_seconds, 6);
        let both = [("CALLIOPE_INPUT_RETENTION", "5"), ("CALLIOPE_INPUT_RETENTION_SECONDS", "6")];
        assert_eq!(load(&both).settings.storage.input_retention_seconds, 6);
    }

    #[test]
    fn an_earlier_variable_still_works_and_is_reported() {
        let loaded = load(&[("CALLIOPE_INPUT_RETENTION", "5"), ("CALLIOPE_PLACES_URL", "")]);
        assert_eq!(loaded.settings.storage.input_retention_seconds, 5);
        let [name] = &*loaded.deprecated else { panic!("{:?}", loaded.deprecated) };
        assert_eq!((&*name.old, &*name.new), RENAMED_VARIABLES[2]);
    }

    #[test]
    fn every_new_name_exists() {
        let report = load(&[]).report().expect("listed");
        for (_, new) in RENAMED_KEYS.iter().filter(|(_, new)| new.contains('.')) {
            assert!(report.iter().any(|setting| setting.key == *new), "{new}");
        }
        for (old, new) in RENAMED_VARIABLES {
            let key = |name| VARIABLES.iter().find(|v| v.name == name).map(|v| v.key);
            assert_eq!(key(*old), key(*new), "{old}");
            assert!(key(*new).is_some(), "{new}");
        }
    }
}
