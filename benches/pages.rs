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

use harness::instance::{Instance, InstanceOptions};
use harness::{measure_each, meter, show};
use serde_json::json;
use support::TestDatabase;

/// How often each page is read.
const READS: u32 = 1000;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        for is_sqlite in [true, false] {
            let Some(database) = TestDatabase::of_kind(is_sqlite).await else { return };
            println!("\n{}", if is_sqlite { "SQLite" } else { "PostgreSQL" });
            measure(database).await;
        }
    });
}

async fn measure(database: TestDatabase) {
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
        measure_each(&service, what, READS, async || service.get(&path).await).await;
    }
    let memory = meter::memory(service.id(), "VmRSS");
    show("resident memory after the reads", &format!("{memory:.1} MiB"));
    drop(service);
    database.remove().await;
}
