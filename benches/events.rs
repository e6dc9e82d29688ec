//! 5,000 subscribers to the events of one story on one process: the memory that each needs, and how soon all receive an
//! event.
//!
//! The service runs in a process of its own, so that its memory can be measured; the subscribers share its two cores.
//!
//! Memory depends on how they arrive. A request that is under way needs more than a subscription, and what many requests at
//! once needed stays with the allocator. So it is measured for subscribers that arrive one after another, and for a hundred
//! at a time, as after a restart.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says why and ends"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::TestDatabase;
use support::process::Process;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// The number of subscribers.
const SUBSCRIBERS: usize = 5000;

/// The number of events that are measured.
const EVENTS: usize = 20;

/// Returns the resident memory of the service, in KiB.
fn memory(process: &Process) -> u64 {
    let path = format!("/proc/{}/status", process.child.id());
    let status = std::fs::read_to_string(path).expect("Linux reports a process's memory");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("a VmRSS line");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

/// Subscribes until the service ends. Sends the time at which the stream starts and then the time of each event.
async fn listen(address: String, path: String, times: mpsc::UnboundedSender<Instant>) {
    let mut stream = TcpStream::connect(&address).await.expect("connected");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut buffer = [0; 1024];
    let mut has_started = false;
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        let text = String::from_utf8_lossy(&buffer[..length]);
        // The first block carries the position in the event log.
        if (!has_started && text.contains("retry:"))
            || (has_started && text.contains("event: story"))
        {
            has_started = true;
            let _ = times.send(Instant::now());
        }
    }
}

/// Waits until every subscriber has sent a time, and returns the times in ascending order.
async fn receive_all(receiver: &mut mpsc::UnboundedReceiver<Instant>) -> Vec<Instant> {
    let mut times = Vec::with_capacity(SUBSCRIBERS);
    while times.len() < SUBSCRIBERS {
        let next = tokio::time::timeout(Duration::from_mins(1), receiver.recv()).await;
        times.push(next.expect("in time").expect("the subscribers run"));
    }
    times.sort();
    times
}

/// The service with one story.
struct Service {
    process: Process,
    database: TestDatabase,
    story: String,
    client: reqwest::Client,
}

impl Service {
    async fn start() -> Self {
        let database = TestDatabase::sqlite();
        // All subscribers have the same address.
        let many = (SUBSCRIBERS + 100).to_string();
        let limits = [
            ("CALLIOPE_MAX_CONNECTIONS_PER_ADDRESS", many),
            ("CALLIOPE_REQUESTS_PER_MINUTE_PER_ADDRESS", "0".to_owned()),
        ];
        let variables = [&database.environment()[..], &limits].concat();
        let command = Command::new(env!("CARGO_BIN_EXE_calliope"));
        let process = Process::start_command(command, &variables, database.folder.path(), 0).await;
        let client = support::client().timeout(Duration::from_mins(1)).build();
        let client = client.expect("a client");
        let frame = json!({"client_id": "s", "strategy": "literal", "input_text": "One."});
        let created = client.post(format!("{}/v1/frames", process.url)).json(&frame).send().await;
        let created: Value = created.expect("an answer").json().await.expect("JSON");
        let story = created["story_id"].as_str().expect("an id").to_owned();
        Self { process, database, story, client }
    }

    /// Subscribes `at_once` at a time and prints the memory on the way. Returns the receiver of the subscribers' times.
    async fn subscribe(&self, at_once: usize) -> mpsc::UnboundedReceiver<Instant> {
        let address = self.process.url.trim_start_matches("http://").to_owned();
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let start = memory(&self.process);
        let (mut count, mut last) = (0, start);
        for step in [1000, SUBSCRIBERS] {
            let added = step - count;
            while count < step {
                for _ in 0..at_once {
                    let path = format!("/v2/stories/{}/events", self.story);
                    tokio::spawn(listen(address.clone(), path, sender.clone()));
                }
                for _ in 0..at_once {
                    receiver.recv().await.expect("the stream starts");
                }
                count += at_once;
            }
            let now = memory(&self.process);
            let kibibytes =
                |from: u64, subscribers: usize| (now as f64 - from as f64) / subscribers as f64;
            println!(
                "{count} subscribers, {at_once} at a time: {:.1} KiB each, the last {added} {:.1} KiB each",
                kibibytes(start, count),
                kibibytes(last, added),
            );
            last = now;
        }
        receiver
    }

    async fn stop(self) {
        drop(self.process);
        self.database.remove().await;
    }
}

async fn measure() {
    let crowd = Service::start().await;
    drop(crowd.subscribe(100).await);
    crowd.stop().await;
    let service = Service::start().await;
    let mut receiver = service.subscribe(1).await;
    let (client, url, story) = (&service.client, &service.process.url, &service.story);
    let (mut medians, mut lasts) = (Vec::new(), Vec::new());
    for number in 0..EVENTS {
        let url = format!("{url}/v2/stories/{story}?client_id=s");
        let started = Instant::now();
        let title = json!({"title": format!("Title {number}")});
        let renamed = client.patch(url).json(&title).send().await.expect("an answer");
        assert_eq!(renamed.status(), 200);
        let times = receive_all(&mut receiver).await;
        medians.push(times[SUBSCRIBERS / 2] - started);
        lasts.push(times[SUBSCRIBERS - 1] - started);
    }
    medians.sort();
    lasts.sort();
    println!(
        "one event: half have received it {:.1?} after the request, all {:.1?} (medians of {EVENTS})",
        medians[EVENTS / 2],
        lasts[EVENTS / 2]
    );
    println!("the slowest of {EVENTS} events took {:.1?} to reach all", lasts[EVENTS - 1]);
    service.stop().await;
}

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(measure());
}
