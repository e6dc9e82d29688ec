use super::super::LoadedSettings;
use super::*;

fn load(variables: &[(&str, &str)]) -> LoadedSettings {
    let owned = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    LoadedSettings::load(owned).expect("valid")
}

fn refusal(variables: &[(&str, &str)]) -> String {
    let owned = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    LoadedSettings::load(owned).expect_err("refused").to_string()
}

fn warnings(loaded: &LoadedSettings) -> Vec<String> {
    loaded.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_host_that_a_shell_or_conda_sets_is_ignored_with_a_warning() {
    for name in ["x86_64-conda-linux-gnu", "my-machine", "fermi.local", "köln", "DESKTOP-4F"] {
        let loaded = load(&[("HOST", name)]);
        assert_eq!(loaded.settings.server.host.to_string(), "127.0.0.1", "{name}");
        let [warning] = &warnings(&loaded)[..] else { panic!("{:?}", loaded.warnings) };
        assert!(
            warning.starts_with("HOST: is ignored, because `")
                && warning.contains(name)
                && warning.contains("CALLIOPE_HOST"),
            "{warning}"
        );
    }
    for (value, host) in [
        ("localhost", "127.0.0.1"),
        ("LocalHost", "127.0.0.1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("127.0.0.1 ", "127.0.0.1"),
        ("\"127.0.0.2\"", "127.0.0.2"),
    ] {
        for name in ["HOST", "CALLIOPE_HOST"] {
            let loaded = load(&[(name, value)]);
            assert_eq!(loaded.settings.server.host.to_string(), host, "{name}={value}");
        }
    }
    let loaded = load(&[("HOST", "my-machine"), ("CALLIOPE_HOST", "127.0.0.3")]);
    assert_eq!(loaded.settings.server.host.to_string(), "127.0.0.3");
    // What was meant as an address is refused, and so is a name that was meant for Calliope.
    for (name, value) in [
        ("HOST", "0.0.0"),
        ("HOST", "127.0.0.1:8008"),
        ("HOST", "http://0.0.0.0"),
        ("HOST", "*"),
        ("CALLIOPE_HOST", "my-machine"),
    ] {
        let line = refusal(&[(name, value)]);
        assert!(line.starts_with(&format!("{name}: `{value}` cannot be used")), "{line}");
    }
}

#[test]
fn what_kubernetes_sets_for_a_service_is_not_a_port() {
    let loaded = load(&[
        ("POSTGRESQL_PORT", "tcp://10.96.0.7:5433"),
        ("POSTGRESQL_HOSTNAME", "postgresql"),
        ("PORT", "tcp://10.96.0.8:80"),
        ("CALLIOPE_PORT", "udp://10.96.0.9:53"),
    ]);
    assert_eq!((loaded.settings.database.port, loaded.settings.server.port), (5432, 8008));
    let shown = warnings(&loaded);
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(shown.iter().all(|line| line.contains("Kubernetes")), "{shown:?}");
    // A service named `calliope` or `calliope-metrics` brings many variables, none of which is a mistake of the operator.
    let quiet = load(&[
        ("CALLIOPE_SERVICE_HOST", "10.96.0.9"),
        ("CALLIOPE_SERVICE_PORT", "8008"),
        ("CALLIOPE_SERVICE_PORT_HTTP", "8008"),
        ("CALLIOPE_PORT_8008_TCP", "tcp://10.96.0.9:8008"),
        ("CALLIOPE_PORT_8008_TCP_ADDR", "10.96.0.9"),
        ("CALLIOPE_METRICS_PORT", "tcp://10.96.0.9:9108"),
        ("CALLIOPE_METRICS_SERVICE_HOST", "10.96.0.9"),
        ("CALLIOPE_PORT", "8009"),
    ]);
    assert_eq!(warnings(&quiet), [""; 0]);
    assert_eq!(quiet.settings.server.port, 8009);
}

#[test]
fn quotes_and_blanks_around_a_value_do_not_belong_to_it() {
    let loaded = load(&[
        ("CALLIOPE_API_KEY", "\"a-shared-key-1234\""),
        ("MEDIA_FOLDER", "'pictures' "),
        ("CALLIOPE_LEARNING", "False\r"),
        ("PORT", " 9000\n"),
        ("POSTGRESQL_PASSWORD", " it's \" mine \r\n"),
        ("CALLIOPE_TEXT_MODEL", "\"\""),
    ]);
    let settings = &loaded.settings;
    let secret = |value: &Option<secrecy::SecretString>| {
        value.as_ref().map(|value| secrecy::ExposeSecret::expose_secret(value).to_owned())
    };
    assert_eq!(secret(&settings.server.api_key).as_deref(), Some("a-shared-key-1234"));
    assert_eq!(settings.storage.media_folder.to_str(), Some("pictures"));
    assert!(!settings.memory.learning);
    assert_eq!(settings.server.port, 9000);
    assert_eq!(secret(&settings.database.password).as_deref(), Some(" it's \" mine "));
    assert_eq!(settings.models.text, load(&[]).settings.models.text);
    let shown = warnings(&loaded);
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(shown[0].starts_with("CALLIOPE_API_KEY: had quotes"), "{shown:?}");
    assert!(shown.iter().all(|line| !line.contains("a-shared-key")), "{shown:?}");
    // A quote on one side alone is part of the value.
    assert_eq!(clean_value("MEDIA_FOLDER", "\"a"), "\"a");
    assert_eq!(clean_value("MEDIA_FOLDER", "'a' or 'b'"), "'a' or 'b'");
    assert_eq!(clean_value("MEDIA_FOLDER", "\""), "\"");
}

#[test]
fn an_unknown_variable_is_reported_with_the_nearest_name() {
    for (name, nearest) in [
        ("CALLIOPE_APIKEY", "; CALLIOPE_API_KEY is"),
        ("CALLIOPE_RETENTION_DAY", "; CALLIOPE_RETENTION_DAYS is"),
        ("CALLIOPE_DATABASE_URL", "; DATABASE_URL is"),
        ("CALLIOPE_MEDIA_FOLDER", "; MEDIA_FOLDER is"),
        ("calliope_api_key", "; CALLIOPE_API_KEY is"),
        ("CALLIOPE_CONFIGS", "; CALLIOPE_CONFIG is"),
        ("CALLIOPE_FLUX_COMPENSATOR", "docs/configuration.md"),
    ] {
        let [warning] = &warnings(&load(&[(name, "x")]))[..] else { panic!("{name}") };
        assert!(
            warning.starts_with(&format!("{name}: ")) && warning.contains(nearest),
            "{warning}"
        );
    }
    assert_eq!(warnings(&load(&[("HOSTNAME", "x"), ("OPENAI_ORG", "y"), ("CLOUD", "z")])), [""; 0]);
}

#[test]
fn a_setting_that_is_not_text_is_refused() {
    let line = refusal(&[("CALLIOPE_API_KEY", "k\u{FFFD}y-of-bytes")]);
    assert_eq!(line, "CALLIOPE_API_KEY: must be UTF-8 text");
    load(&[("LS_COLORS", "\u{FFFD}")]);
}

#[test]
fn each_cloud_is_given_its_own_credentials_and_endpoint() {
    let both = [
        ("CALLIOPE_BUCKET_NAME", "b"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_REGION", "eu-1"),
        ("AWS_ACCESS_KEY_ID", "amazon"),
        ("AWS_SECRET_ACCESS_KEY", "amazon-secret"),
        ("AZURE_STORAGE_ACCOUNT_NAME", "azure"),
        ("AZURE_STORAGE_ACCOUNT_KEY", "YXprZXk="),
    ];
    let storage = |cloud: &str, variables: &[(&str, &str)]| {
        load(&[&[("CLOUD_ENV", cloud)], variables].concat()).settings.storage
    };
    let aws = storage("aws", &both);
    assert_eq!(aws.access_key_id.as_deref(), Some("amazon"));
    assert_eq!(aws.endpoint.as_deref(), Some("http://127.0.0.1:9"));
    let azure = storage("azure", &both);
    assert_eq!(azure.access_key_id.as_deref(), Some("azure"));
    assert_eq!((azure.endpoint, azure.region), (None, None));
    let gcp = storage("gcp", &both);
    assert_eq!((gcp.access_key_id, gcp.endpoint, gcp.region), (None, None, None));
    assert!(gcp.secret_access_key.is_none());
    // Half of another cloud's pair does not stand in for the missing half of one's own.
    let half = [
        ("CALLIOPE_BUCKET_NAME", "b"),
        ("AWS_ACCESS_KEY_ID", "amazon"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
    ];
    assert_eq!(storage("azure", &half).access_key_id, None);
    // A file may choose the cloud.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("c.toml");
    std::fs::write(&file, "[storage]\ncloud = \"azure\"\nbucket = \"b\"\n").expect("written");
    let path = file.display().to_string();
    let loaded = load(&[&[("CALLIOPE_CONFIG", &*path)], &both[..]].concat());
    assert_eq!(loaded.settings.storage.access_key_id.as_deref(), Some("azure"));
}

#[test]
fn the_switch_of_a_bucket_at_google_turns_it_on_and_off() {
    let cloud = |variables: &[(&str, &str)]| load(variables).settings.storage.cloud;
    let name = ("GCS_BUCKET_NAME", "stories");
    for on in ["true", "True", "1", "yes"] {
        assert_eq!(cloud(&[(GOOGLE_SWITCH, on), name]), Cloud::Gcp, "{on}");
    }
    assert_eq!(cloud(&[(GOOGLE_SWITCH, "true"), ("CLOUD_ENV", "local"), name]), Cloud::Gcp);
    assert_eq!(cloud(&[(GOOGLE_SWITCH, "true"), ("CLOUD_ENV", "gcp-prod"), name]), Cloud::Gcp);
    assert_eq!(cloud(&[(GOOGLE_SWITCH, "false"), name]), Cloud::Local);
    assert_eq!(cloud(&[(GOOGLE_SWITCH, "FALSE"), ("CLOUD_ENV", "gcp"), name]), Cloud::Local);
    // It says nothing about the buckets of other clouds.
    assert_eq!(cloud(&[(GOOGLE_SWITCH, "false"), ("CLOUD_ENV", "aws"), name]), Cloud::Aws);
    let other = load(&[(GOOGLE_SWITCH, "true"), ("CLOUD_ENV", "azure"), name]);
    assert_eq!(other.settings.storage.cloud, Cloud::Azure);
    assert!(warnings(&other)[0].starts_with("ENABLE_GCS_STORAGE: is ignored"), "{other:?}");
    let line = refusal(&[(GOOGLE_SWITCH, "perhaps"), name]);
    assert_eq!(line, "ENABLE_GCS_STORAGE: `perhaps` cannot be used; it must be true or false");
    let line = refusal(&[(GOOGLE_SWITCH, "true")]);
    assert!(line.contains("must name the bucket"), "{line}");
}

#[test]
fn a_bucket_that_no_cloud_is_chosen_for_is_reported() {
    for name in ["GCS_BUCKET_NAME", "CALLIOPE_BUCKET_NAME"] {
        for variables in [vec![(name, "b")], vec![(name, "b"), (GOOGLE_SWITCH, "false")]] {
            let shown = warnings(&load(&variables));
            let [warning] = &shown[..] else { panic!("{shown:?}") };
            assert!(warning.starts_with(&format!("{name}: `b` is not used")), "{warning}");
        }
    }
    assert_eq!(warnings(&load(&[("CALLIOPE_BUCKET_NAME", "b"), ("CLOUD_ENV", "aws")])), [""; 0]);
}

#[test]
fn a_short_key_is_used_with_a_warning() {
    for key in ["abcde", "x", "seven77"] {
        let loaded = load(&[("CALLIOPE_API_KEY", key), ("HOST", "0.0.0.0")]);
        let shown = warnings(&loaded);
        let [warning] = &shown[..] else { panic!("{shown:?}") };
        assert!(warning.starts_with("CALLIOPE_API_KEY: has only"), "{warning}");
        assert!(!warning.contains(key) && warning.contains("8 random ones"), "{warning}");
    }
    assert_eq!(warnings(&load(&[("CALLIOPE_API_KEY", "eight888")])), [""; 0]);
    for key in ["ab cd", "schlüssel", "a\u{7f}"] {
        let line = refusal(&[("CALLIOPE_API_KEY", key)]);
        assert!(line.contains("printable ASCII") && !line.contains(key), "{line}");
    }
}
