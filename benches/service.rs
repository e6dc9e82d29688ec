//! The complete service over HTTP, with a provider that responds at once, so that the figures are Calliope's own.
//!
//! Client and server share this process and its cores, so the figures are rather too high.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says why and ends"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use calliope::app::ModelDefaults;
use calliope::compute::Compute;
use calliope::domain::ImageAnalysis;
use calliope::imaging;
use calliope::inference::{
    CallContext, Failure, GeneratedImage, ImageModel, ImageRequest, ModelResponse, Provider,
    Registry, StructuredModel, StructuredRequest, Usage, VisionModel, VisionRequest, offline,
};
use calliope::settings;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use serde_json::{Value, json};
use support::{TestApp, TestDatabase, TestOptions};

/// A model that responds at once: with a passage, a 1024×1024 PNG or an image analysis.
struct InstantModel {
    png: Vec<u8>,
    call_count: AtomicU64,
}

#[async_trait]
impl StructuredModel for InstantModel {
    async fn generate_structured(
        &self,
        _: &CallContext<'_>,
        request: &StructuredRequest,
    ) -> Result<ModelResponse<Value>, Failure> {
        // Each passage differs, because a model that repeats itself is asked again.
        let number = self.call_count.fetch_add(1, Ordering::Relaxed);
        let properties = request.schema["properties"].as_object().expect("properties");
        let text = format!("Keeper {number} lit lamp {number}; letter {number} was wet.");
        let fill = |schema: &Value| match schema["type"].as_str() {
            Some("array") => json!(["One thing led to another."]),
            _ => json!(text),
        };
        let value = properties.iter().map(|(name, schema)| (name.clone(), fill(schema))).collect();
        Ok(ModelResponse::new(Value::Object(value), Usage::default()))
    }
}

#[async_trait]
impl ImageModel for InstantModel {
    async fn generate_image(
        &self,
        _: &CallContext<'_>,
        _: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure> {
        Ok(ModelResponse::new(GeneratedImage::Encoded(self.png.clone()), Usage::default()))
    }
}

#[async_trait]
impl VisionModel for InstantModel {
    async fn describe_image(
        &self,
        _: &CallContext<'_>,
        _: &VisionRequest,
    ) -> Result<ModelResponse<ImageAnalysis>, Failure> {
        let description = "A person in orange.".to_owned();
        Ok(ModelResponse::new(
            ImageAnalysis { description, ..ImageAnalysis::default() },
            Usage::default(),
        ))
    }
}

fn registry() -> Registry {
    let photo = imaging::decode(&support::fixture("astronaut_640x480.jpg")).expect("a JPEG");
    let large = imaging::fit(&photo, Some(1024), Some(1024)).expect("fits");
    // Providers use adaptive filters, which take longer to decode than Calliope's own PNGs.
    let mut png = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive);
    large.write_with_encoder(encoder).expect("encodes");
    let model = Arc::new(InstantModel { png, call_count: AtomicU64::new(0) });
    let provider = Provider {
        structured: Some(model.clone()),
        image: Some(model.clone()),
        vision: Some(model),
        ..Provider::default()
    };
    let offline = offline::provider(Compute::new());
    Registry::default().with_provider(offline::NAME, offline).with_provider("instant", provider)
}

/// Chooses the instant provider for every capability.
fn model_defaults() -> ModelDefaults {
    let instant = Some("instant/model".to_owned());
    let model_settings = settings::ModelSettings {
        text: instant.clone(),
        image: instant.clone(),
        vision: instant,
        ..settings::ModelSettings::default()
    };
    ModelDefaults::from_settings(&model_settings, &settings::ProviderSettings::default())
}

fn frame_request(client_id: &str) -> Value {
    json!({
        "client_id": client_id, "input_image": support::photo(), "output_image_format": "rgb565",
        "output_image_width": 320, "output_image_height": 320,
    })
}

fn show(what: &str, figure: &str) {
    println!("{what:<58} {figure}");
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Returns the processor time that this process has used.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields.iter().skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        println!(
            "service (SQLite; {} cores)",
            std::thread::available_parallelism().map_or(1, usize::from)
        );
        let options = TestOptions {
            registry: Some(registry()),
            choices: model_defaults(),
            ..TestOptions::default()
        };
        let app = Arc::new(TestApp::start_with(TestDatabase::sqlite(), options).await);
        one_frame_at_a_time(&app).await;
        eight_frames_at_once(&app).await;
        read_a_story(&app).await;
        list_stories(&app).await;
        Arc::into_inner(app).expect("no other task holds the app").stop_and_remove().await;
        start_and_idle().await;
    });
}

async fn one_frame_at_a_time(app: &TestApp) {
    const FRAMES: u32 = 100;
    let body = frame_request("one");
    for _ in 0..5 {
        app.create_frame(body.clone()).await;
    }
    let (started, before) = (Instant::now(), processor_time());
    let mut times = Vec::new();
    for _ in 0..FRAMES {
        let frame_started = Instant::now();
        app.create_frame(body.clone()).await;
        times.push(frame_started.elapsed());
    }
    times.sort();
    let (all, processor) =
        (started.elapsed() / FRAMES, processor_time().saturating_sub(before) / FRAMES);
    show("a v1 frame: mean latency", &format!("{:.1} ms", milliseconds(all)));
    show("a v1 frame: median latency", &format!("{:.1} ms", milliseconds(times[50])));
    show(
        "a v1 frame: processor time, client included",
        &format!("{:.1} ms", milliseconds(processor)),
    );
}

async fn eight_frames_at_once(app: &Arc<TestApp>) {
    const EACH: u32 = 40;
    let busy = Arc::new(AtomicBool::new(true));
    let watcher = tokio::spawn({
        let (app, busy) = (app.clone(), busy.clone());
        async move {
            let mut times = Vec::new();
            while busy.load(Ordering::Relaxed) {
                let started = Instant::now();
                app.json("/v1/config/strategy/").await;
                times.push(started.elapsed());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            times.sort();
            times
        }
    });
    let started = Instant::now();
    let clients = (0..8).map(|n| {
        let app = app.clone();
        tokio::spawn(async move {
            let body = frame_request(&format!("of eight {n}"));
            for _ in 0..EACH {
                app.create_frame(body.clone()).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("served");
    }
    let rate = f64::from(8 * EACH) / started.elapsed().as_secs_f64();
    busy.store(false, Ordering::Relaxed);
    let times = watcher.await.expect("watched");
    show("v1 frames, 8 at once", &format!("{rate:.0} a second"));
    let p99 = times[times.len() * 99 / 100];
    show("an unrelated request meanwhile, p99", &format!("{:.1} ms", milliseconds(p99)));
}

async fn fetch(app: &TestApp, path: &str) {
    let response = app.get(path).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert!(!response.bytes().await.expect("bytes").is_empty());
}

/// Measures the latency of one reader, then the rate of 16 readers that read as fast as they can.
async fn read(app: &Arc<TestApp>, what: &str, path: &'static str) {
    const READS: u32 = 500;
    for _ in 0..50 {
        fetch(app, path).await;
    }
    let started = Instant::now();
    for _ in 0..READS {
        fetch(app, path).await;
    }
    show(
        &format!("{what}: latency"),
        &format!("{:.2} ms", milliseconds(started.elapsed() / READS)),
    );
    let started = Instant::now();
    let readers = (0..16).map(|_| {
        let app = app.clone();
        tokio::spawn(async move {
            for _ in 0..READS {
                fetch(&app, path).await;
            }
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await.expect("read");
    }
    let rate = f64::from(16 * READS) / started.elapsed().as_secs_f64();
    show(&format!("{what}: 16 at once"), &format!("{rate:.0} a second"));
}

async fn read_a_story(app: &Arc<TestApp>) {
    for _ in 0..20 {
        app.create_frame(frame_request("reader")).await;
    }
    read(app, "read a story of 20 frames", "/v1/story/?client_id=reader").await;
}

async fn list_stories(app: &Arc<TestApp>) {
    for _ in 0..50 {
        app.create_frame(frame_request("lister")).await;
        app.put("/v1/story/reset/?client_id=lister").send().await.expect("reset");
    }
    read(app, "list 50 stories", "/v1/stories/?client_id=lister").await;
}

/// Measures the program's time from start to first response, and its memory when idle.
async fn start_and_idle() {
    let database = TestDatabase::sqlite();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a port")
        .port();
    let mut best = Duration::MAX;
    for round in 0..6 {
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_calliope"))
            .envs(database.environment())
            .env("PORT", port.to_string())
            .current_dir(database.folder.path())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let url = format!("http://127.0.0.1:{port}/readyz");
        while !support::client()
            .build()
            .expect("a client")
            .get(&url)
            .send()
            .await
            .is_ok_and(|answer| answer.status() == 200)
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // The first start creates the database, so it is not counted.
        if round > 0 {
            best = best.min(started.elapsed());
        }
        if round == 5 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
            let status = status.unwrap_or_default();
            let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let kibibytes = resident.and_then(|r| r.split_whitespace().next()?.parse::<f64>().ok());
            show("idle memory", &format!("{:.1} MiB", kibibytes.unwrap_or(f64::NAN) / 1024.0));
        }
        child.kill().expect("killed");
        child.wait().expect("reaped");
    }
    show("start to first response, best of 5", &format!("{:.0} ms", milliseconds(best)));
    database.remove().await;
}
