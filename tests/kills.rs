//! The guarantee of the task table, tested with the real program: killed at random moments under load and restarted,
//! it tells every accepted frame exactly once.
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
use support::process::Process;
use support::rng::TestRng;
use support::{TestDatabase, files};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

on_both! {
    no_frame_is_lost_or_doubled_however_often_the_process_is_killed;
}

/// Number of clients that post concurrently.
const CLIENTS: usize = 4;

static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Posts one frame after another, each with a key of its own and repeated until it is answered. Returns the requested
/// texts.
async fn post_until(url: String, client_id: String, enough: Arc<AtomicBool>) -> Vec<String> {
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
    // Run one at a time, because two in parallel would leave each other little time to tell frames between two kills.
    let _alone = ALONE.lock().await;
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let kills = number("CALLIOPE_KILLS").unwrap_or(100);
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
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| {
            tokio::spawn(post_until(process.url.clone(), format!("sparrow{n}"), enough.clone()))
        })
        .collect();
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(20 + chance.below(680))).await;
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
    assert!(count >= CLIENTS, "the kills came too fast for any frame to be told");
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
    let stopping = CancellationToken::new();
    let sweeper = support::build_app(store.clone(), database.storage(), stopping, options);
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
