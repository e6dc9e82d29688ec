//! Three instances share nothing but a database and a bucket. Clients send photographs and sounds to any of them, while
//! instances are killed and lose their disks, and while the bucket stalls. A provider says what it saw and heard.
//!
//! `CALLIOPE_INSTANCES_FRAMES=300 cargo test --test instances photograph` tells more frames, and stalls the bucket for a
//! minute; `CALLIOPE_KILLS_SEED` repeats a run. With `CALLIOPE_TEST_S3`, the bucket is that of an emulator.

use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use calliope::audio::{PcmFormat, pcm_to_wav};
use calliope::settings::Cloud;
use futures_util::future::join_all;
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

use super::support::bucket::FakeBucket;
use super::support::process::Process;
use super::support::provider::{FakeProvider, RecordedRequest, Reply};
use super::support::rng::TestRng;
use super::support::stalling_proxy::StallingProxy;
use super::support::{TestDatabase, client, emulators, with_timeout};

/// Number of frames, unless `CALLIOPE_INSTANCES_FRAMES` says otherwise.
const FRAMES: usize = 36;

const INSTANCES: usize = 3;

/// Number of clients that send one photograph after another.
const CLIENTS: usize = 6;

/// How long the provider takes for an answer, so that kills hit frames that wait for it.
const PROVIDER_TIME: Duration = Duration::from_millis(40);

/// Number of bits in a photograph.
const BITS: u32 = 12;

/// Number of samples that the sound of frame 0 has.
const FIRST_SAMPLES: usize = 4000;

/// Number of samples by which the sound of each frame is longer than that of the frame before.
const MORE_SAMPLES: usize = 16;

/// Number of samples by which every second sound is longer, so that its file is larger than a row may hold.
const LARGE_SAMPLES: usize = 80_000;

/// Returns the number of frames, and whether that is a full run.
fn frame_count() -> (usize, bool) {
    let named = std::env::var("CALLIOPE_INSTANCES_FRAMES").ok();
    let named = named.and_then(|text| text.parse().ok());
    (named.unwrap_or(FRAMES), named.is_some())
}

/// Returns a photograph that shows a number as white and black stripes. Every second one is large.
fn photograph(number: usize) -> Vec<u8> {
    let (width, height) = if number.is_multiple_of(2) { (96, 32) } else { (360, 240) };
    let mut noise = TestRng(number as u64);
    let picture = RgbImage::from_fn(width, height, |x, _| {
        let bit = x * BITS / width;
        let base = if (number >> bit) & 1 == 1 { 200 } else { 20 };
        Rgb([(); 3].map(|()| base + noise.below(32) as u8))
    });
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).expect("encoded");
    file.into_inner()
}

/// Returns the number that a photograph shows.
fn number_seen(file: &[u8]) -> usize {
    let picture = image::load_from_memory(file).expect("a picture").to_rgb8();
    let is_set = |bit: &u32| {
        let x = (2 * bit + 1) * picture.width() / (2 * BITS);
        picture.get_pixel(x, picture.height() / 2).0[0] > 128
    };
    (0..BITS).filter(is_set).map(|bit| 1 << bit).sum()
}

/// Returns a sound whose length is a number. Every second one is large.
fn sound(number: usize) -> Vec<u8> {
    let large = if number.is_multiple_of(2) { 0 } else { LARGE_SAMPLES };
    let count = FIRST_SAMPLES + MORE_SAMPLES * number + large;
    let samples = (0..count).flat_map(|n| {
        let sample = ((n as f64 * 0.3).sin() * 12_000.0) as i16;
        sample.to_le_bytes()
    });
    pcm_to_wav(&samples.collect::<Vec<u8>>(), PcmFormat::MONO)
}

/// Returns the number of the sound in a request.
fn number_heard(body: &[u8]) -> usize {
    let start = body.windows(4).position(|four| four == b"RIFF").expect("a WAV file");
    let size = body[start + 40..start + 44].try_into().expect("four bytes");
    let samples = u32::from_le_bytes(size) as usize / 2 - FIRST_SAMPLES;
    (samples % LARGE_SAMPLES) / MORE_SAMPLES
}

/// Answers as a provider that sees and hears.
fn perceive(request: &RecordedRequest) -> Reply {
    tokio::task::block_in_place(|| std::thread::sleep(PROVIDER_TIME));
    if request.path.ends_with("/audio/transcriptions") {
        return Reply::ok(json!({"text": format!("Sound {}.", number_heard(&request.body))}));
    }
    let text = request.text();
    let Some((_, data)) = text.split_once(";base64,") else {
        return Reply::status(404, json!({"error": {"message": "There is no such model."}}));
    };
    let data = data.split('"').next().unwrap_or_default();
    let number = number_seen(&STANDARD.decode(data).expect("base64"));
    let content = json!({"description": format!("Photograph {number}.")}).to_string();
    Reply::ok(json!({"choices": [{"message": {"role": "assistant", "content": content},
        "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}))
}

/// An instance with a disk of its own.
struct Instance {
    process: Option<Process>,
    disk: TempDir,
    port: u16,
}

/// What all instances share.
struct Installation {
    database: TestDatabase,
    variables: Vec<(&'static str, String)>,
    instances: Vec<tokio::sync::Mutex<Instance>>,
    urls: Mutex<Vec<String>>,
}

fn new_disk() -> TempDir {
    let disk = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir_all(disk.path().join("config")).expect("created");
    let settings =
        "[tasks]\nlease_seconds = 1\nmax_lost_runs = 1000\n[storage]\ninline_upload_seconds = 1\n";
    std::fs::write(disk.path().join("config/calliope.toml"), settings).expect("written");
    disk
}

impl Installation {
    async fn start(
        database: TestDatabase,
        provider: &FakeProvider,
        bucket: Vec<(&'static str, String)>,
    ) -> Self {
        let mut variables = database.environment();
        variables.extend(bucket);
        variables.extend([
            ("OPENAI_BASE_URL", format!("{}/v1", provider.url)),
            ("CALLIOPE_VISION_MODEL", "openai/eyes".to_owned()),
            ("CALLIOPE_TRANSCRIPTION_MODEL", "openai/ears".to_owned()),
            ("CALLIOPE_TEXT_MODEL", "openai/hand".to_owned()),
        ]);
        let this = Self { database, variables, instances: Vec::new(), urls: Mutex::default() };
        let mut instances = Vec::new();
        for _ in 0..INSTANCES {
            let mut instance = Instance { process: None, disk: new_disk(), port: 0 };
            this.start_instance(&mut instance).await;
            this.urls().push(format!("http://127.0.0.1:{}", instance.port));
            instances.push(tokio::sync::Mutex::new(instance));
        }
        Self { instances, ..this }
    }

    async fn start_instance(&self, instance: &mut Instance) {
        let mut variables = self.variables.clone();
        let folder = |name: &str| instance.disk.path().join(name).display().to_string();
        variables.extend([("MEDIA_FOLDER", folder("media")), ("INPUT_FOLDER", folder("input"))]);
        let command = Command::new(env!("CARGO_BIN_EXE_calliope"));
        let process =
            Process::start_command(command, &variables, instance.disk.path(), instance.port).await;
        let port = process.url.rsplit(':').next().and_then(|port| port.parse().ok());
        instance.port = port.expect("a port");
        instance.process = Some(process);
    }

    fn urls(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.urls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills a random instance and starts it again after a while. Half of the killed ones lose their disk, as containers
    /// do.
    async fn kill_one(&self, chance: &mut TestRng) {
        let mut instance = self.instances[chance.below(INSTANCES as u64) as usize].lock().await;
        if let Some(mut process) = instance.process.take() {
            process.kill();
        }
        if chance.below(2) == 0 {
            instance.disk = new_disk();
        }
        tokio::time::sleep(Duration::from_millis(chance.below(600))).await;
        self.start_instance(&mut instance).await;
    }
}

/// Sends the photographs and sounds of one client, each until it is answered, to instances chosen by chance.
async fn send_all(
    installation: Arc<Installation>,
    client_id: usize,
    numbers: Vec<usize>,
    told: watch::Sender<usize>,
) {
    let http = client().timeout(Duration::from_secs(100)).pool_max_idle_per_host(0).build();
    let http = http.expect("a client");
    let mut chance = TestRng(client_id as u64);
    for (place, number) in numbers.into_iter().enumerate() {
        let text = format!("Frame {number}");
        let body = json!({
            "client_id": format!("sparrow{client_id}"), "strategy": "show-this-frame",
            "input_text": text, "input_image": STANDARD.encode(photograph(number)),
            "input_audio": STANDARD.encode(sound(number)), "debug": true,
        });
        let (start, mut last) = (Instant::now(), String::new());
        let answer: Value = loop {
            assert!(start.elapsed() < Duration::from_mins(4), "{text} is never told; last: {last}");
            let url = installation.urls()[chance.below(INSTANCES as u64) as usize].clone();
            let post = http.post(format!("{url}/v1/frames/")).header("idempotency-key", &text);
            match post.json(&body).send().await {
                Ok(response) if response.status() == 200 => {
                    if let Ok(answer) = response.json().await {
                        break answer;
                    }
                }
                Ok(response) => {
                    assert_ne!(response.status(), 422, "{text}");
                    last = response.text().await.unwrap_or_default();
                }
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(answer["frames"][0]["text"], format!("{text}\n"), "{answer}");
        assert_eq!(answer["story_frame_count"], place + 1, "in order, without gaps: {answer}");
        let debug = &answer["debug_data"];
        assert_eq!(debug["i_see"], format!("Photograph {number}."), "{answer}");
        assert_eq!(debug["i_hear"], format!("Sound {number}."), "{answer}");
        told.send_modify(|told| *told += 1);
    }
}

/// Checks that every instance serves the story of a client, with each frame once and with its picture.
async fn check_story(installation: &Installation, client_id: usize, numbers: &[usize]) {
    let http = client().timeout(Duration::from_mins(1)).build().expect("a client");
    let urls = installation.urls().clone();
    for url in urls {
        let read = http.get(format!("{url}/v1/story/?client_id=sparrow{client_id}")).send();
        let story: Value = read.await.expect("an answer").json().await.expect("JSON");
        let frames = story["frames"].as_array().expect("frames");
        let texts: Vec<&str> = frames.iter().filter_map(|frame| frame["text"].as_str()).collect();
        let expected: Vec<String> = numbers.iter().map(|n| format!("Frame {n}\n")).collect();
        assert_eq!(texts, expected, "each frame once, in order");
        for (frame, number) in frames.iter().zip(numbers) {
            let path = frame["image"]["url"].as_str().expect("a picture");
            let picture = http.get(format!("{url}/{path}")).send().await.expect("an answer");
            assert_eq!(picture.status(), 200, "{path} of frame {number}");
            let bytes = picture.bytes().await.expect("whole");
            assert_eq!(number_seen(&bytes), *number, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_photograph_is_seen_although_instances_are_killed_and_the_bucket_stalls() {
    let Some(database) = TestDatabase::postgres().await else { return };
    with_timeout(send_under_kills(database)).await;
}

async fn send_under_kills(database: TestDatabase) {
    let seed = std::env::var("CALLIOPE_KILLS_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| Uuid::now_v7().as_u128() as u64);
    let (frames, is_full) = frame_count();
    println!("{frames} frames with CALLIOPE_KILLS_SEED={seed}");
    let mut chance = TestRng(seed);
    let provider = FakeProvider::start(|_, request| perceive(request)).await;
    let fake = FakeBucket::start().await;
    let (proxy, bucket) = start_bucket(&fake, &database).await;
    let installation = Arc::new(Installation::start(database, &provider, bucket).await);
    let (told, is_done) = (watch::Sender::new(0), watch::Sender::new(false));
    let numbers = |client: usize| (0..frames).skip(client).step_by(CLIENTS).collect::<Vec<_>>();
    let clients = (0..CLIENTS)
        .map(|n| tokio::spawn(send_all(installation.clone(), n, numbers(n), told.clone())));
    let (start, mut kills) = (Instant::now(), 0);
    let sending = async {
        let ended = join_all(clients).await;
        is_done.send_replace(true);
        ended
    };
    let killing = async {
        while !*is_done.borrow() {
            tokio::time::sleep(Duration::from_millis(200 + chance.below(1000))).await;
            installation.kill_one(&mut chance).await;
            kills += 1;
        }
    };
    let stall = Duration::from_secs(if is_full { 60 } else { 5 });
    let stalling = stall_once(&proxy, &told, &is_done, frames / 3, stall);
    let (ended, (), told_meanwhile) = tokio::join!(sending, killing, stalling);
    for client in ended {
        client.expect("every photograph was seen and every sound heard");
    }
    let seconds = start.elapsed().as_secs();
    println!(
        "{frames} frames told in {seconds} s with {kills} kills, {told_meanwhile} of them while the bucket stalled"
    );
    for client in 0..CLIENTS {
        check_story(&installation, client, &numbers(client)).await;
    }
    assert!(kills >= 3, "only {kills} kills");
    let Ok(installation) = Arc::try_unwrap(installation) else { panic!("all clients have ended") };
    drop(installation.instances);
    installation.database.remove().await;
}

/// Stalls the bucket for a while once so many frames are told. Returns the number of frames that are told meanwhile.
async fn stall_once(
    proxy: &StallingProxy,
    told: &watch::Sender<usize>,
    is_done: &watch::Sender<bool>,
    start: usize,
    time: Duration,
) -> usize {
    let (mut told, mut is_done) = (told.subscribe(), is_done.subscribe());
    let before = tokio::select! {
        told = told.wait_for(|told| *told >= start) => *told.expect("sent"),
        _ = is_done.wait_for(|done| *done) => return 0,
    };
    proxy.set_stalled(true);
    let _ = tokio::time::timeout(time, is_done.wait_for(|done| *done)).await;
    proxy.set_stalled(false);
    let after = *told.borrow();
    after - before
}

/// Starts the proxy before a bucket, and returns it with the variables that configure the bucket.
async fn start_bucket(
    fake: &FakeBucket,
    database: &TestDatabase,
) -> (StallingProxy, Vec<(&'static str, String)>) {
    let (server, mut variables) = if std::env::var("CALLIOPE_TEST_S3").is_ok() {
        let bucket = emulators::bucket(Cloud::Aws, database.folder.path()).await;
        let bucket = bucket.expect("the emulator is configured");
        let mut variables = fake.environment();
        variables.push(("CALLIOPE_BUCKET_NAME", bucket.bucket.expect("a name")));
        (bucket.endpoint.expect("a server"), variables)
    } else {
        let variables = fake.environment();
        let (_, server) =
            variables.iter().find(|(name, _)| *name == "AWS_ENDPOINT_URL").expect("set");
        (server.clone(), variables)
    };
    let proxy = StallingProxy::start(&server).await;
    variables.push(("AWS_ENDPOINT_URL", proxy.url.clone()));
    (proxy, variables)
}
