//! Sparrows against instances: each Sparrow sends a photo every so often, asks for its newest frame in between, and
//! reports its battery. It shows how many of them a machine serves, and what each of them costs the service and the
//! database.
//!
//! ```sh
//! cargo bench --bench sparrows -- --sparrows 50,100,200 --photo-seconds 60 --instances 2 --seconds 60
//! ```
//!
//! The instances, the provider and PostgreSQL are processes of their own; the bench itself is the Sparrows. Requests go to
//! the instances in turn, as behind a load balancer without affinity. A Sparrow keeps its schedule, however long answers
//! take: a photo that is due while the one before is under way is late and is skipped.
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

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Parser;
use harness::instance::{Instance, InstanceOptions};
use harness::provider::InstantProvider;
use harness::readings::{Meters, Reading};
use harness::{frame_request, milliseconds, quantile, show};
use reqwest::RequestBuilder;
use reqwest::header::{ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};
use support::TestDatabase;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

/// Simulates Sparrows against instances of the service.
#[derive(Debug, Clone, Parser)]
struct Arguments {
    /// Numbers of Sparrows, one measurement for each.
    #[arg(long, value_delimiter = ',', default_value = "50")]
    sparrows: Vec<usize>,
    /// Number of instances.
    #[arg(long, default_value_t = 2)]
    instances: usize,
    /// Time between two photos of a Sparrow; 0 for no photos.
    #[arg(long, default_value_t = 60.0)]
    photo_seconds: f64,
    /// Time between two polls of a Sparrow for its newest frame; 0 for no polls.
    #[arg(long, default_value_t = 15.0)]
    poll_seconds: f64,
    /// Time between two reports of a Sparrow's telemetry; 0 for none.
    #[arg(long, default_value_t = 60.0)]
    telemetry_seconds: f64,
    /// Length of a measurement.
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// Use SQLite, with one instance.
    #[arg(long)]
    sqlite: bool,
    /// Tell frames without a photo or a picture (the strategy `literal`), so that the database is most of the work.
    #[arg(long)]
    words_only: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What Sparrows ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Photo,
    Poll,
    Telemetry,
}

const KINDS: [(Kind, &str); 3] =
    [(Kind::Photo, "frames"), (Kind::Poll, "polls"), (Kind::Telemetry, "telemetry")];

/// A request that has ended.
#[derive(Debug, Clone, Copy)]
struct Sample {
    kind: Kind,
    took: Duration,
    succeeded: bool,
    bytes: usize,
}

/// The service as Sparrows see it.
struct Service {
    instances: Vec<Instance>,
    turn: AtomicUsize,
    client: reqwest::Client,
    samples: Mutex<Vec<Sample>>,
    late: AtomicUsize,
    is_measuring: AtomicBool,
}

fn main() {
    harness::provider::serve_if_asked();
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(run(&arguments));
}

async fn run(arguments: &Arguments) {
    let provider = InstantProvider::start();
    let database = if arguments.sqlite {
        TestDatabase::sqlite()
    } else {
        let database = TestDatabase::postgres().await;
        database.expect("CALLIOPE_TEST_POSTGRES names a PostgreSQL server; or choose --sqlite")
    };
    let count = if arguments.sqlite { 1 } else { arguments.instances };
    let start = || {
        let options = InstanceOptions { environment: provider.environment(), ..Default::default() };
        Instance::start(&database, options)
    };
    let instances: Vec<Instance> = (0..count).map(|_| start()).collect();
    let client = support::client().timeout(Duration::from_mins(3)).build().expect("a client");
    let service = Arc::new(Service {
        instances,
        turn: AtomicUsize::new(0),
        client,
        samples: Mutex::default(),
        late: AtomicUsize::new(0),
        is_measuring: AtomicBool::new(false),
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kind = if arguments.sqlite { "SQLite" } else { "PostgreSQL" };
    println!("{count} instances on {kind}, {cores} cores for everything");
    let mut meters = Meters::of(&database).await;
    meters.describe().await;
    for &sparrows in &arguments.sparrows {
        measure(&service, &mut meters, arguments, sparrows).await;
    }
    drop(meters);
    drop(Arc::into_inner(service).expect("every Sparrow has stopped"));
    database.remove().await;
}

/// Runs the Sparrows and prints what they saw and used.
async fn measure(
    service: &Arc<Service>,
    meters: &mut Meters,
    arguments: &Arguments,
    sparrows: usize,
) {
    println!("\n{sparrows} Sparrows");
    let photo = if arguments.words_only {
        json!({"input_text": "A red kettle on a cold stove.", "strategy": "literal"})
    } else {
        frame_request("")
    };
    let photo = Arc::new(photo);
    let flock: Vec<_> = (0..sparrows)
        .flat_map(|number| {
            let sparrow = Sparrow {
                service: Arc::clone(service),
                client_id: format!("sparrow-{number}"),
                photo: Arc::clone(&photo),
                etag: Mutex::default(),
            };
            sparrow.start(number as f64 / sparrows as f64, arguments)
        })
        .collect();
    // One period, so that every Sparrow has a story, its configuration is cached, and the rate is steady.
    let period = arguments.photo_seconds.max(arguments.poll_seconds).max(5.0);
    sleep(Duration::from_secs_f64(period)).await;
    let before = meters.read(&service.instances).await;
    service.late.store(0, Ordering::Relaxed);
    service.samples.lock().unwrap_or_else(PoisonError::into_inner).clear();
    service.is_measuring.store(true, Ordering::Relaxed);
    let started = Instant::now();
    let mut connections = 0;
    while started.elapsed().as_secs_f64() < arguments.seconds {
        sleep(Duration::from_secs(1)).await;
        connections = connections.max(meters.connections().await);
    }
    service.is_measuring.store(false, Ordering::Relaxed);
    let used = meters.read(&service.instances).await.since(&before);
    for schedule in &flock {
        schedule.abort();
    }
    for schedule in flock {
        let _ = schedule.await;
    }
    let samples =
        std::mem::take(&mut *service.samples.lock().unwrap_or_else(PoisonError::into_inner));
    report(&samples, &used, started.elapsed().as_secs_f64());
    show("frames that were late and skipped", &service.late.load(Ordering::Relaxed).to_string());
    if connections > 0 {
        show("most connections to PostgreSQL", &connections.to_string());
    }
}

fn report(samples: &[Sample], used: &Reading, seconds: f64) {
    for (kind, name) in KINDS {
        let of_kind = samples.iter().filter(|sample| sample.kind == kind);
        let mut times: Vec<_> = of_kind.clone().map(|sample| sample.took).collect();
        if times.is_empty() {
            continue;
        }
        let failed = of_kind.clone().filter(|sample| !sample.succeeded).count();
        let bytes: usize = of_kind.map(|sample| sample.bytes).sum();
        let (rate, each) = (times.len() as f64 / seconds, bytes / times.len());
        let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|share| quantile(&mut times, share));
        show(
            name,
            &format!(
                "{rate:.2} a second; p50 {:.1}, p95 {:.1}, p99 {:.1} ms; {each} bytes each; {failed} failed",
                milliseconds(p50),
                milliseconds(p95),
                milliseconds(p99),
            ),
        );
    }
    let frames = samples.iter().filter(|sample| sample.kind == Kind::Photo && sample.succeeded);
    let frames = frames.count();
    let show_used = |what: &str, total: f64, unit: &str| {
        let rate = format!("{:.2} {unit} a second", total / seconds);
        let each = if frames == 0 {
            String::new()
        } else {
            format!("; {:.2} {unit} a frame, with its Sparrow's polls", total / frames as f64)
        };
        show(what, &format!("{rate}{each}"));
    };
    show_used("processor time of the instances", milliseconds(used.service), "ms");
    show("most resident memory of an instance", &format!("{:.0} MiB", used.memory));
    if let Some(database) = &used.database {
        if let Some(time) = database.processor {
            show_used("processor time of PostgreSQL", milliseconds(time), "ms");
        }
        show_used("transactions", database.transactions, "transactions");
        if let Some(statements) = database.statements {
            show_used("statements", statements, "statements");
        }
        show_used("write-ahead log", database.log_bytes / 1024.0, "KiB");
        show_used("growth of the database", database.bytes / 1024.0, "KiB");
    }
}

/// A Sparrow, whose three schedules do not wait for each other.
struct Sparrow {
    service: Arc<Service>,
    client_id: String,
    photo: Arc<Value>,
    /// The tag of the newest frame that it has.
    etag: Mutex<Option<String>>,
}

impl Sparrow {
    /// Starts its schedules, which run until they are aborted. `phase` is where in its period it begins, 0-1.
    fn start(self, phase: f64, arguments: &Arguments) -> Vec<JoinHandle<()>> {
        let sparrow = Arc::new(self);
        let periods = [
            (Kind::Photo, arguments.photo_seconds, phase),
            (Kind::Poll, arguments.poll_seconds, phase * 0.5),
            (Kind::Telemetry, arguments.telemetry_seconds, phase * 0.7),
        ];
        let run = |(kind, seconds, phase): (Kind, f64, f64)| {
            let sparrow = Arc::clone(&sparrow);
            (seconds > 0.0)
                .then(|| tokio::spawn(async move { sparrow.repeat(kind, seconds, phase).await }))
        };
        periods.into_iter().filter_map(run).collect()
    }

    /// Sends a request once per period and counts the periods in which one was still under way.
    async fn repeat(&self, kind: Kind, seconds: f64, phase: f64) {
        let period = Duration::from_secs_f64(seconds);
        let mut clock = interval_at(Instant::now() + period.mul_f64(phase), period);
        clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            clock.tick().await;
            let started = Instant::now();
            self.send(kind).await;
            if kind == Kind::Photo {
                let missed = started.elapsed().as_secs_f64() / seconds;
                self.service.late.fetch_add(missed as usize, Ordering::Relaxed);
            }
        }
    }

    async fn send(&self, kind: Kind) {
        let (client, url) = (&self.service.client, self.service.next());
        let client_id = &self.client_id;
        let request = match kind {
            Kind::Photo => {
                let mut body = (*self.photo).clone();
                body["client_id"] = json!(client_id);
                client.post(format!("{url}/v1/frames/")).json(&body)
            }
            Kind::Poll => {
                let request = client.get(format!("{url}/v2/clients/{client_id}/next"));
                let known = self.etag.lock().unwrap_or_else(PoisonError::into_inner).clone();
                known.into_iter().fold(request, |request, etag| request.header(IF_NONE_MATCH, etag))
            }
            Kind::Telemetry => {
                let report =
                    json!({"battery_percent": 81.0, "rssi_dbm": -60, "wake_reason": "timer"});
                client.post(format!("{url}/v2/clients/{client_id}/telemetry")).json(&report)
            }
        };
        let etag = self.service.send(kind, request).await;
        if let (Kind::Poll, Some(etag)) = (kind, etag) {
            *self.etag.lock().unwrap_or_else(PoisonError::into_inner) = Some(etag);
        }
    }
}

impl Service {
    /// Returns the URL of the instance whose turn it is.
    fn next(&self) -> &str {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        &self.instances[turn % self.instances.len()].url
    }

    /// Sends a request and records what became of it. Returns the tag of the response.
    async fn send(&self, kind: Kind, request: RequestBuilder) -> Option<String> {
        let started = Instant::now();
        let answer = request.send().await;
        let (mut succeeded, mut bytes, mut etag) = (false, 0, None);
        if let Ok(answer) = answer {
            let status = answer.status();
            // A Sparrow without a frame is told so; one that has the newest gets 304.
            succeeded = status.is_success() || kind == Kind::Poll && status.as_u16() < 500;
            etag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
            match answer.bytes().await {
                Ok(body) => bytes = body.len(),
                Err(_) => succeeded = false,
            }
        }
        if self.is_measuring.load(Ordering::Relaxed) {
            let sample = Sample { kind, took: started.elapsed(), succeeded, bytes };
            self.samples.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
        }
        etag
    }
}
