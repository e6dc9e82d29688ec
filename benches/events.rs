//! 5,000 subscribers to the events of one story on one process: the memory that each needs, and how soon all receive an
//! event.
//!
//! The service runs in a process of its own, so that its memory can be measured; the subscribers share its two cores.
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

async fn measure() {
    let database = TestDatabase::sqlite();
    // All subscribers have the same address.
    let limit = ("CALLIOPE_MAX_CONNECTIONS_PER_ADDRESS", (SUBSCRIBERS + 100).to_string());
    let variables = [&database.environment()[..], &[limit]].concat();
    let command = Command::new(env!("CARGO_BIN_EXE_calliope"));
    let process = Process::start_command(command, &variables, database.folder.path(), 0).await;
    let client = support::client().timeout(Duration::from_mins(1)).build();
    let client = client.expect("a client");
    let frame = json!({"client_id": "s", "strategy": "literal", "input_text": "One."});
    let created = client.post(format!("{}/v1/frames", process.url)).json(&frame).send().await;
    let created: Value = created.expect("an answer").json().await.expect("JSON");
    let story = created["story_id"].as_str().expect("an id").to_owned();
    let address = process.url.trim_start_matches("http://").to_owned();
    let before = memory(&process);
    let (sender, mut receiver) = mpsc::unbounded_channel();
    // They subscribe one after another, as devices do. Otherwise the memory of requests under way would count as
    // theirs.
    for _ in 0..SUBSCRIBERS {
        let path = format!("/v2/stories/{story}/events");
        tokio::spawn(listen(address.clone(), path, sender.clone()));
        receiver.recv().await.expect("the stream starts");
    }
    let each = (memory(&process) - before) as f64 / SUBSCRIBERS as f64;
    println!("{SUBSCRIBERS} subscribers: {each:.1} KiB each");
    let (mut medians, mut lasts) = (Vec::new(), Vec::new());
    for number in 0..EVENTS {
        let url = format!("{}/v2/stories/{story}?client_id=s", process.url);
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
}

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(measure());
}
