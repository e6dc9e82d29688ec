//! Captures everything that this process logs, to check that no secret is in it.

use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct MakeLogWriter;

impl<'a> MakeWriter<'a> for MakeLogWriter {
    type Writer = LogWriter;

    fn make_writer(&'a self) -> LogWriter {
        LogWriter
    }
}

/// Starts to capture all log events, down to the `TRACE` level.
pub(crate) fn capture() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(MakeLogWriter)
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("the only subscriber");
    });
}

/// Panics if any of these texts was logged so far.
pub(crate) fn assert_absent(secrets: &[&str]) {
    let logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    let text = String::from_utf8_lossy(&logged);
    assert!(!text.is_empty(), "nothing is logged at all");
    for secret in secrets {
        let at = text.find(secret);
        assert_eq!(
            at.map(|at| text[at.saturating_sub(200)..at].to_owned()),
            None,
            "{secret} was logged"
        );
    }
}
