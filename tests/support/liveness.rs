//! Watches whether a service answers `/livez` while a test attacks it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::TestApp;

/// How soon the service must answer half of all probes.
const MEDIAN_LIMIT: Duration = Duration::from_millis(100);

/// How soon it must answer each probe. Other tests and builds share the cores, so one answer may wait for its turn; a
/// runtime whose threads are occupied keeps a probe waiting longer.
const SLOWEST_LIMIT: Duration = Duration::from_secs(1);

/// The pause between an answer and the next probe.
const PAUSE: Duration = Duration::from_millis(5);

/// How long a probe waits for its answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a probe asks for one answer.
const MAX_ATTEMPTS: usize = 5;

/// The fewest answers that say something.
const MIN_ANSWERS: usize = 5;

/// A thread that asks for `/livez` again and again, each time over a new connection. It needs nothing of the runtime that
/// the service and the test share.
struct Probe {
    address: String,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<Duration>>>,
}

impl Probe {
    fn start(url: &str) -> Self {
        let address = url.strip_prefix("http://").expect("an address").to_owned();
        let is_over = Arc::new(AtomicBool::new(false));
        let (asked, end) = (address.clone(), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            let mut answers = Vec::new();
            while !end.load(Ordering::Relaxed) || answers.len() < MIN_ANSWERS {
                answers.push(ask(&asked));
                std::thread::sleep(PAUSE);
            }
            answers
        });
        Self { address, is_over, thread: Some(thread) }
    }

    /// Stops the thread. Returns how long each answer took, the fastest first.
    async fn stop(mut self) -> Vec<Duration> {
        self.is_over.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("it runs");
        let joined = tokio::task::spawn_blocking(move || thread.join()).await.expect("joined");
        let mut answers = joined.unwrap_or_else(|_| panic!("{} answers no probe", self.address));
        answers.sort_unstable();
        answers
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// Asks until there is an answer. Returns how long that took. A service with too many connections closes the oldest of those
/// that may ask for probes only, so a probe may have to ask again.
fn ask(address: &str) -> Duration {
    let start = Instant::now();
    for _ in 0..MAX_ATTEMPTS {
        if let Ok(answer) = request(address)
            && !answer.is_empty()
        {
            assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
            return start.elapsed();
        }
    }
    panic!("no answer to {MAX_ATTEMPTS} probes")
}

fn request(address: &str) -> std::io::Result<String> {
    const REQUEST: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(READ_TIMEOUT))?;
    stream.write_all(REQUEST)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Runs an attack, and checks that the service answers `/livez` within 100 ms meanwhile. Returns the attack's result.
pub async fn stays_live<T>(app: &TestApp, attack: impl Future<Output = T>) -> T {
    let probe = Probe::start(&app.url);
    let result = attack.await;
    let answers = probe.stop().await;
    let (median, slowest) = (answers[answers.len() / 2], answers[answers.len() - 1]);
    let figures = format!("of {} probes: median {median:?}, slowest {slowest:?}", answers.len());
    assert!(median < MEDIAN_LIMIT, "/livez is slow under attack; {figures}");
    assert!(slowest < SLOWEST_LIMIT, "/livez stalls under attack; {figures}");
    result
}
