use super::*;

fn load(variables: &[(&str, &str)]) -> Result<LoadedSettings, String> {
    let owned = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    LoadedSettings::load(owned).map_err(|error| error.to_string())
}

fn refusal(variables: &[(&str, &str)]) -> String {
    load(variables).expect_err("these settings should have been refused")
}

/// Variables, the source named in the message, and what the message says about valid values.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

fn assert_refused(cases: &[Case<'_>]) {
    for (variables, source, expected) in cases {
        let line = refusal(variables);
        assert!(line.starts_with(source) && line.contains(expected), "{variables:?}: {line}");
        assert_eq!(line.lines().count(), 1, "{line}");
    }
}

#[test]
fn a_wrong_value_names_its_variable_and_what_it_may_be() {
    let cases: [Case<'_>; 20] = [
        (&[("PORT", "abc")], "PORT: ", "a port, 0-65535"),
        (&[("PORT", "70000")], "PORT: ", "a port, 0-65535"),
        (&[("HOST", "0.0.0")], "HOST: ", "an IP address"),
        (&[("HOST", "0.0.0.0")], "HOST: ", "CALLIOPE_API_KEY must be set"),
        (&[("CLOUD_ENV", "mars")], "CLOUD_ENV: ", "one of local, gcp, aws, azure"),
        (
            &[("CLOUD_ENV", "aws")],
            "CALLIOPE_BUCKET_NAME or GCS_BUCKET_NAME: ",
            "must name the bucket",
        ),
        (&[("DATABASE_URL", "mysql://x")], "DATABASE_URL: ", "must be a postgres:// URL"),
        (
            &[("DATABASE_URL", "postgres://u:p@h:nope/d")],
            "DATABASE_URL: ",
            "must be like postgres://",
        ),
        (
            &[("MEDIA_FOLDER", "x"), ("INPUT_FOLDER", "x")],
            "INPUT_FOLDER: ",
            "must be a folder of its own",
        ),
        (&[("CALLIOPE_MEDIA_DELIVERY", "cdn")], "CALLIOPE_MEDIA_DELIVERY: ", "proxy, redirect"),
        (&[("CALLIOPE_RETENTION_DAYS", "soon")], "CALLIOPE_RETENTION_DAYS: ", "days, 0 for ever"),
        (&[("CALLIOPE_METRICS_ADDRESS", "9108")], "CALLIOPE_METRICS_ADDRESS: ", "127.0.0.1:9108"),
        (
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318")],
            "OTEL_EXPORTER_OTLP_ENDPOINT: ",
            "must be an http:// or https:// URL",
        ),
        (
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://me:word@collector.example")],
            "OTEL_EXPORTER_OTLP_ENDPOINT: ",
            "OTEL_EXPORTER_OTLP_HEADERS",
        ),
        (&[("OTEL_TRACES_SAMPLER_ARG", "all")], "OTEL_TRACES_SAMPLER_ARG: ", "from 0 to 1"),
        (&[("OTEL_TRACES_SAMPLER_ARG", "NaN")], "OTEL_TRACES_SAMPLER_ARG: ", "from 0 to 1"),
        (&[("CALLIOPE_CONFIG", "no/such.toml")], "CALLIOPE_CONFIG: ", "cannot be read"),
        (
            &[("CALLIOPE_TRUSTED_PROXIES", "10.0.0.7, proxy")],
            "CALLIOPE_TRUSTED_PROXIES: ",
            "`proxy` is not an address or network; it must be addresses and networks separated by commas",
        ),
        (
            &[("CALLIOPE_REQUESTS_PER_MINUTE_PER_TOKEN", "-1")],
            "CALLIOPE_REQUESTS_PER_MINUTE_PER_TOKEN: ",
            "0 for no limit",
        ),
        (
            &[("CALLIOPE_REQUESTS_PER_MINUTE_PER_ADDRESS", "1000001")],
            "CALLIOPE_REQUESTS_PER_MINUTE_PER_ADDRESS: ",
            "from 0 to 1000000",
        ),
    ];
    assert_refused(&cases);
}

#[test]
fn a_refusal_shows_the_value_once_and_no_type_of_rust() {
    for (name, value, line) in [
        ("PORT", "abc", "PORT: `abc` cannot be used; it must be a port, 0-65535"),
        ("PORT", "70000", "PORT: `70000` cannot be used; it must be a port, 0-65535"),
        (
            "HOST",
            "127.0.0.1:80",
            "HOST: `127.0.0.1:80` cannot be used; it must be an IP address, such as 127.0.0.1 or 0.0.0.0, or localhost",
        ),
        (
            "CLOUD_ENV",
            "mars",
            "CLOUD_ENV: `mars` cannot be used; it must be one of local, gcp, aws, azure",
        ),
        (
            "CALLIOPE_METRICS_ADDRESS",
            "9108",
            "CALLIOPE_METRICS_ADDRESS: `9108` cannot be used; it must be an address and a port, such as 127.0.0.1:9108",
        ),
        (
            "CALLIOPE_LEARNING",
            "perhaps",
            "CALLIOPE_LEARNING: `perhaps` cannot be used; it must be true or false",
        ),
    ] {
        assert_eq!(refusal(&[(name, value)]), line);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("c.toml");
    for (text, line) in [
        (
            "[tasks]\nmax_attempts = -1",
            "tasks.max_attempts: `-1` cannot be used; it must be a whole number from 0 to",
        ),
        (
            "[tasks]\nlease_seconds = 1.5",
            "tasks.lease_seconds: `1.5` cannot be used; it must be a whole number, 0 or more",
        ),
        (
            "[storage]\ncompress_audio = 1",
            "storage.compress_audio: `1` cannot be used; it must be true or false",
        ),
        (
            "[server]\nallowed_origins = 1",
            "server.allowed_origins: `1` cannot be used; it must be origins",
        ),
        ("[server]\nprot = 1", "`prot` is not a setting; it must be one of host, port, "),
    ] {
        std::fs::write(&file, text).expect("written");
        let refused = refusal(&[("CALLIOPE_CONFIG", &file.display().to_string())]);
        assert!(refused.contains(line), "{refused}");
    }
}

#[test]
fn pinecone_is_named_whole_or_not_at_all() {
    assert_refused(&[
        (
            &[("PINECONE_API_KEY", "pc-1234")],
            "SEMANTIC_SEARCH_INDEX: ",
            "must name Pinecone's index, because PINECONE_API_KEY is set",
        ),
        (
            &[("PINECONE_API_KEY", "pc 1234"), ("SEMANTIC_SEARCH_INDEX", "stories")],
            "PINECONE_API_KEY: ",
            "printable characters without spaces",
        ),
        (&[("SEMANTIC_SEARCH_INDEX", "My Stories")], "SEMANTIC_SEARCH_INDEX: ", "lower-case"),
        (&[("PINECONE_CONTROLLER_HOST", "pinecone")], "PINECONE_CONTROLLER_HOST: ", "https://"),
        (
            &[("SEMANTIC_SEARCH_CREATE", "true"), ("PINECONE_ENVIRONMENT", "us-east1-gcp")],
            "PINECONE_ENVIRONMENT: ",
            "such as aws-us-east-1",
        ),
    ]);
}

#[test]
fn credentials_that_cannot_be_read_stop_the_start_only_when_the_cloud_is_on() {
    let path = ("GOOGLE_APPLICATION_CREDENTIALS", "no/such/key.json");
    assert!(load(&[path]).is_ok());
    let line = refusal(&[path, ("CLOUD_ENV", "gcp-prod"), ("GCS_BUCKET_NAME", "stories")]);
    assert!(
        line.starts_with("GOOGLE_APPLICATION_CREDENTIALS: no/such/key.json cannot be read"),
        "{line}"
    );
}

#[test]
fn the_environment_goes_over_the_file_and_each_value_knows_where_it_came_from() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("calliope.toml");
    std::fs::write(&file, "[server]\nport = 1\n[tasks]\nlease_seconds = 3\n").expect("written");
    let path = file.display().to_string();
    let loaded = load(&[("CALLIOPE_CONFIG", &path), ("PORT", "2"), ("HOST", "")]).expect("valid");
    assert_eq!((loaded.settings.server.port, loaded.settings.tasks.lease_seconds), (2, 3));
    let report = loaded.report().expect("listed");
    let source = |key: &str| report.iter().find(|l| l.key == key).map(|l| l.source.clone());
    assert_eq!(source("server.port").as_deref(), Some("PORT"));
    let bucket = load(&[("GCS_BUCKET_NAME", "stories")]).expect("valid").report().expect("listed");
    let given = bucket.iter().find(|line| line.key == "storage.bucket").expect("listed");
    assert_eq!(given.source, "GCS_BUCKET_NAME");
    assert_eq!(source("server.host").as_deref(), Some("default"));
    assert!(source("tasks.lease_seconds").is_some_and(|s| s.ends_with("calliope.toml")));
}

#[test]
fn trusted_proxies_are_a_list() {
    let loaded = load(&[("CALLIOPE_TRUSTED_PROXIES", "10.0.0.7, fd00::/8,")]).expect("valid");
    let report = loaded.report().expect("listed");
    let line = report.into_iter().find(|line| line.key == "server.trusted_proxies");
    assert_eq!(line.and_then(|line| line.value).as_deref(), Some("10.0.0.7/32, fd00::/8"));
}

#[test]
fn an_unknown_setting_in_the_file_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("c.toml");
    std::fs::write(&file, "[server]\nprot = 1\n").expect("written");
    let line = refusal(&[("CALLIOPE_CONFIG", &file.display().to_string())]);
    assert!(line.contains("c.toml") && line.contains("prot"), "{line}");
}

#[test]
fn a_broken_line_in_the_file_is_not_repeated() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("c.toml");
    std::fs::write(&file, "[server]\napi_key = \"sk-live-secret\n").expect("written");
    let line = refusal(&[("CALLIOPE_CONFIG", &file.display().to_string())]);
    assert!(
        line.contains("c.toml") && line.contains("line 2") && !line.contains("sk-live"),
        "{line}"
    );
}

#[test]
fn secrets_are_never_shown() {
    let secret = "sk-do-not-print-me-1234";
    let variables: Vec<(&str, &str)> = variables::VARIABLES
        .iter()
        .filter(|v| report::is_secret(v.key) && v.key != "database.url")
        .map(|v| (v.name, secret))
        .chain([("SEMANTIC_SEARCH_INDEX", "stories")])
        .collect();
    assert!(variables.len() >= 9);
    let loaded = load(&variables).expect("valid");
    let shown = format!("{:?} {loaded:?}", loaded.report().expect("listed"));
    assert!(!shown.contains("do-not-print") && shown.contains("•••1234"));
}

#[test]
fn a_secret_of_the_wrong_type_is_not_repeated() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("c.toml");
    std::fs::write(&file, "[server]\napi_key = 12345678\nport = \"87654321\"\n").expect("written");
    let path = file.display().to_string();
    let line = refusal(&[("CALLIOPE_CONFIG", &path), ("PORT", "1")]);
    assert!(line.contains("server.api_key: has a value of the wrong type"), "{line}");
    assert!(!line.contains("12345678"), "{line}");
    let line = refusal(&[("CALLIOPE_CONFIG", &path), ("CALLIOPE_API_KEY", "a-key-1234")]);
    assert!(line.contains("server.port") && line.contains("87654321"), "{line}");
}

#[test]
fn digits_in_a_password_stay_text() {
    let loaded =
        load(&[("POSTGRESQL_PASSWORD", "0123"), ("POSTGRESQL_HOSTNAME", "db")]).expect("valid");
    assert!(loaded.settings.database.is_postgres());
    assert!(loaded.settings.database.password.is_some());
}

#[test]
fn what_is_seen_from_outside_is_off_until_it_is_asked_for() {
    let quiet = load(&[]).expect("valid").settings.observability;
    assert_eq!((quiet.metrics_address, quiet.otlp_endpoint), (None, None));
    let variables = [
        ("CALLIOPE_METRICS_ADDRESS", "0.0.0.0:9108"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example/otlp"),
        ("OTEL_SERVICE_NAME", "stories"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
    ];
    let loaded = load(&variables).expect("valid");
    let settings = &loaded.settings.observability;
    assert_eq!(settings.metrics_address, "0.0.0.0:9108".parse().ok());
    assert_eq!(settings.service_name, "stories");
    assert!((settings.sample_ratio - 0.25).abs() < f64::EPSILON);
    let report = loaded.report().expect("listed");
    for (name, value) in variables {
        let line = report.iter().find(|line| line.source == name).expect("listed");
        assert_eq!(line.value.as_deref(), Some(value));
    }
}

#[test]
fn every_variable_is_in_the_guide() {
    let guides = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");
    let guides = std::fs::read_dir(guides)
        .expect("guides")
        .map(|guide| std::fs::read_to_string(guide.expect("listed").path()).unwrap_or_default());
    let text: String = guides.collect();
    for variable in variables::VARIABLES {
        assert!(text.contains(variable.name), "{} is in no guide", variable.name);
    }
}

#[test]
fn origins_are_compared_as_browsers_send_them() {
    let given = "https://Stories.example:443/, capacitor://localhost,http://localhost:8080";
    let loaded = load(&[("CALLIOPE_ALLOWED_ORIGINS", given)]).expect("accepted");
    assert_eq!(
        loaded.settings.server.normalized_origins(),
        ["https://stories.example", "capacitor://localhost", "http://localhost:8080"]
    );
    for (given, reason) in [
        ("https://*.example", "is a pattern; list each origin in full"),
        ("https://stories.example/app", "is not an origin; write it like https://stories.example"),
        ("wss://stories.example", "can never match, because no page has an origin with wss:"),
        ("null", "stands for every page in a sandbox"),
    ] {
        let refused = refusal(&[("CALLIOPE_ALLOWED_ORIGINS", given)]);
        assert!(refused.contains(&format!("`{given}` {reason}")), "{refused}");
    }
}

#[test]
fn idle_connections_outlive_a_load_balancer_by_default() {
    assert_eq!(load(&[]).expect("accepted").settings.server.keep_alive_seconds, 75);
    for wrong in ["0", "3601", "-1", "soon"] {
        let refused = refusal(&[("CALLIOPE_KEEP_ALIVE_SECONDS", wrong)]);
        assert!(refused.contains("must be a whole number from 1 to 3600"), "{refused}");
    }
}
