//! An instance of the program, as an operator starts it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::{meter, program, support};
use support::TestDatabase;

/// How an instance differs from an ordinary one.
#[derive(Default)]
pub struct InstanceOptions<'a> {
    /// Further variables.
    pub environment: Vec<(&'static str, String)>,
    /// Whether it logs every statement.
    pub logs_statements: bool,
    /// The file in which `strace` lists its system calls that sync a file.
    pub syncs: Option<&'a Path>,
}

/// A running instance, killed on drop.
pub struct Instance {
    process: Child,
    pub url: String,
    pub client: reqwest::Client,
    statements: Arc<AtomicU64>,
}

impl Instance {
    /// Starts an instance and waits until it listens. Instances on one database share its folder.
    pub fn start(database: &TestDatabase, options: InstanceOptions<'_>) -> Self {
        let program = program();
        let mut command = match options.syncs {
            Some(file) => {
                let mut strace = Command::new("strace");
                // With -D, the program is our child and strace its grandchild, so a kill reaches the program.
                strace.args(["-D", "-f", "-qq", "-e", "trace=fsync,fdatasync,msync", "-o"]);
                strace.arg(file).arg(&program);
                strace
            }
            None => Command::new(&program),
        };
        let log =
            if options.logs_statements { "info,sqlx::query=debug" } else { "info,sqlx=error" };
        let many = "1000000".to_owned();
        let mut process = command
            .envs(database.environment())
            // All Sparrows have the same address.
            .env("CALLIOPE_MAX_CONNECTIONS", &many)
            .env("CALLIOPE_MAX_CONNECTIONS_PER_ADDRESS", &many)
            .env("CALLIOPE_REQUESTS_PER_MINUTE_PER_ADDRESS", "0")
            .envs(options.environment)
            .env("PORT", "0")
            .env("CALLIOPE_LOG", log)
            .current_dir(database.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stderr = BufReader::new(process.stderr.take().expect("piped"));
        let (mut log, mut line) = (String::new(), String::new());
        let url = loop {
            line.clear();
            let length = stderr.read_line(&mut line).expect("readable");
            assert!(length > 0, "the program ended: {log}");
            if let Some((_, address)) = line.split_once("; open http://") {
                break format!("http://{}", address.split(' ').next().expect("an address").trim());
            }
            log.push_str(&line);
        };
        let statements = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&statements);
        // Reads on, because a full pipe would block the program.
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if line.contains("sqlx::query") && !is_of_a_transaction(&line) {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let client = support::client().timeout(Duration::from_mins(5)).build();
        Self { process, url, client: client.expect("a client"), statements }
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn processor_time(&self) -> Duration {
        meter::processor_time(self.id())
    }

    /// Returns the number of statements logged so far.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Tells a v1 frame.
    pub async fn create_frame(&self, body: &Value) -> Value {
        let request = self.client.post(format!("{}/v1/frames/", self.url)).json(body);
        let (status, answer) = support::send_json(request).await;
        assert_eq!(status, 200, "{answer}");
        let errors = &answer["errors"];
        assert!(
            errors.as_array().is_none_or(Vec::is_empty),
            "the frame is not as ordered: {errors}"
        );
        answer
    }

    /// Gets a path, and fails unless it is there.
    pub async fn get(&self, path: &str) {
        let response = self.client.get(format!("{}{path}", self.url)).send().await;
        let response = response.expect("an answer");
        assert_eq!(response.status(), 200, "{path}");
        assert!(!response.bytes().await.expect("bytes").is_empty());
    }
}

/// Whether a logged statement begins or ends a transaction.
fn is_of_a_transaction(line: &str) -> bool {
    ["BEGIN", "COMMIT", "ROLLBACK"].iter().any(|word| line.contains(word))
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
