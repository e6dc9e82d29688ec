//! A PostgreSQL server of a test's own, which the test can restart.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::fixture_path;

/// Names the folder of PostgreSQL's server programs. `scripts/test` sets it.
const BIN: &str = "CALLIOPE_TEST_POSTGRES_BIN";

/// A running server in a temporary folder; stopped on drop.
pub struct PostgresServer {
    folder: TempDir,
    bin: PathBuf,
    port: u16,
}

impl PostgresServer {
    /// Starts a server, or returns `None` if the tests run without PostgreSQL.
    pub fn start() -> Option<Self> {
        Self::start_with(None)
    }

    /// Starts a server that speaks TLS with one of the certificates in `tests/fixtures/certificates`.
    pub fn start_with_certificate(name: &str) -> Option<Self> {
        Self::start_with(Some(name))
    }

    fn start_with(certificate: Option<&str>) -> Option<Self> {
        let bin = PathBuf::from(std::env::var_os(BIN)?);
        let folder = tempfile::tempdir().expect("a temporary directory");
        // The server refuses to run as root. The tests then run it as the user that Debian's package creates.
        if is_root() {
            let owner = Command::new("chown").arg("postgres").arg(folder.path()).status();
            assert!(owner.expect("chown runs").success(), "there is no user postgres");
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let server = Self { folder, bin, port };
        let data = server.data();
        server.run(&format!(
            "initdb -D '{data}' -U calliope --auth=trust -E UTF8 --locale=C --no-sync"
        ));
        let path = server.folder.path().display().to_string();
        let tls = certificate.map_or_else(String::new, |name| server.copy_certificate(name));
        server.run(&format!(
            "pg_ctl -D '{data}' -w -l '{path}/log' \
             -o '-p {port} -k {path} -h 127.0.0.1 -c fsync=off -c full_page_writes=off {tls}' start"
        ));
        Some(server)
    }

    /// Copies a certificate and its key to where the server may read them. Returns the options that use them.
    fn copy_certificate(&self, name: &str) -> String {
        let folder = self.folder.path().display().to_string();
        let certificate = fixture_path(&format!("certificates/{name}.pem")).display().to_string();
        let key = fixture_path("certificates/server.key").display().to_string();
        // The server refuses a key that others may read.
        for (from, to) in [(certificate, "server.pem"), (key, "server.key")] {
            let to = format!("{folder}/{to}");
            let mut copied = Command::new("install").args(["-m", "600", &from, &to]).status();
            if is_root() && copied.as_ref().is_ok_and(std::process::ExitStatus::success) {
                copied = Command::new("chown").args(["postgres", &to]).status();
            }
            assert!(copied.expect("the command runs").success(), "{from} is copied");
        }
        format!(
            "-c ssl=on -c ssl_cert_file={folder}/server.pem -c ssl_key_file={folder}/server.key"
        )
    }

    /// Stops the server as a crash does, and starts it again.
    pub fn restart(&self) {
        let log = self.folder.path().join("log");
        self.run(&format!(
            "pg_ctl -D '{}' -w -m immediate -l '{}' restart",
            self.data(),
            log.display()
        ));
    }

    /// Returns the server's port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the server's URL without a database.
    pub fn url(&self) -> String {
        format!("postgres://calliope@127.0.0.1:{}", self.port)
    }

    fn data(&self) -> String {
        self.folder.path().join("db").display().to_string()
    }

    fn run(&self, command: &str) {
        let output = self.command(command).output().expect("the command runs");
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        assert!(output.status.success(), "{command}: {}\n{log}", text(&output.stderr));
    }

    fn command(&self, command: &str) -> Command {
        let line = format!("cd / && {}/{command} >/dev/null", self.bin.display());
        let mut shell = if is_root() {
            let mut su = Command::new("su");
            su.args(["postgres", "-s", "/bin/sh", "-c", &line]);
            su
        } else {
            let mut sh = Command::new("sh");
            sh.args(["-c", &line]);
            sh
        };
        shell.current_dir(Path::new("/"));
        shell
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let stop = format!("pg_ctl -D '{}' -m immediate stop", self.data());
        let _ = self.command(&stop).output();
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    text(&id.stdout).trim() == "0"
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
