//! The real program as a child process that a test can kill.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader};

use super::TestDatabase;
use super::bucket::FakeBucket;

/// The program as an operator starts it; killed on drop.
pub struct Process {
    pub child: Child,
    pub url: String,
}

impl Process {
    pub async fn start(database: &TestDatabase, port: u16) -> Self {
        let command = Command::new(env!("CARGO_BIN_EXE_calliope"));
        Self::start_command(command, &database.environment(), database.folder.path(), port).await
    }

    /// Starts the program with a bucket.
    pub async fn start_with_bucket(
        database: &TestDatabase,
        bucket: &FakeBucket,
        port: u16,
    ) -> Self {
        let mut variables = database.environment();
        variables.extend(bucket.environment());
        let command = Command::new(env!("CARGO_BIN_EXE_calliope"));
        Self::start_command(command, &variables, database.folder.path(), port).await
    }

    /// Starts a command that runs the program, and waits until it logs its address.
    pub async fn start_command(
        mut command: Command,
        variables: &[(&str, String)],
        folder: &Path,
        port: u16,
    ) -> Self {
        let mut child = command
            .envs(variables.iter().map(|(name, value)| (*name, value)))
            .env("PORT", port.to_string())
            .env("CALLIOPE_LOG", "info,sqlx=error")
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stderr = child.stderr.take().expect("piped");
        let stderr = tokio::process::ChildStderr::from_std(stderr).expect("readable");
        let mut lines = BufReader::new(stderr).lines();
        let mut earlier_lines = Vec::new();
        let url = loop {
            let line = lines.next_line().await.expect("readable");
            let line = line.unwrap_or_else(|| panic!("the program ended: {earlier_lines:#?}"));
            if let Some((_, address)) = line.split_once("; open http://") {
                break format!("http://{}", address.split(' ').next().expect("an address"));
            }
            earlier_lines.push(line);
        };
        // Reads on, because a full pipe would block the program.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, url }
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("reaped");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
