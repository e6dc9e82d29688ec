//! Searches 100,000 frames in each mode and reads the patterns of 10,000 clients, on both databases.
//!
//! The offline provider writes the frames. The embedding model responds at once with vectors of 384 dimensions that
//! depend on a text's words, so that the figures are Calliope's own. `CALLIOPE_TEST_POSTGRES` names the PostgreSQL
//! server; without it, only SQLite is measured. `CALLIOPE_BENCH_FRAMES` and `CALLIOPE_BENCH_CLIENTS` set other
//! numbers.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says why and ends"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use calliope::app::{Actor, ModelDefaults, SearchMode, SearchRequest};
use calliope::compute::Compute;
use calliope::domain::Principal;
use calliope::inference::offline::composer;
use calliope::inference::{
    CallContext, EmbeddingModel, Failure, FrameContext, ModelResponse, Provider, Registry, Usage,
    offline,
};
use calliope::settings::{ModelSettings, ProviderSettings};
use calliope::store::{KnowledgeLimits, NewFrame, NewStory, Pattern, Store};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use support::{TestApp, TestDatabase, TestOptions};
use uuid::Uuid;

/// Dimensions of a vector.
const DIMENSION: usize = 384;

/// Frames per story.
const FRAMES_PER_STORY: usize = 20;

/// Patterns per client.
const PATTERNS: usize = 100;

/// Searches per mode. Each phrase is searched for several times.
const ROUNDS: usize = 400;

/// An embedding model that responds at once. Each word has a direction; a text's vector is the sum over its words.
struct InstantModel;

#[async_trait]
impl EmbeddingModel for InstantModel {
    async fn embed(
        &self,
        _: &CallContext<'_>,
        texts: &[String],
    ) -> Result<ModelResponse<Vec<Vec<f32>>>, Failure> {
        let vectors = texts.iter().map(|text| vector(text)).collect();
        Ok(ModelResponse::new(vectors, Usage::default()))
    }
}

fn vector(text: &str) -> Vec<f32> {
    let mut sum = vec![0.01_f32; DIMENSION];
    for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()) {
        let mut hasher = DefaultHasher::new();
        word.hash(&mut hasher);
        let mut state = hasher.finish() | 1;
        for number in &mut sum {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *number += (state as i32 as f32) / (i32::MAX as f32);
        }
    }
    sum
}

fn options() -> TestOptions {
    let provider = Provider { embedding: Some(Arc::new(InstantModel)), ..Provider::default() };
    let offline = offline::provider(Compute::new());
    let model_settings =
        ModelSettings { embedding: Some("instant/words".to_owned()), ..ModelSettings::default() };
    TestOptions {
        registry: Some(
            Registry::default()
                .with_provider(offline::NAME, offline)
                .with_provider("instant", provider),
        ),
        choices: ModelDefaults::from_settings(&model_settings, &ProviderSettings::default()),
        ..TestOptions::default()
    }
}

/// Returns the number in an environment variable.
fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn time(at: usize) -> DateTime<Utc> {
    let at = i64::try_from(at).expect("a small number");
    // In the future, so that nothing is due and workers leave the index alone.
    DateTime::UNIX_EPOCH + TimeDelta::days(30_000) + TimeDelta::minutes(at)
}

/// Prints the median and the 99th percentile of the times, in milliseconds.
fn show(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!("{what:<58} p50 {:>8.2} ms   p99 {:>8.2} ms", at(0.5), at(0.99));
}

/// Writes stories of the offline provider and returns some of their texts.
async fn fill(store: &Store, frames: usize) -> Vec<String> {
    let mut texts = Vec::new();
    for story in 0..frames / FRAMES_PER_STORY {
        let id = Uuid::now_v7();
        let mut context = FrameContext { seed: story as u64, ..FrameContext::empty() };
        let mut tx = store.begin().await.expect("a transaction");
        let client = format!("sparrow {}", story % 500);
        tx.create_story(NewStory {
            id,
            client_id: &client,
            flock_id: None,
            strategy: "fern",
            storyteller: "fern",
            now: time(story),
        })
        .await
        .expect("created");
        let count = i32::try_from(FRAMES_PER_STORY).expect("a small number");
        let now = time(story);
        assert!(tx.reserve_frame_numbers(id, 0, count, &Value::Null, now).await.expect("reserved"));
        for frame in 0..count {
            context.frame_number = frame.unsigned_abs();
            let tale = composer::compose(&context);
            context.memory = tale.memory;
            tx.insert_frame(NewFrame {
                story_id: id,
                number: frame,
                text: Some(&tale.text),
                image_id: None,
                device_image_id: None,
                illustration: &tale.illustration,
                seen: None,
                heard: None,
                language: None,
                min_duration_seconds: 20,
                trigger_condition: None,
                metadata: &json!({"strategy_config": "fern"}),
                state_before: &Value::Null,
                now,
            })
            .await
            .expect("added");
            if (story * FRAMES_PER_STORY + frame as usize).is_multiple_of(97) {
                texts.push(tale.text);
            }
        }
        tx.save().await.expect("saved");
    }
    texts
}

/// Returns two to four words of each text, as a person would remember a frame.
fn phrases(texts: &[String]) -> Vec<String> {
    let phrase = |(n, text): (usize, &String)| {
        let words: Vec<&str> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 5).collect();
        let count = 2 + n % 3;
        let chosen = (0..count).filter_map(|k| words.get((n * 7 + k * 5) % words.len().max(1)));
        chosen.copied().collect::<Vec<_>>().join(" ")
    };
    let all = texts.iter().enumerate().map(phrase).filter(|phrase| !phrase.is_empty());
    all.take(ROUNDS / 4).collect()
}

async fn search(app: &TestApp, phrases: &[String], mode: SearchMode) -> Vec<Duration> {
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let query = phrases[round % phrases.len()].clone();
        let request = SearchRequest { query, mode, limit: 20, ..SearchRequest::default() };
        let actor = Actor { principal: &Principal::LOCAL, client_id: None };
        let started = Instant::now();
        let found = app.app.search().search(actor, &request).await.expect("found");
        // The first search for a phrase also computes its vector, so it is not counted.
        if round >= phrases.len() {
            times.push(started.elapsed());
        }
        assert_eq!(found.mode, mode);
        assert!(!found.results.is_empty(), "{}", request.query);
    }
    times
}

async fn measure_search(database: TestDatabase) {
    let frames = number("CALLIOPE_BENCH_FRAMES", 100_000);
    let app = TestApp::start_with(database, options()).await;
    let started = Instant::now();
    let texts = fill(&app.store, frames).await;
    println!("{frames} frames written in {:.0} s", started.elapsed().as_secs_f64());
    let phrases = phrases(&texts);
    // Workers may have started to build the index.
    app.app.search().clear_index().await.expect("cleared");
    let started = Instant::now();
    app.app.search().index_all(u64::MAX, |_| ()).await.expect("indexed");
    let status = app.app.search().index_status().await.expect("a status");
    assert_eq!((status.waiting, status.frames), (0, i64::try_from(frames).expect("a number")));
    println!("index of {} pieces built in {:.1} s", status.pieces, started.elapsed().as_secs_f64());
    let before = resident();
    let started = Instant::now();
    search(&app, &phrases[..1], SearchMode::Semantic).await;
    println!(
        "index read into memory and {ROUNDS} searches: {:.1} s, {} MiB more resident",
        started.elapsed().as_secs_f64(),
        (resident().saturating_sub(before)) >> 20
    );
    for (what, mode) in [
        ("by words", SearchMode::Lexical),
        ("by meaning", SearchMode::Semantic),
        ("both", SearchMode::Hybrid),
    ] {
        let _warm = search(&app, &phrases, mode).await;
        show(what, search(&app, &phrases, mode).await);
    }
    app.stop_and_remove().await;
}

/// Returns the resident memory of this process, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0);
    pages * 4096
}

async fn measure_patterns(database: TestDatabase) {
    let clients = number("CALLIOPE_BENCH_CLIENTS", 10_000);
    let store = database.store().await;
    let started = Instant::now();
    for batch in (0..clients).collect::<Vec<_>>().chunks(100) {
        let mut tx = store.begin().await.expect("a transaction");
        for client in batch {
            for key in 0..PATTERNS {
                let pattern = Pattern {
                    kind: ["subject", "colour", "place", "time"][key % 4].to_owned(),
                    key: format!("thing {key}"),
                    value: json!({"times": key}),
                    confidence: (key * 37 % 100) as f64 / 100.0,
                    evidence: Some(1.0),
                    date_created: time(0),
                    date_updated: time(key),
                };
                tx.upsert_pattern(&format!("sparrow {client}"), &pattern).await.expect("written");
            }
        }
        tx.save().await.expect("saved");
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{} patterns written in {seconds:.0} s", clients * PATTERNS);
    let name = |round: usize| format!("sparrow {}", round * 7919 % clients);
    let mut times: [Vec<Duration>; 4] = std::array::from_fn(|_| Vec::new());
    for round in 0..2 * ROUNDS {
        let client = name(round);
        let mut record = |query: usize, started: Instant| times[query].push(started.elapsed());
        let started = Instant::now();
        let all = store.patterns(&client, None, ("", ""), 100).await.expect("read");
        record(0, started);
        let started = Instant::now();
        let some = store.patterns(&client, Some("colour"), ("", ""), 100).await.expect("read");
        record(1, started);
        let started = Instant::now();
        let one = store.pattern(&client, "time", "thing 3").await.expect("read");
        record(2, started);
        let started = Instant::now();
        let limits = KnowledgeLimits { patterns: 40, context: 0, insights: 0 };
        let now = chrono::DateTime::UNIX_EPOCH;
        let known = store.client_knowledge(&client, now, limits).await.expect("read");
        record(3, started);
        let strongest = known.patterns;
        assert_eq!((all.len(), some.len(), one.is_some(), strongest.len()), (100, 25, true, 40));
    }
    let what = ["a client's 100 patterns", "its 25 of a type", "one pattern", "its 40 strongest"];
    for (what, times) in what.into_iter().zip(times) {
        show(what, times);
    }
    store.close().await;
    database.remove().await;
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for is_sqlite in [true, false] {
            let database = || TestDatabase::of_kind(is_sqlite);
            let Some(first) = database().await else { return };
            println!("\n{} ({cores} cores)", if is_sqlite { "SQLite" } else { "PostgreSQL" });
            measure_search(first).await;
            if number("CALLIOPE_BENCH_CLIENTS", 10_000) > 0 {
                measure_patterns(database().await.expect("the database starts again")).await;
            }
        }
    });
}
