//! Five thousand who listen to one story on one process: what each costs, and how soon all of them hear.
//!
//! The program runs by itself, so that its memory is its own; the listeners share its two cores.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says why and ends"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::TestDatabase;
use support::process::Process;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const LISTENERS: usize = 5000;

const EVENTS: usize = 20;

/// The program's memory in KiB.
fn memory(process: &Process) -> u64 {
    let path = format!("/proc/{}/status", process.child.id());
    let status = std::fs::read_to_string(path).expect("Linux tells a process's memory");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("told");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

/// Listens until the program ends; tells when it is heard, and at each title from then on.
async fn listen(address: String, path: String, heard: mpsc::UnboundedSender<Instant>) {
    let mut stream = TcpStream::connect(&address).await.expect("connected");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut buffer = [0; 1024];
    let mut is_begun = false;
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        let text = String::from_utf8_lossy(&buffer[..length]);
        // The first block says from where on.
        if (!is_begun && text.contains("retry:")) || (is_begun && text.contains("event: story")) {
            is_begun = true;
            let _ = heard.send(Instant::now());
        }
    }
}

async fn all(heard: &mut mpsc::UnboundedReceiver<Instant>) -> Vec<Instant> {
    let mut times = Vec::with_capacity(LISTENERS);
    while times.len() < LISTENERS {
        let next = tokio::time::timeout(Duration::from_mins(1), heard.recv()).await;
        times.push(next.expect("in time").expect("they listen"));
    }
    times.sort();
    times
}

async fn measure() {
    let database = TestDatabase::sqlite();
    let process = Process::start(&database, 0).await;
    let client = support::client().timeout(Duration::from_mins(1)).build();
    let client = client.expect("a client");
    let frame = json!({"client_id": "s", "strategy": "literal", "input_text": "One."});
    let told = client.post(format!("{}/v1/frames", process.url)).json(&frame).send().await;
    let told: Value = told.expect("an answer").json().await.expect("JSON");
    let story = told["story_id"].as_str().expect("an id").to_owned();
    let address = process.url.trim_start_matches("http://").to_owned();
    let before = memory(&process);
    let (sender, mut heard) = mpsc::unbounded_channel();
    // They come one after the other, as devices do: what requests take while they are answered is not a listener's.
    for _ in 0..LISTENERS {
        let path = format!("/v2/stories/{story}/events");
        tokio::spawn(listen(address.clone(), path, sender.clone()));
        heard.recv().await.expect("it listens");
    }
    let each = (memory(&process) - before) as f64 / LISTENERS as f64;
    println!("{LISTENERS} listeners: {each:.1} KiB each");
    let (mut medians, mut lasts) = (Vec::new(), Vec::new());
    for number in 0..EVENTS {
        let url = format!("{}/v2/stories/{story}?client_id=s", process.url);
        let begun = Instant::now();
        let title = json!({"title": format!("Title {number}")});
        let renamed = client.patch(url).json(&title).send().await.expect("an answer");
        assert_eq!(renamed.status(), 200);
        let times = all(&mut heard).await;
        medians.push(times[LISTENERS / 2] - begun);
        lasts.push(times[LISTENERS - 1] - begun);
    }
    medians.sort();
    lasts.sort();
    println!(
        "one event: half have heard it {:.1?} after it was asked for, all {:.1?} (medians of {EVENTS})",
        medians[EVENTS / 2],
        lasts[EVENTS / 2]
    );
    println!("the slowest of {EVENTS} took {:.1?} to all", lasts[EVENTS - 1]);
}

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(measure());
}
