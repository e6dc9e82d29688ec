//! The server's time for the pages of readers: a frame of a story, and the library with fifty stories.
//!
//! Service and client are two processes. `CALLIOPE_BENCH_PROGRAM` names another build of the program to measure.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says why and ends"
)]

mod harness;
#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use harness::instance::{Instance, InstanceOptions};
use harness::{meter, milliseconds, quantile, show};
use serde_json::json;
use support::TestDatabase;

/// How often each page is read.
const READS: u32 = 1000;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        measure("SQLite", TestDatabase::sqlite()).await;
        if let Some(database) = TestDatabase::postgres().await {
            measure("PostgreSQL", database).await;
        }
    });
}

async fn measure(name: &str, database: TestDatabase) {
    println!("\n{name}");
    let service = Instance::start(&database, InstanceOptions::default());
    let mut slug = String::new();
    for story in 0..50 {
        let texts = "The lamp had burned for a hundred years.|Tonight it blinked, once.|It rained.";
        let body =
            json!({"client_id": format!("c{story}"), "strategy": "literal", "input_text": texts});
        let told = service.create_frame(&body).await;
        told["slug"].as_str().expect("a slug").clone_into(&mut slug);
    }
    for (what, path) in [
        ("a frame of a story", format!("/s/{slug}/2")),
        ("similar moments, by words", format!("/s/{slug}/2/similar")),
        ("the library", "/library".to_owned()),
    ] {
        for _ in 0..50 {
            service.get(&path).await;
        }
        let before = service.processor_time();
        let mut times = Vec::new();
        for _ in 0..READS {
            let started = Instant::now();
            service.get(&path).await;
            times.push(started.elapsed());
        }
        let processor = milliseconds(service.processor_time().saturating_sub(before) / READS);
        let median = milliseconds(quantile(&mut times, 0.5));
        show(&format!("{what}: median latency"), &format!("{median:.2} ms"));
        let p99 = milliseconds(quantile(&mut times, 0.99));
        show(&format!("{what}: p99 latency"), &format!("{p99:.2} ms"));
        show(&format!("{what}: processor time"), &format!("{processor:.2} ms"));
    }
    let memory = meter::memory(service.id(), "VmRSS");
    show("resident memory after the reads", &format!("{memory:.1} MiB"));
    drop(service);
    database.remove().await;
}
