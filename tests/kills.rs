//! The guarantee of the task table, tested with the real program: killed at random moments under load and restarted,
//! it tells every accepted frame exactly once. The same holds if PostgreSQL crashes and restarts in between.
//!
//! `CALLIOPE_KILLS=200 cargo test --test kills` kills more often; `CALLIOPE_KILLS_SEED` repeats a run.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on says why and ends"
)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use calliope::domain::{Clock, SystemClock};
use calliope::store::Store;
use serde_json::{Value, json};
use support::postgres_server::PostgresServer;
use support::process::Process;
use support::rng::TestRng;
use support::{TestDatabase, files, with_timeout};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

on_both! {
    no_frame_is_lost_or_doubled_however_often_the_process_is_killed;
}

/// Number of clients that post concurrently.
const CLIENTS: usize = 4;

/// Minimum number of kills in a run, unless `CALLIOPE_KILLS` says otherwise.
const MIN_KILLS: u64 = 25;

/// Minimum number of frames told in a run. With fewer, the kills hit few frames and the run shows little, so a run
/// goes on for up to four times as many kills.
const MIN_FRAMES: usize = 100;

/// How many runs go on at once. More would leave each other little time to tell frames between two kills.
static RUNS: Semaphore = Semaphore::const_new(2);

/// Posts one frame after another, each with a key of its own and repeated until it is answered. Returns the requested
/// texts.
async fn post_until(
    url: String,
    client_id: String,
    enough: Arc<AtomicBool>,
    told: watch::Sender<usize>,
) -> Vec<String> {
    let client = reqwest::Client::new_with_timeout();
    let mut texts = Vec::new();
    while !enough.load(Ordering::Relaxed) {
        let text = format!("{client_id} says {}", texts.len());
        let body = json!({
            "client_id": client_id, "strategy": "literal", "input_text": text,
            "input_image": support::photo(), "output_image_format": "raw", "output_image_width": 32,
        });
        let (mut killed_until, mut last) = (Instant::now(), String::new());
        loop {
            if !enough.load(Ordering::Relaxed) {
                killed_until = Instant::now();
            }
            let post = client.post(format!("{url}/v1/frames/")).header("Idempotency-Key", &text);
            match post.json(&body).send().await {
                Ok(response) if response.status() == 200 => {
                    let created: Value = response.json().await.unwrap_or_default();
                    if created.is_object() {
                        assert_eq!(created["frames"][0]["text"], format!("{text}\n"));
                        assert_eq!(
                            created["story_frame_count"],
                            texts.len() + 1,
                            "in order, without gaps"
                        );
                        break;
                    }
                }
                Ok(response) => {
                    assert_ne!(response.status(), 422, "{text}");
                    last = response.text().await.unwrap_or_default();
                }
                Err(error) => last = error.to_string(),
            }
            // While the process is killed again and again, a slow machine may tell no frame for a long time.
            let waited = killed_until.elapsed();
            assert!(waited < Duration::from_mins(1), "{text} is never told; last: {last}");
        }
        texts.push(text);
        told.send_modify(|told| *told += 1);
    }
    texts
}

/// Adds a constructor with a timeout to the HTTP client, because a killed process never answers.
trait ClientExt {
    fn new_with_timeout() -> reqwest::Client;
}

impl ClientExt for reqwest::Client {
    fn new_with_timeout() -> reqwest::Client {
        let builder = support::client().timeout(Duration::from_secs(20));
        builder.pool_max_idle_per_host(0).build().expect("a client")
    }
}

async fn no_frame_is_lost_or_doubled_however_often_the_process_is_killed(database: TestDatabase) {
    kill_under_load(database, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_frame_is_lost_or_doubled_when_postgresql_restarts_too() {
    let Some(server) = PostgresServer::start() else {
        println!("SKIPPED: no PostgreSQL server programs are named; ./scripts/test names them");
        return;
    };
    let database = TestDatabase::on_server(server.url()).await;
    with_timeout(Box::pin(kill_under_load(database, Some(server)))).await;
}

/// Posts frames while the process is killed again and again, 0.3 to 2 seconds after each start and not before a frame
/// was told. A server that is given crashes and restarts before every second kill.
async fn kill_under_load(database: TestDatabase, server: Option<PostgresServer>) {
    let _run = RUNS.acquire().await.expect("never closed");
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let kills = number("CALLIOPE_KILLS").unwrap_or(MIN_KILLS);
    let seed = number("CALLIOPE_KILLS_SEED").unwrap_or_else(|| Uuid::now_v7().as_u128() as u64);
    println!("{kills} kills with CALLIOPE_KILLS_SEED={seed}");
    let mut chance = TestRng(seed);
    // Tasks of a killed process are released when their lease expires. A short lease keeps this test short.
    std::fs::create_dir_all(database.folder.path().join("config")).expect("made");
    let settings = "[tasks]\nlease_seconds = 1\nmax_lost_runs = 1000\n";
    std::fs::write(database.folder.path().join("config/calliope.toml"), settings).expect("written");
    let mut process = Process::start(&database, 0).await;
    let port = process.url.rsplit(':').next().and_then(|p| p.parse().ok()).expect("a port");
    let enough = Arc::new(AtomicBool::new(false));
    let (sender, mut told) = watch::channel(0);
    let start = |n| {
        let (url, client_id) = (process.url.clone(), format!("sparrow{n}"));
        tokio::spawn(post_until(url, client_id, Arc::clone(&enough), sender.clone()))
    };
    let clients: Vec<_> = (0..CLIENTS).map(start).collect();
    for kill in 0..kills * 4 {
        let told_before = *told.borrow();
        if kill >= kills && told_before >= MIN_FRAMES {
            break;
        }
        tokio::time::sleep(Duration::from_millis(300 + chance.below(1700))).await;
        if let Some(server) = server.as_ref().filter(|_| kill % 2 == 1) {
            server.restart();
        }
        // On a slow machine the kill waits for a frame, so that it finds others under way.
        told.wait_for(|told| *told > told_before).await.expect("the clients go on");
        process.kill();
        process = Process::start(&database, port).await;
    }
    enough.store(true, Ordering::Relaxed);
    let mut count = 0;
    for (n, client) in clients.into_iter().enumerate() {
        let texts = client.await.expect("every post was answered in the end");
        check_story(&process.url, &format!("sparrow{n}"), &texts).await;
        count += texts.len();
    }
    println!("{count} frames were told");
    assert!(count >= MIN_FRAMES, "only {count} frames were told between the kills");
    process.kill();
    check_files(&database).await;
    database.remove().await;
}

/// Checks that a client's story has exactly the requested texts.
async fn check_story(url: &str, client_id: &str, texts: &[String]) {
    let read =
        reqwest::Client::new_with_timeout().get(format!("{url}/v1/story/?client_id={client_id}"));
    let story: Value = read.send().await.expect("an answer").json().await.expect("JSON");
    let stored: Vec<String> = story["frames"]
        .as_array()
        .expect("frames")
        .iter()
        .map(|frame| frame["text"].as_str().unwrap_or_default().trim_end().to_owned())
        .collect();
    assert_eq!(stored, texts, "{client_id}");
    assert_eq!(story["story_frame_count"], texts.len());
}

/// Checks that after the next start the folders hold exactly the files that rows refer to.
async fn check_files(database: &TestDatabase) {
    let store = Store::connect(&database.settings).await.expect("connected");
    // As if the grace period of a shared database had passed.
    let later = SystemClock.now() + chrono::TimeDelta::hours(3);
    let options = support::TestOptions {
        clock: Arc::new(FixedClock(later)),
        ..support::TestOptions::default()
    };
    let shutdown = CancellationToken::new();
    let sweeper = support::build_app(store.clone(), database.storage(), shutdown, options);
    sweeper.ops().run_maintenance(later).await.expect("swept");
    let (mut on_disk, mut referred_to) = (BTreeSet::new(), 0);
    for folder in ["media", "input"] {
        let names = files(&database.folder.path().join(folder));
        on_disk.extend(names.into_iter().map(|name| format!("{folder}/{name}")));
    }
    for key in &on_disk {
        let object = store.media_object(key).await.expect("read");
        let object = object.unwrap_or_else(|| panic!("{key} belongs to nothing"));
        check_bytes(&database.folder.path().join(key), object.size);
        referred_to += 1;
    }
    assert_eq!(referred_to, count_objects(database).await, "every row has its file");
    store.close().await;
}

fn check_bytes(path: &Path, size: i64) {
    let length = std::fs::metadata(path).expect("there").len();
    assert_eq!(i64::try_from(length).expect("small"), size, "{} is whole", path.display());
}

async fn count_objects(database: &TestDatabase) -> i64 {
    use secrecy::ExposeSecret;
    const SQL: &str = "SELECT COUNT(*) FROM media_object";
    match &database.settings.url {
        Some(url) => {
            let pool = sqlx::PgPool::connect(url.expose_secret()).await.expect("connected");
            sqlx::query_scalar(SQL).fetch_one(&pool).await.expect("counted")
        }
        None => {
            let url = format!("sqlite://{}", database.settings.path.display());
            let pool = sqlx::SqlitePool::connect(&url).await.expect("connected");
            sqlx::query_scalar(SQL).fetch_one(&pool).await.expect("counted")
        }
    }
}

/// A clock that always returns the same time.
#[derive(Debug)]
struct FixedClock(chrono::DateTime<chrono::Utc>);

impl calliope::domain::Clock for FixedClock {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.0
    }
}
