//! The command line as an operator uses it: settings, migrations, serving, stopping.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says why and ends")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use support::TestDatabase;

/// Builds a command that runs the program in `folder`, with `variables` as its whole environment.
fn calliope(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_calliope"));
    command.args(arguments).current_dir(folder).env_clear().envs(variables.iter().copied());
    command
}

fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let output: Output = calliope(folder, arguments, variables).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("a code"), text(output.stdout), text(output.stderr))
}

/// Starts a service on a free port. Returns the process, its address and the rest of its output.
fn serve(folder: &Path, variables: &[(&str, &str)]) -> (Child, String, BufReader<impl Read>) {
    let mut command = calliope(folder, &[], variables);
    let mut child = command.env("PORT", "0").stderr(Stdio::piped()).spawn().expect("it starts");
    let mut log = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("; open http://") {
        line.clear();
        assert!(log.read_line(&mut line).expect("readable") > 0, "it ended");
    }
    let (_, after) = line.split_once("; open http://127.0.0.1:").expect("an address");
    let port = after.chars().take_while(char::is_ascii_digit).collect();
    (child, port, log)
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn the_service_allocates_pictures_outside_the_heaps() {
    for (variables, expected) in [
        (&[][..], Some("1048576")),
        (&[("MALLOC_MMAP_THRESHOLD_", "7000000")][..], Some("7000000")),
        (&[("MALLOC_ARENA_MAX", "7")][..], None),
        (&[("GLIBC_TUNABLES", "glibc.malloc.arena_max=3")][..], None),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut child, _, _log) = serve(folder.path(), variables);
        let path = format!("/proc/{}/environ", child.id());
        let environment = std::fs::read_to_string(path).expect("its environment");
        let found = environment.split('\0').find_map(|v| v.strip_prefix("MALLOC_MMAP_THRESHOLD_="));
        child.kill().expect("killed");
        child.wait().expect("reaped");
        assert_eq!(found, expected, "{variables:?}");
    }
}

#[test]
fn a_wrong_setting_stops_the_start_with_one_line_and_exit_code_2() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, value) in [
        ("PORT", "abc"),
        ("CLOUD_ENV", "mars"),
        ("HOST", "0.0.0.0"),
        ("CALLIOPE_API_KEY", "with a space"),
        ("DATABASE_URL", "sqlite://x"),
        ("CALLIOPE_LOG_FORMAT", "xml"),
    ] {
        let (code, out, error) = run(folder.path(), &["serve"], &[(name, value)]);
        assert_eq!((code, out.as_str()), (2, ""), "{name}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.starts_with(&format!("calliope: {name}: ")), "{error}");
    }
    let key = ("GOOGLE_APPLICATION_CREDENTIALS", "no/such.json");
    let cloud = [("CLOUD_ENV", "gcp"), ("CALLIOPE_BUCKET_NAME", "b"), key];
    let (code, _, error) = run(folder.path(), &[], &cloud);
    assert_eq!(code, 2, "{error}");
    assert!(error.contains(key.0) && error.contains("cannot be read"), "{error}");
    assert_eq!(run(folder.path(), &["no-such-command"], &[]).0, 2);
    assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 0, "nothing was made");
}

#[test]
fn tokens_and_users_are_made_by_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = [("CALLIOPE_API_KEY", "a-shared-key-1234")];
    let token = |arguments: &[&str]| {
        let arguments = [&["token"], arguments].concat();
        run(folder.path(), &arguments, &key)
    };
    let create = [
        "create",
        "--name",
        "kitchen",
        "--scope",
        "device",
        "--client-id",
        "AA:BB",
        "--expires",
        "90d",
    ];
    let (code, out, error) = token(&create);
    assert_eq!(code, 0, "{error}");
    let secret = out.trim_end();
    assert!(out == format!("{secret}\n") && secret.len() > 40 && !secret.contains(' '), "{out:?}");
    assert!(!error.contains(secret));
    for (wrong, expected) in [
        (vec!["create", "--name", "x", "--scope", "device"], 2),
        (vec!["create", "--name", "x", "--scope", "root"], 2),
        (vec!["create", "--name", "x", "--scope", "client", "--expires", "soon"], 2),
        (vec!["create", "--name", "", "--scope", "client"], 2),
        (vec!["revoke", "99"], 1),
    ] {
        let (code, out, _) = token(&wrong);
        assert_eq!((code, out.as_str()), (expected, ""), "{wrong:?}");
    }
    let (_, out, _) = token(&["list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&listed[0]["name"], &listed[0]["client_id"]), (&"kitchen".into(), &"AA:BB".into()));
    assert!(!out.contains(&secret[12..]), "a list shows no token");
    let (_, out, _) = token(&["list"]);
    assert!(out.contains("kitchen") && !out.contains(&secret[12..]), "{out}");
    let id = listed[0]["id"].to_string();
    assert_eq!(token(&["revoke", &id]).0, 0);
    let (_, out, _) = token(&["list", "--json"]);
    assert!(out.contains("date_revoked\": \"2"), "{out}");

    let user = |name: &str, password: &str| {
        let mut command = calliope(folder.path(), &["user", "create", name], &key);
        let mut child =
            command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut stdin = child.stdin.take().expect("piped");
        writeln!(stdin, "{password}").expect("written");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        let error = String::from_utf8(output.stderr).expect("text");
        assert!(!error.contains(password), "{error}");
        output.status.code().expect("a code")
    };
    assert_eq!(user("anna", "correct horse battery"), 0);
    assert_eq!(user("anna", "correct horse battery"), 1, "the name is taken");
    assert_eq!(user("bert", "short-pw"), 2);
    assert_eq!(user("b b", "correct horse battery"), 2);
}

#[test]
fn config_shows_values_and_sources_and_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let variables = [("PORT", "9000"), ("OPENAI_API_KEY", "sk-very-secret-5678")];
    let (code, out, _) = run(folder.path(), &["config"], &variables);
    assert_eq!(code, 0);
    let line = |key: &str| {
        let found = out.lines().find(|line| line.starts_with(key)).expect("listed");
        found.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(line("server.port")[1..], ["9000", "PORT"]);
    assert_eq!(line("server.host")[1..], ["127.0.0.1", "default"]);
    assert_eq!(line("providers.openai_api_key")[1..], ["•••5678", "OPENAI_API_KEY"]);
    assert!(!out.contains("very-secret"));
    let (_, out, _) = run(folder.path(), &["config", "--json"], &variables);
    let lines: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert!(lines.as_array().is_some_and(|lines| lines.len() > 30));
}

#[test]
fn migrations_are_checked_applied_and_begun() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, out, error) = run(folder.path(), &["migrate", "--check"], &[]);
    assert_eq!(code, 1, "{error}");
    assert!(out.starts_with("0001 stories\n"), "{out}");
    let left = std::fs::read_dir(folder.path()).expect("listed").count();
    assert_eq!(left, 0, "a check creates nothing");
    let (code, _, error) = run(folder.path(), &["migrate"], &[]);
    assert_eq!(code, 0, "{error}");
    let (code, out, _) = run(folder.path(), &["migrate", "--check"], &[]);
    assert_eq!((code, out.as_str()), (0, ""));
    for database in ["sqlite", "postgres"] {
        std::fs::create_dir_all(folder.path().join("migrations").join(database)).expect("made");
    }
    let (code, out, _) = run(folder.path(), &["migrate", "new", "voices"], &[]);
    assert_eq!((code, out.lines().count()), (0, 2), "{out}");
    assert!(out.lines().all(|file| folder.path().join(file).exists()));
    assert_eq!(run(folder.path(), &["migrate", "new", "../up"], &[]).0, 1);
}

#[test]
fn a_check_of_migrations_fails_where_the_service_would() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("data/calliope.db");
    let change = |sql: &'static str| {
        assert_eq!(run(folder.path(), &["migrate"], &[]).0, 0);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            use sqlx::{ConnectOptions, Connection, Executor};
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file);
            let mut connection = options.connect().await.expect("opened");
            connection.execute(sql).await.expect("changed");
            connection.close().await.expect("closed");
        });
    };
    for (sql, expected) in [
        // A later version has migrated the database, a file was changed, or a migration was cut short.
        (
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', TRUE, x'00', 0)",
            "9999",
        ),
        ("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 3", "3"),
        ("UPDATE _sqlx_migrations SET success = FALSE WHERE version = 4", "4"),
    ] {
        change(sql);
        for arguments in [&["migrate", "--check"][..], &["serve"]] {
            let (code, _, error) = run(folder.path(), arguments, &[("PORT", "0")]);
            assert_eq!(code, 1, "{arguments:?} after {sql}: {error}");
            assert!(error.contains(expected) && error.contains("migration"), "{error}");
        }
        std::fs::remove_dir_all(folder.path().join("data")).expect("removed");
    }
    std::fs::create_dir_all(&file).expect("in the way");
    for arguments in [&["migrate", "--check"][..], &["serve"]] {
        assert_eq!(run(folder.path(), arguments, &[("PORT", "0")]).0, 1, "{arguments:?}");
    }
    let nobody = [("DATABASE_URL", "postgres://u@127.0.0.1:1/x"), ("PORT", "0")];
    let mut child = calliope(folder.path(), &["migrate", "--check"], &nobody)
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stderr.take().expect("piped")).read_line(&mut line).expect("a line");
    assert!(
        line.contains("127.0.0.1:1 (database x, user u)") && line.contains("refused"),
        "{line}"
    );
    child.kill().expect("killed");
    child.wait().expect("reaped");
}

#[test]
fn a_closed_pipe_ends_a_command_quietly() {
    let folder = tempfile::tempdir().expect("a folder");
    let variables = [("HOST", "my-machine")];
    for arguments in [
        &["config"][..],
        &["config", "--json"],
        &["migrate"],
        &["search", "a lamp", "--json"],
        &["token", "list", "--json"],
        &["media", "usage"],
        &["index", "status"],
        &["storyteller", "try", "fern", "--frames", "1"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = calliope(folder.path(), arguments, &variables).stdout(writer).output();
        let output = output.expect("it runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!error.contains("panicked") && !error.contains("closed"), "{arguments:?}: {error}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {error}");
    }
    // The work was done although nobody read of it.
    assert_eq!(run(folder.path(), &["migrate", "--check"], &[]).0, 0);
    // A closed standard error is no reason to fail either.
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = calliope(folder.path(), &["config"], &variables).stderr(writer).output();
    assert_eq!(output.expect("it runs").status.code(), Some(0));
}

#[test]
fn settings_that_need_attention_are_reported_by_the_service_and_by_config() {
    let database = TestDatabase::sqlite();
    let folder = database.folder.path();
    let variables = [
        ("HOST", "my-machine"),
        ("CALLIOPE_APIKEY", "unused"),
        ("CALLIOPE_INPUT_RETENTION", "5"),
        ("CALLIOPE_INPUT_RETENTION_SECONDS", "6"),
    ];
    let (code, out, error) = run(folder, &["config"], &variables);
    assert_eq!(code, 0);
    assert!(out.contains("storage.input_retention_seconds  6"), "{out}");
    let mut child = calliope(folder, &[], &variables)
        .env("PORT", "0")
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let log = BufReader::new(child.stderr.take().expect("piped"));
    let log: Vec<String> = log
        .lines()
        .map(|line| line.expect("readable"))
        .take_while(|line| !line.contains("; open http://"))
        .collect();
    child.kill().expect("killed");
    child.wait().expect("reaped");
    for part in ["CALLIOPE_HOST", "CALLIOPE_API_KEY is", "which is its new name"] {
        assert!(error.contains(part), "{part}: {error}");
        assert!(log.iter().any(|line| line.contains(part)), "{part}: {log:?}");
    }
    assert_eq!(error.lines().count(), 3, "{error}");
}

#[test]
fn a_closed_terminal_stops_the_service_in_order() {
    let database = TestDatabase::sqlite();
    let (mut child, _, mut log) = serve(database.folder.path(), &[]);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &pid]).status().expect("sent").success());
    assert!(child.wait().expect("ended").success(), "an orderly end");
    let mut rest = String::new();
    log.read_to_string(&mut rest).expect("readable");
    assert!(rest.contains("stopping; finishing") && rest.contains("stopped"), "{rest}");
}

#[test]
fn a_service_answers_its_health_check_is_alone_and_stops_when_asked() {
    let database = TestDatabase::sqlite();
    let folder = database.folder.path();
    let (mut child, port, mut log) = serve(folder, &[("CALLIOPE_API_KEY", "a-key-of-its-own")]);
    let (code, _, error) = run(folder, &["healthcheck"], &[("PORT", &port)]);
    assert_eq!(code, 0, "{error}");
    let (code, _, error) = run(folder, &[], &[("PORT", "0")]);
    assert_eq!(code, 1);
    assert!(error.lines().any(|line| line.contains("is in use by another calliope")), "{error}");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("sent").success());
    assert!(child.wait().expect("ended").success(), "an orderly end");
    let mut rest = String::new();
    log.read_to_string(&mut rest).expect("readable");
    assert!(rest.contains("stopping; finishing") && rest.contains("stopped"), "{rest}");
    let (code, _, error) = run(folder, &["healthcheck"], &[("PORT", &port)]);
    assert_eq!(code, 1);
    assert!(error.contains("nothing answers"), "{error}");
}

#[test]
fn logs_are_json_when_asked() {
    let database = TestDatabase::sqlite();
    let variables = [("CALLIOPE_LOG_FORMAT", "json")];
    let mut command = calliope(database.folder.path(), &["serve"], &variables);
    let mut child = command.env("PORT", "0").stderr(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stderr.take().expect("piped")).read_line(&mut line).expect("a line");
    child.kill().expect("killed");
    child.wait().expect("reaped");
    let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(line["level"], "INFO");
    assert!(
        line["message"].as_str().is_some_and(|text| text.starts_with("listening on 127.0.0.1:"))
    );
}

#[test]
fn a_story_is_tried_without_a_server_and_not_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let photo = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/astronaut_640x480.jpg");
    let order =
        ["storyteller", "try", "lavender", "--image", photo, "--frames", "2", "--out", "pictures"];
    let (code, out, error) = run(folder.path(), &order, &[]);
    assert_eq!(code, 0, "{error}");
    for part in ["  0  ", "  1  ", "picture: ", "situation: It is a ", "seen: ", "illustrate"] {
        assert!(out.contains(part), "{part} is not in {out}");
    }
    let mut pictures: Vec<_> = std::fs::read_dir(folder.path().join("pictures"))
        .expect("made")
        .map(|entry| entry.expect("listed").file_name())
        .collect();
    pictures.sort();
    assert_eq!(pictures, ["000-0.png", "001-0.png"]);
    let media = std::fs::read_dir(folder.path().join("media")).expect("listed");
    assert_eq!(media.count(), 0, "nothing is kept");
    for wrong in [["storyteller", "try", "nobody"], ["storyteller", "try", "--frames=0"]] {
        assert_eq!(run(folder.path(), &wrong, &[]).0, 2, "{wrong:?}");
    }
}

#[test]
fn a_database_that_does_not_answer_is_named_without_its_password() {
    let folder = tempfile::tempdir().expect("a folder");
    // A port that was free a moment ago refuses connections immediately.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let url = format!("postgres://teller:hush-hush@127.0.0.1:{port}/stories");
    let (code, out, error) = run(folder.path(), &["migrate"], &[("DATABASE_URL", &url)]);
    assert_eq!((code, out.as_str()), (1, ""), "{error}");
    for part in [&format!("127.0.0.1:{port}"), "stories", "teller", "refused"] {
        assert!(error.contains(part), "{part} is not in {error}");
    }
    assert!(!error.contains("hush") && !error.contains("pool"), "{error}");
}
