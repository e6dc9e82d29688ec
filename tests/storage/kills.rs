//! Kills the program at random during uploads, migrations and cleanups. What is stored must be complete, and a file
//! must be removed only if it is stored safely elsewhere.
//!
//! `CALLIOPE_STORAGE_KILLS=200 cargo test --test storage kills` kills more often; `CALLIOPE_KILLS_SEED` repeats a run.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use calliope::domain::{Clock, Principal};
use calliope::settings::RetentionExemption;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::bucket::{FakeBucket, FaultMode};
use super::support::process::Process;
use super::support::rng::TestRng;
use super::support::{TestApp, TestDatabase, TestOptions, client, fixture, photo, with_timeout};
use crate::on_both;

on_both! {
    nothing_is_lost_however_often_uploads_migrations_and_cleanups_are_killed;
}

/// Number of kills for each database.
const KILLS: u64 = 50;

/// Creates and deletes frames, voice profiles and recordings until `is_done` is set. Errors are expected from kills.
async fn generate_load(url: String, name: String, is_done: Arc<AtomicBool>) {
    let client = client().timeout(Duration::from_secs(10)).pool_max_idle_per_host(0).build();
    let client = client.expect("a client");
    let mut round = 0_u32;
    while !is_done.load(Ordering::Relaxed) {
        round += 1;
        let frame = json!({"client_id": name, "strategy": "literal", "input_text": "On.", "input_image": photo()});
        let _ = client.post(format!("{url}/v1/frames")).json(&frame).send().await;
        let sample = || Part::bytes(fixture("speech.mp3")).file_name("a.mp3");
        let form = Form::new().part("samples", sample()).part("samples", sample());
        let profile = format!("{url}/v2/clients/{name}/voice-profiles/p{}", round % 3);
        let _ = client.put(&profile).multipart(form).send().await;
        if round.is_multiple_of(4) {
            let _ = client.delete(&profile).send().await;
        }
        if round.is_multiple_of(5) {
            let _ = client.put(format!("{url}/v1/story/reset?client_id={name}")).send().await;
        }
    }
}

/// Starts a command that runs at the same time as the service and may be killed, too.
fn start_command(database: &TestDatabase, fake: &FakeBucket, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_calliope"))
        .args(arguments)
        .envs(database.environment())
        .envs(fake.environment())
        .env("CALLIOPE_LOG", "off")
        .current_dir(database.folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts")
}

async fn nothing_is_lost_however_often_uploads_migrations_and_cleanups_are_killed(
    database: TestDatabase,
) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let kills = number("CALLIOPE_STORAGE_KILLS").unwrap_or(KILLS);
    let seed = number("CALLIOPE_KILLS_SEED").unwrap_or_else(|| Uuid::now_v7().as_u128() as u64);
    println!("{kills} kills with CALLIOPE_KILLS_SEED={seed}");
    let mut rng = TestRng(seed);
    let fake = FakeBucket::start().await;
    std::fs::create_dir_all(database.folder.path().join("config")).expect("created");
    // The cache holds 1 MiB, so that every start has something to evict.
    let settings = "[tasks]\nlease_seconds = 1\nmax_lost_runs = 1000\n[storage]\ncache_mebibytes = 1\ninline_upload_seconds = 1\n";
    std::fs::write(database.folder.path().join("config/calliope.toml"), settings).expect("written");
    let mut process = Process::start_with_bucket(&database, &fake, 0).await;
    let port = process.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    create_old_stories(&process.url).await;
    let is_done = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..3)
        .map(|n| {
            tokio::spawn(generate_load(process.url.clone(), format!("sparrow{n}"), is_done.clone()))
        })
        .collect();
    let target = tempfile::tempdir().expect("a temporary directory");
    let to = format!("file://{}", target.path().display());
    for round in 0..kills {
        let fault_modes = [
            FaultMode::Healthy,
            FaultMode::Healthy,
            FaultMode::Unavailable,
            FaultMode::Truncates,
            FaultMode::Stalls,
        ];
        fake.set_fault_mode(fault_modes[rng.below(fault_modes.len() as u64) as usize]);
        let arguments: &[&str] = match round % 3 {
            0 => &["media", "migrate", "--from", "local", "--to", &to],
            1 => &["media", "cleanup", "--older-than", "1h", "--keep", "none"],
            _ => &["media", "sync"],
        };
        if round % 3 == 1 {
            age_stories(&database).await;
        }
        let mut command = start_command(&database, &fake, arguments);
        tokio::time::sleep(Duration::from_millis(150 + rng.below(900))).await;
        if rng.below(2) == 0 {
            let _ = command.kill();
            process.kill();
        } else {
            process.kill();
            let _ = command.kill();
        }
        command.wait().expect("reaped");
        process = Process::start_with_bucket(&database, &fake, port).await;
    }
    is_done.store(true, Ordering::Relaxed);
    fake.set_fault_mode(FaultMode::Healthy);
    for worker in workers {
        worker.await.expect("the worker ends without a panic");
    }
    process.kill();
    check(database, &fake, kills >= KILLS).await;
}

/// Creates stories that nobody continues, because each client moves on to another story.
async fn create_old_stories(url: &str) {
    let client = client().build().expect("a client");
    for n in 0..6 {
        let frame =
            json!({"client_id": format!("past{n}"), "strategy": "literal", "input_text": "Once."});
        let reset = format!("{url}/v1/story/reset?client_id=past{n}");
        for _ in 0..2 {
            let response = client.post(format!("{url}/v1/frames")).json(&frame).send().await;
            assert_eq!(response.expect("a response").status(), 200);
            let reset_response = client.put(&reset).send().await.expect("a response");
            assert!(reset_response.status().is_success(), "{reset_response:?}");
        }
    }
}

/// Makes all stories look as if they had last been updated a day ago.
async fn age_stories(database: &TestDatabase) {
    use secrecy::ExposeSecret;
    const SQL: &str = "UPDATE story SET date_updated = $1";
    let long_ago = calliope::domain::SystemClock.now() - TimeDelta::days(1);
    match &database.settings.url {
        Some(url) => {
            let pool = sqlx::PgPool::connect(url.expose_secret()).await.expect("connected");
            sqlx::query(SQL).bind(long_ago).execute(&pool).await.expect("aged");
            pool.close().await;
        }
        None => {
            let url =
                format!("sqlite://{}", database.folder.path().join("data/calliope.db").display());
            let pool = sqlx::SqlitePool::connect(&url).await.expect("connected");
            sqlx::query(SQL).bind(long_ago).execute(&pool).await.expect("aged");
            pool.close().await;
        }
    }
}

/// Starts the service once more and checks that nothing was lost.
#[expect(clippy::too_many_lines, reason = "one scenario, from its load to its last comparison")]
async fn check(database: TestDatabase, fake: &FakeBucket, is_full_run: bool) {
    let options = TestOptions {
        bucket: Some(fake.bucket()),
        clock: Arc::new(LaterClock),
        ..TestOptions::default()
    };
    let app = TestApp::start_with(database, options).await;
    with_timeout(async {
        loop {
            let open = app.store.task_counts_by_status().await.expect("counted");
            let is_open = |(status, _): &(String, i64)| matches!(&**status, "pending" | "running");
            let unsynced = app.store.sync_backlog().await.expect("counted");
            if unsynced.files == 0 && !open.iter().any(is_open) {
                return;
            }
            app.app.files().sync(|_| ()).await.expect("synced");
        }
    })
    .await;
    let job = calliope::app::jobs::ApplyRetention::new(
        &Principal::LOCAL,
        None,
        RetentionExemption::None,
        false,
    );
    let cleaned = app.app.files().run_cleanup(&job, |_| ()).await.expect("cleaned");
    let verified = app.app.files().verify(|_| ()).await.expect("verified");
    println!("{cleaned:?}; {} files", verified.files);
    assert!(verified.is_clean() && verified.recent == 0, "{verified:?}");
    assert!(verified.files > 10, "too few files were stored between the kills");
    // Each voice profile has all of its samples or does not exist.
    for n in 0..3 {
        let profiles = app.json(&format!("/v2/clients/sparrow{n}/voice-profiles")).await;
        for profile in profiles["items"].as_array().expect("profiles") {
            let samples = profile["samples"].as_array().expect("samples");
            assert_eq!(samples.len(), 2, "{profile}");
            for sample in samples {
                let bytes = app.store.media_object(sample["key"].as_str().expect("a key")).await;
                assert_eq!(
                    bytes.expect("read").expect("exists").size,
                    sample["size"].as_i64().unwrap_or(0)
                );
            }
        }
        let story: Value = app.json(&format!("/v1/story/?client_id=sparrow{n}")).await;
        for frame in story["frames"].as_array().expect("frames") {
            if let Some(url) = frame["image"]["url"].as_str() {
                let response = app.get(&format!("/{url}")).send().await.expect("a response");
                assert_eq!(response.status(), 200, "{url}");
            }
        }
    }
    let mut stripped = 0;
    for story in app.json("/admin/api/stories?limit=100").await["items"].as_array().expect("some") {
        let path = format!("/v2/stories/{}", story["story_id"].as_str().expect("an id"));
        let frames = app.json(&path).await["frames"].as_array().expect("frames").clone();
        stripped += frames.iter().filter(|frame| frame["image"].is_null()).count();
    }
    println!("{stripped} frames have lost their images");
    assert!(stripped > 0 || !is_full_run, "no cleanup deleted anything");
    app.stop_and_remove().await;
}

/// A clock that runs ahead, past the time in which a new file may not have its row yet.
#[derive(Debug)]
struct LaterClock;

impl Clock for LaterClock {
    fn now(&self) -> DateTime<Utc> {
        calliope::domain::SystemClock.now() + TimeDelta::hours(3)
    }
}
