//! PostgreSQL over TLS, with certificates of an own authority.

use std::process::Command;

use calliope::settings::{DatabaseSettings, TrustSettings};
use calliope::store::{Store, StoreError};
use sqlx::{ConnectOptions, Connection};

use crate::support::postgres_server::PostgresServer;
use crate::support::{fixture, fixture_path};

/// Returns settings for a database of a server at `localhost`.
fn settings(server: &PostgresServer, parameters: &str, trust: &TrustSettings) -> DatabaseSettings {
    let url = format!("postgres://calliope@localhost:{}/postgres?{parameters}", server.port());
    DatabaseSettings {
        url: Some(url.into()),
        certificates: trust.read(),
        ..DatabaseSettings::default()
    }
}

/// Trusts the authority of the tests, and a file with a certificate that cannot be read.
fn trust(folder: &tempfile::TempDir) -> TrustSettings {
    let path = folder.path().join("ca.pem");
    let mut pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    pem.extend(fixture("certificates/authority.pem"));
    std::fs::write(&path, pem).expect("written");
    TrustSettings { ca_file: Some(path), ..TrustSettings::default() }
}

/// Reports whether a connection with these settings is encrypted.
async fn is_encrypted(settings: &DatabaseSettings) -> bool {
    let options = settings.connect_options().expect("valid");
    let mut connection = options.connect().await.expect("connected");
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let encrypted = sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("read");
    connection.close().await.expect("closed");
    encrypted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_own_authority_is_trusted_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (trusted, nothing) = (trust(&folder), TrustSettings::default());
    let cases = [
        ("server", "sslmode=verify-full", &trusted, None),
        ("server", "sslmode=verify-ca", &trusted, None),
        ("server", "sslmode=require", &nothing, None),
        ("server", "sslmode=verify-full", &nothing, Some("no trusted authority has signed it")),
        ("server", "sslmode=verify-ca", &nothing, Some("no trusted authority has signed it")),
        ("other_name", "sslmode=verify-ca", &trusted, None),
        ("other_name", "sslmode=verify-full", &trusted, Some("it is for another host name")),
        ("expired", "sslmode=verify-full", &trusted, Some("it has expired")),
    ];
    for certificate in ["server", "other_name", "expired"] {
        let Some(server) = PostgresServer::start_with_certificate(certificate) else { return };
        for (_, mode, trust, refusal) in cases.iter().filter(|case| case.0 == certificate) {
            let settings = settings(&server, mode, trust);
            let retried = |error: &StoreError| panic!("{error} is tried again");
            let connected = Store::connect_patiently(&settings, &retried).await;
            let Some(reason) = refusal else {
                connected
                    .unwrap_or_else(|error| panic!("{certificate} {mode}: {error}"))
                    .close()
                    .await;
                assert!(is_encrypted(&settings).await, "{certificate} {mode}");
                continue;
            };
            let error = connected.expect_err(mode).to_string();
            let expected = "the certificate of PostgreSQL at localhost:";
            assert!(error.starts_with(expected) && error.contains(reason), "{mode}: {error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_trusts_the_authority_that_its_setting_names() {
    let Some(server) = PostgresServer::start_with_certificate("server") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let migrate = |variables: &[(&str, String)]| {
        let port = server.port();
        let url = format!("postgres://calliope@localhost:{port}/postgres?sslmode=verify-full");
        let mut command = Command::new(env!("CARGO_BIN_EXE_calliope"));
        command.env_clear().current_dir(folder.path()).env("DATABASE_URL", url).arg("migrate");
        let output = command.envs(variables.iter().cloned()).output().expect("it runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (is_done, log) = migrate(&[]);
    assert!(!is_done && log.contains("certificate") && log.contains("is refused"), "{log}");
    assert!(!log.contains("trying again"), "{log}");
    let authority = fixture_path("certificates/authority.pem").display().to_string();
    let (is_done, log) = migrate(&[("CALLIOPE_CA_FILE", authority)]);
    assert!(is_done, "{log}");
}
