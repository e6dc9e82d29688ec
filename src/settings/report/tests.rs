use figment::Provider;

use super::*;
use crate::settings::variables::VARIABLES;

const TEXT: &str = "do-not-print-me-1234";

/// Reads settings from `sources` alone. Returns `None` if a value has the wrong type.
fn load<P: Provider>(sources: impl IntoIterator<Item = P>) -> Option<(Settings, Figment)> {
    let sources = sources.into_iter().fold(Figment::new(), Figment::merge);
    Some((sources.extract().ok()?, sources))
}

fn default_lines() -> Vec<ReportedSetting> {
    reported_settings(&Settings::default(), &Figment::new()).expect("listed")
}

fn secrets() -> Vec<String> {
    default_lines().into_iter().map(|line| line.key).filter(|key| is_secret(key)).collect()
}

#[test]
fn fields_of_any_struct_are_listed_in_their_order() {
    #[derive(Serialize)]
    struct Sections {
        later: Section,
        earlier: Section,
    }
    #[derive(Serialize, Clone)]
    struct Section {
        whole: u64,
        decimal: f64,
        exact: f64,
        flag: bool,
        list: Vec<&'static str>,
        absent: Option<u8>,
        #[serde(serialize_with = "crate::settings::secret::serialize")]
        hidden: Option<secrecy::SecretString>,
    }
    let section = Section {
        whole: u64::MAX,
        decimal: 5.0,
        exact: 0.938_595_867_742_348_9,
        flag: true,
        list: vec!["a", "b"],
        absent: None,
        hidden: Some("a-long-secret".into()),
    };
    let listed = fields(&Sections { later: section.clone(), earlier: section }).expect("listed");
    let expected = [
        ("whole", Some("18446744073709551615"), false),
        ("decimal", Some("5"), false),
        ("exact", Some("0.9385958677423489"), false),
        ("flag", Some("true"), false),
        ("list", Some("a, b"), false),
        ("absent", None, false),
        ("hidden", Some("•••cret"), true),
    ];
    let expected = ["later", "earlier"].into_iter().flat_map(|section| {
        expected.map(|(name, value, is_secret)| (format!("{section}.{name}"), value, is_secret))
    });
    let listed = listed.iter().map(|f| (f.key.clone(), f.value.as_deref(), f.is_secret));
    assert_eq!(listed.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[test]
fn every_variable_gives_a_setting_that_is_reported() {
    let listed = default_lines();
    for variable in VARIABLES {
        assert!(listed.iter().any(|line| line.key == variable.key), "{}", variable.name);
    }
}

#[test]
fn a_folder_that_is_not_set_is_reported_where_it_is() {
    let (settings, sources) = load([("storage.media_folder", "a/media")]).expect("valid");
    let listed = reported_settings(&settings, &sources).expect("listed");
    for (key, folder) in
        [("storage.audio_folder", "a/audio"), ("storage.voice_profiles_folder", "a/voice_profiles")]
    {
        let line = listed.iter().find(|line| line.key == key).expect("listed");
        assert_eq!((line.value.as_deref(), line.source.as_str()), (Some(folder), "default"));
    }
}

/// A field's type hides a secret from `Debug`, independently of how the field is serialised.
#[test]
fn settings_whose_type_is_secret_are_secrets_and_no_others() {
    for key in default_lines().into_iter().map(|line| line.key) {
        let Some((settings, sources)) = load([(&key, TEXT)]) else {
            assert!(!is_secret(&key), "{key}");
            continue;
        };
        let listed = reported_settings(&settings, &sources).expect("listed");
        let value = listed.into_iter().find(|line| line.key == key).and_then(|line| line.value);
        assert_eq!(is_secret(&key), !format!("{settings:?}").contains(TEXT), "{key}");
        assert_eq!(is_secret(&key), value.as_deref() == Some("•••1234"), "{key}: {value:?}");
    }
}

#[test]
fn settings_that_are_named_like_secrets_are_secrets() {
    for line in default_lines() {
        let tails = ["api_key", "api_token", "password", "access_key", "database.url"];
        let is_named = tails.iter().any(|tail| line.key.ends_with(tail));
        assert!(!is_named || is_secret(&line.key), "{} is no SecretString", line.key);
    }
}

#[test]
fn no_secret_is_shown() {
    let keys = secrets();
    assert!(keys.len() >= 11, "{keys:?}");
    let (settings, sources) = load(keys.iter().map(|key| (key, TEXT))).expect("valid");
    let listed = reported_settings(&settings, &sources).expect("listed");
    let shown = format!("{listed:?} {settings:?} {}", serde_json::json!(settings));
    assert!(!shown.contains("do-not"), "{shown}");
    for key in keys {
        let line = listed.iter().find(|line| line.key == key).expect("listed");
        assert_eq!(line.value.as_deref(), Some("•••1234"), "{key}");
    }
}
