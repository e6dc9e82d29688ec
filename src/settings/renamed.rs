//! Earlier names of settings. They still work, and each use is reported, so that an operator can change it in time.

use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};
use std::collections::btree_map::Entry;

use super::SettingWarning;

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

/// What a file of settings holds, with earlier keys moved to today's. If both are there, today's wins.
pub(super) struct FileSettings {
    metadata: Metadata,
    data: Result<Map<Profile, Dict>, Error>,
    /// Warnings about the earlier keys that the file uses.
    pub(super) warnings: Vec<SettingWarning>,
}

impl FileSettings {
    /// Reads a source once. What it cannot read is reported when the settings are extracted.
    pub(super) fn read(source: &impl Provider) -> Self {
        let mut data = source.data();
        let profiles = data.iter_mut().flat_map(Map::values_mut);
        let warnings = profiles.flat_map(rename_keys).collect();
        Self { metadata: source.metadata(), data, warnings }
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

/// What became of the value of an earlier key.
enum Moved {
    /// It is today's value now.
    Used,
    /// Today's key is there too, so it is ignored.
    Ignored,
    /// Both keys are tables. They were merged, and the earlier entries with these names are ignored.
    Merged(Vec<String>),
}

/// Moves the values of earlier keys to today's, and returns a warning about each earlier key that is used.
fn rename_keys(sections: &mut Dict) -> Vec<SettingWarning> {
    let mut warnings = Vec::new();
    // The earlier sections that the file uses, each with today's name.
    let mut renamed_sections: Vec<(&str, &str)> = Vec::new();
    for (old, new) in RENAMED_KEYS {
        let moved = match (old.split_once('.'), new.split_once('.')) {
            (Some((section, field)), Some((_, new_field))) => match sections.get_mut(section) {
                Some(Value::Dict(_, fields)) => rename_key(fields, field, new_field),
                _ => None,
            },
            _ => rename_key(sections, old, new),
        };
        let Some(moved) = moved else { continue };
        if !old.contains('.') {
            renamed_sections.push((old, new));
        }
        let name = name_in_file(old, &renamed_sections);
        match moved {
            Moved::Used => warnings.push(SettingWarning::renamed(name, new)),
            Moved::Ignored => warnings.push(SettingWarning::superseded(name, new)),
            Moved::Merged(ignored) => {
                warnings.push(SettingWarning::renamed(name, new));
                warnings.extend(ignored.iter().map(|field| {
                    SettingWarning::superseded(format!("{old}.{field}"), &format!("{new}.{field}"))
                }));
            }
        }
    }
    warnings
}

/// Returns an earlier key as the file has it: in the earlier section, if the file uses that one.
fn name_in_file(old: &str, renamed_sections: &[(&str, &str)]) -> String {
    let section = old.split_once('.').and_then(|(section, field)| {
        let (earlier, _) = renamed_sections.iter().find(|(_, new)| *new == section)?;
        Some(format!("{earlier}.{field}"))
    });
    section.unwrap_or_else(|| old.to_owned())
}

/// Moves one value; two tables are merged, and today's entries win.
fn rename_key(values: &mut Dict, old: &str, new: &str) -> Option<Moved> {
    let earlier = values.remove(old)?;
    Some(match (values.remove(new), earlier) {
        (None, earlier) => {
            values.insert(new.to_owned(), earlier);
            Moved::Used
        }
        (Some(Value::Dict(tag, mut fields)), Value::Dict(_, earlier)) => {
            let mut ignored = Vec::new();
            for (name, value) in earlier {
                match fields.entry(name) {
                    Entry::Vacant(entry) => drop(entry.insert(value)),
                    Entry::Occupied(entry) => ignored.push(entry.key().clone()),
                }
            }
            values.insert(new.to_owned(), Value::Dict(tag, fields));
            Moved::Merged(ignored)
        }
        (Some(current), _) => {
            values.insert(new.to_owned(), current);
            Moved::Ignored
        }
    })
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

    fn warnings(loaded: &LoadedSettings) -> Vec<String> {
        loaded.warnings.iter().map(ToString::to_string).collect()
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
        assert_eq!(
            warnings(&loaded),
            [
                "minds: has a new name, models; the earlier one will be removed",
                "minds.senses_seconds: has a new name, models.perception_seconds; the earlier one will be removed",
                "storage.input_retention: has a new name, storage.input_retention_seconds; the earlier one will be removed",
                "storage.retention_keep: has a new name, storage.retention_exempt; the earlier one will be removed",
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
        assert_eq!(
            warnings(&loaded),
            [
                "storage.input_retention: is ignored, because storage.input_retention_seconds is set, which is its new name"
            ]
        );
        std::fs::write(&file, "[minds]\ntext_seconds = 5\n[models]\ntext_seconds = 6\n")
            .expect("written");
        let loaded = load(&[("CALLIOPE_CONFIG", &file.display().to_string())]);
        assert_eq!(loaded.settings.models.text_seconds, 6);
        assert_eq!(
            warnings(&loaded)[1..],
            [
                "minds.text_seconds: is ignored, because models.text_seconds is set, which is its new name"
            ]
        );
        let both = [("CALLIOPE_INPUT_RETENTION", "5"), ("CALLIOPE_INPUT_RETENTION_SECONDS", "6")];
        let loaded = load(&both);
        assert_eq!(loaded.settings.storage.input_retention_seconds, 6);
        assert_eq!(
            warnings(&loaded),
            [
                "CALLIOPE_INPUT_RETENTION: is ignored, because CALLIOPE_INPUT_RETENTION_SECONDS is set, which is its new name"
            ]
        );
    }

    #[test]
    fn an_earlier_variable_still_works_and_is_reported() {
        let loaded = load(&[("CALLIOPE_INPUT_RETENTION", "5"), ("CALLIOPE_PLACES_URL", "")]);
        assert_eq!(loaded.settings.storage.input_retention_seconds, 5);
        assert_eq!(
            warnings(&loaded),
            [
                "CALLIOPE_INPUT_RETENTION: has a new name, CALLIOPE_INPUT_RETENTION_SECONDS; the earlier one will be removed"
            ]
        );
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
