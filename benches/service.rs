//! The complete service over HTTP, with a provider that responds at once, so that the figures are Calliope's own.
//!
//! The service, the provider and the client, which is this bench, are three processes. Processor time, memory and bytes are
//! those of the service's process alone; latencies and rates include that all three share the machine. Statements and
//! syncs are counted in runs of their own, because counting them takes time.
//!
//! `CALLIOPE_BENCH_MEMORY_FRAMES=5000` prints the memory over that many frames instead. `CALLIOPE_BENCH_PROGRAM` names
//! another build of the program to measure.
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

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use harness::instance::{Instance, InstanceOptions};
use harness::provider::InstantProvider;
use harness::{frame_request, measure_each, meter, milliseconds, quantile, show};
use serde_json::Value;
use support::TestDatabase;

/// Frames that are told before anything is measured, so that caches are filled.
const WARM_UP: u32 = 10;

fn main() {
    harness::provider::serve_if_asked();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let provider = InstantProvider::start();
        for is_sqlite in [true, false] {
            let database = || TestDatabase::of_kind(is_sqlite);
            let Some(first) = database().await else { return };
            println!("\n{} ({cores} cores)", if is_sqlite { "SQLite" } else { "PostgreSQL" });
            if let Some(frames) = number("CALLIOPE_BENCH_MEMORY_FRAMES") {
                memory(first, &provider, frames).await;
                continue;
            }
            measure(first, &provider).await;
            count(database().await.expect("the database starts again"), &provider).await;
            built_in(database().await.expect("the database starts again")).await;
            start_and_idle(database().await.expect("the database starts again")).await;
        }
    });
}

/// Returns the number in an environment variable.
fn number(variable: &str) -> Option<u32> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Measures frames and reads of one instance.
async fn measure(database: TestDatabase, provider: &InstantProvider) {
    let options = InstanceOptions { environment: provider.environment(), ..Default::default() };
    let service = Arc::new(Instance::start(&database, options));
    one_frame_at_a_time(&service).await;
    eight_frames_at_once(&service).await;
    for _ in 0..20 {
        service.create_frame(&frame_request("reader")).await;
    }
    read(&service, "read a story of 20 frames", "/v1/story/?client_id=reader").await;
    for _ in 0..50 {
        service.create_frame(&frame_request("lister")).await;
        let url = format!("{}/v1/story/reset/?client_id=lister", service.url);
        service.client.put(url).send().await.expect("reset");
    }
    read(&service, "list 50 stories", "/v1/stories/?client_id=lister").await;
    drop(service);
    database.remove().await;
}

async fn one_frame_at_a_time(service: &Instance) {
    const FRAMES: u32 = 200;
    let body = frame_request("one");
    for _ in 0..WARM_UP {
        service.create_frame(&body).await;
    }
    let written = meter::written_bytes(service.id());
    let tell = async || drop(service.create_frame(&body).await);
    measure_each(service, "a v1 frame", FRAMES, tell).await;
    let written = (meter::written_bytes(service.id()) - written) / u64::from(FRAMES);
    show("a v1 frame: written to disk", &format!("{} KiB", written >> 10));
}

async fn eight_frames_at_once(service: &Arc<Instance>) {
    const EACH: u32 = 40;
    let busy = Arc::new(AtomicBool::new(true));
    let watcher = tokio::spawn({
        let (service, busy) = (Arc::clone(service), Arc::clone(&busy));
        async move {
            let mut times = Vec::new();
            while busy.load(Ordering::Relaxed) {
                let started = Instant::now();
                service.get("/v1/config/strategy/").await;
                times.push(started.elapsed());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            times
        }
    });
    let (started, before) = (Instant::now(), service.processor_time());
    let clients = (0..8).map(|n| {
        let service = Arc::clone(service);
        tokio::spawn(async move {
            let body = frame_request(&format!("of eight {n}"));
            for _ in 0..EACH {
                service.create_frame(&body).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("served");
    }
    let rate = f64::from(8 * EACH) / started.elapsed().as_secs_f64();
    let processor = service.processor_time().saturating_sub(before) / (8 * EACH);
    busy.store(false, Ordering::Relaxed);
    let mut times = watcher.await.expect("watched");
    show("v1 frames, 8 at once", &format!("{rate:.0} a second"));
    show("v1 frames, 8 at once: processor time", &format!("{:.1} ms", milliseconds(processor)));
    show(
        "v1 frames, 8 at once: most memory",
        &format!("{:.0} MiB", meter::memory(service.id(), "VmHWM")),
    );
    let p99 = milliseconds(quantile(&mut times, 0.99));
    show("an unrelated request meanwhile, p99", &format!("{p99:.1} ms"));
}

/// Measures the latency of one reader, then the rate of 16 readers that read as fast as they can.
async fn read(service: &Arc<Instance>, what: &str, path: &'static str) {
    const READS: u32 = 500;
    for _ in 0..50 {
        service.get(path).await;
    }
    let (started, before) = (Instant::now(), service.processor_time());
    for _ in 0..READS {
        service.get(path).await;
    }
    let latency = milliseconds(started.elapsed() / READS);
    let processor = milliseconds(service.processor_time().saturating_sub(before) / READS);
    show(&format!("{what}: latency"), &format!("{latency:.2} ms"));
    show(&format!("{what}: processor time"), &format!("{processor:.2} ms"));
    let started = Instant::now();
    let readers = (0..16).map(|_| {
        let service = Arc::clone(service);
        tokio::spawn(async move {
            for _ in 0..READS {
                service.get(path).await;
            }
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await.expect("read");
    }
    let rate = f64::from(16 * READS) / started.elapsed().as_secs_f64();
    show(&format!("{what}: 16 at once"), &format!("{rate:.0} a second"));
}

/// Counts the statements and the syncs of a frame, and the statements of reads.
async fn count(database: TestDatabase, provider: &InstantProvider) {
    const FRAMES: u32 = 40;
    let body = frame_request("counted");
    let options = InstanceOptions {
        environment: provider.environment(),
        logs_statements: true,
        ..Default::default()
    };
    let service = Instance::start(&database, options);
    for _ in 0..WARM_UP {
        service.create_frame(&body).await;
    }
    let idle = idle_statements(&service).await;
    let (started, before) = (Instant::now(), service.statements());
    for _ in 0..FRAMES {
        service.create_frame(&body).await;
    }
    let elapsed = started.elapsed().as_secs_f64();
    // What follows a frame has its statements too.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let others = idle * (elapsed + 2.0);
    let each = ((service.statements() - before) as f64 - others) / f64::from(FRAMES);
    show("statements of a v1 frame (without BEGIN and COMMIT)", &format!("{each:.1}"));
    show("statements of an idle instance", &format!("{idle:.1} a second"));
    drop(service);
    let traced = database.folder.path().join("syncs.txt");
    if is_installed("strace") {
        let options = InstanceOptions {
            environment: provider.environment(),
            syncs: Some(&traced),
            ..Default::default()
        };
        let service = Instance::start(&database, options);
        for _ in 0..WARM_UP {
            service.create_frame(&body).await;
        }
        let before = syncs(&traced);
        for _ in 0..FRAMES {
            service.create_frame(&body).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let each = (syncs(&traced) - before) as f64 / f64::from(FRAMES);
        show("syncs of a v1 frame by the service's process", &format!("{each:.1}"));
    } else {
        show("syncs of a v1 frame", "not counted: strace is not installed");
    }
    database.remove().await;
}

/// Returns the statements per second of an instance that nobody asks anything.
async fn idle_statements(service: &Instance) -> f64 {
    const SECONDS: u32 = 10;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = service.statements();
    tokio::time::sleep(Duration::from_secs(SECONDS.into())).await;
    (service.statements() - before) as f64 / f64::from(SECONDS)
}

fn is_installed(program: &str) -> bool {
    let run = Command::new(program).arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

/// Returns the number of syncs in a file that strace writes.
fn syncs(file: &Path) -> usize {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter(|line| !line.contains("resumed>")).count()
}

/// Measures frames of the built-in provider.
async fn built_in(database: TestDatabase) {
    const FRAMES: u32 = 60;
    let service = Instance::start(&database, InstanceOptions::default());
    let body = frame_request("built in");
    for _ in 0..WARM_UP {
        service.create_frame(&body).await;
    }
    let tell = async || drop(service.create_frame(&body).await);
    measure_each(&service, "a built-in frame", FRAMES, tell).await;
    drop(service);
    database.remove().await;
}

/// Prints the resident memory while one instance tells many frames, four at once.
async fn memory(database: TestDatabase, provider: &InstantProvider, frames: u32) {
    const CLIENTS: u32 = 4;
    let options = InstanceOptions { environment: provider.environment(), ..Default::default() };
    let service = Arc::new(Instance::start(&database, options));
    let step = (frames / 20).max(CLIENTS);
    let mut told = 0;
    while told < frames {
        let clients = (0..CLIENTS).map(|n| {
            let (service, round) = (Arc::clone(&service), told / step % 4);
            tokio::spawn(async move {
                let body: Value = frame_request(&format!("memory {n} {round}"));
                for _ in 0..step / CLIENTS {
                    service.create_frame(&body).await;
                }
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.expect("served");
        }
        told += step / CLIENTS * CLIENTS;
        let memory = meter::memory(service.id(), "VmRSS");
        show(&format!("resident memory after {told} frames"), &format!("{memory:.0} MiB"));
    }
    tokio::time::sleep(Duration::from_secs(15)).await;
    let memory = meter::memory(service.id(), "VmRSS");
    show("resident memory 15 s later", &format!("{memory:.0} MiB"));
    drop(service);
    database.remove().await;
}

/// Measures how long the real binary takes to serve, with existing tables, and its memory when idle.
async fn start_and_idle(database: TestDatabase) {
    let mut best = Duration::MAX;
    for round in 0..6 {
        let started = Instant::now();
        let service = Instance::start(&database, InstanceOptions::default());
        service.get("/readyz").await;
        // The first start creates the tables, so it is not counted.
        if round > 0 {
            best = best.min(started.elapsed());
        }
        if round == 5 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let memory = meter::memory(service.id(), "VmRSS");
            let own = meter::memory(service.id(), "RssAnon");
            // The rest are pages of the program's file, which the system drops when it needs room.
            show(
                "idle memory, and what of it is its own",
                &format!("{memory:.1} MiB, {own:.1} MiB"),
            );
        }
    }
    show("start to first response, best of 5", &format!("{:.0} ms", milliseconds(best)));
    database.remove().await;
}
