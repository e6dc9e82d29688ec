//! Damaged pictures and sounds, posted to the real program: each is used or refused with a sentence, none is an error of
//! the server, and its memory does not grow.
//!
//! `CALLIOPE_FUZZ=24000 cargo test --release --test fuzz` posts that many pictures and a fifth as many sounds;
//! `CALLIOPE_FUZZ_SEED` repeats a run.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on says why and ends"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use support::process::Process;
use support::rng::TestRng;
use support::{TestDatabase, fixture, photo, with_timeout};
use uuid::Uuid;

/// Number of requests at the same time.
const WORKERS: u64 = 4;

/// How much the program's memory may grow between the first fifth of the requests and the last, in MiB. A leak of one
/// picture in a hundred exceeds it in a long run.
const MAX_GROWTH_MIB: u64 = 64;

/// A GIF of one black pixel.
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// Numbers that sizes, counts and offsets in files are replaced by.
const EXTREMES: [u32; 8] = [0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/// Returns a damaged copy of one sample.
fn damage(random: &mut TestRng, samples: &[Vec<u8>]) -> Vec<u8> {
    let pick = |random: &mut TestRng| samples[random.below(samples.len() as u64) as usize].clone();
    let mut bytes = pick(random);
    for _ in 0..=random.below(3) {
        let length = bytes.len().max(1) as u64;
        // Half of the places are near the start, where headers are.
        let bound = if random.below(2) == 0 { length.min(256) } else { length };
        let at = random.below(bound) as usize;
        match random.below(7) {
            0 => bytes.truncate(at),
            1 => {
                for _ in 0..=random.below(16) {
                    let at = random.below(bound) as usize;
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << random.below(8);
                    }
                }
            }
            2 => {
                let number = EXTREMES[random.below(8) as usize];
                let number =
                    if random.below(2) == 0 { number.to_le_bytes() } else { number.to_be_bytes() };
                let width = [1, 2, 4][random.below(3) as usize];
                for (byte, new) in bytes.iter_mut().skip(at).zip(&number[..width]) {
                    *byte = *new;
                }
            }
            3 => {
                let end = (at + random.below(64) as usize).min(bytes.len());
                bytes.drain(at.min(end)..end);
            }
            4 => {
                let end = (at + random.below(1024) as usize).min(bytes.len());
                let copy = bytes[at.min(end)..end].to_vec();
                bytes.splice(at.min(end)..at.min(end), copy);
            }
            5 => {
                let other = pick(random);
                let from = random.below(other.len().max(1) as u64) as usize;
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from.min(other.len())..]);
            }
            _ => {
                let noise: Vec<u8> =
                    (0..random.below(64)).map(|_| random.below(256) as u8).collect();
                let at = at.min(bytes.len());
                bytes.splice(at..at, noise);
            }
        }
    }
    bytes
}

/// The resident memory of a process in MiB, where the system has `/proc`.
fn memory_mib(process: &Process) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? / 1024)
}

/// Whether an answer to a damaged file is honest: it was used, or refused with a sentence.
fn check(status: u16, body: &str) {
    let is_refused = matches!(status, 400 | 413 | 415 | 422);
    assert!(is_refused || matches!(status, 200 | 201), "{status}: {body}");
    if is_refused {
        let problem: Value = serde_json::from_str(body).expect("a problem");
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(detail.len() > 10, "{body}");
    }
}

/// What a run posts.
#[derive(Clone, Copy)]
enum Kind {
    Picture,
    Sound,
}

/// Posts `count` damaged files, and checks each answer and that the memory does not grow.
async fn post_damaged(kind: Kind, count: u64, samples: Vec<Vec<u8>>) {
    let seed = std::env::var("CALLIOPE_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| Uuid::now_v7().as_u128() as u64);
    println!("{count} files with CALLIOPE_FUZZ_SEED={seed}");
    let database = TestDatabase::sqlite();
    let process = Arc::new(Process::start(&database, 0).await);
    let (samples, used) = (Arc::new(samples), Arc::new(AtomicU64::new(0)));
    let mut early = None;
    for (share, is_last) in [(count / 5, false), (count - count / 5, true)] {
        let workers = (0..WORKERS).map(|worker| {
            let (url, samples) = (process.url.clone(), Arc::clone(&samples));
            let used = Arc::clone(&used);
            let mut random = TestRng(seed ^ (worker << 1) ^ u64::from(is_last));
            tokio::spawn(async move {
                let client = support::client().build().expect("a client");
                for number in 0..share / WORKERS {
                    let bytes = damage(&mut random, &samples);
                    let name = format!("sparrow{worker}-{}", number / 50);
                    let request = match (kind, number % 2) {
                        (Kind::Sound, 1) => {
                            client.post(format!("{url}/v2/clients/{name}/recordings")).body(bytes)
                        }
                        (kind, _) => {
                            let field = match kind {
                                Kind::Picture => "input_image",
                                Kind::Sound => "input_audio",
                            };
                            client.post(format!("{url}/v1/frames")).json(&json!({
                                "client_id": name, "strategy": "literal", "input_text": "a",
                                field: STANDARD.encode(bytes),
                                "output_image_width": 16, "output_image_height": 16,
                            }))
                        }
                    };
                    let response = request.send().await.expect("the program answers");
                    let status = response.status().as_u16();
                    check(status, &response.text().await.expect("text"));
                    used.fetch_add(u64::from(status < 300), Ordering::Relaxed);
                }
            })
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await.expect("every answer is honest");
        }
        let memory = memory_mib(&process);
        if let (Some(early), Some(late)) = (early, memory) {
            println!("{} used; memory {early} MiB, then {late} MiB", used.load(Ordering::Relaxed));
            assert!(late < early + MAX_GROWTH_MIB, "memory grew from {early} to {late} MiB");
        }
        early = memory;
    }
    assert!(used.load(Ordering::Relaxed) > 0, "nothing was used, so the damage is too great");
}

fn count() -> u64 {
    std::env::var("CALLIOPE_FUZZ").ok().and_then(|count| count.parse().ok()).unwrap_or(400)
}

/// Returns pictures of all formats that the program reads.
async fn pictures() -> Vec<Vec<u8>> {
    let database = TestDatabase::sqlite();
    let process = Process::start(&database, 0).await;
    let client = support::client().build().expect("a client");
    let mut pictures = vec![GIF.to_vec(), fixture("vectors/src_96x64.png")];
    for format in ["png", "jpeg", "webp", "bmp"] {
        let frame = client.post(format!("{}/v1/frames", process.url)).json(&json!({
            "client_id": "s", "input_image": photo(), "output_image_format": format,
            "output_image_width": 96, "output_image_height": 64,
        }));
        let created: Value = frame.send().await.expect("sent").json().await.expect("JSON");
        let path = created["frames"][0]["image"]["url"].as_str().expect("a picture").to_owned();
        let picture = client.get(format!("{}/{path}", process.url)).send().await.expect("sent");
        assert_eq!(picture.status(), 200);
        pictures.push(picture.bytes().await.expect("bytes").to_vec());
    }
    pictures
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_pictures_are_used_or_refused() {
    let mut samples = pictures().await;
    samples.push(fixture("astronaut_640x480.jpg"));
    with_timeout(post_damaged(Kind::Picture, count(), samples)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_sounds_are_used_or_refused() {
    let wav = fixture("speech_16k_mono.wav")[..32_044].to_vec();
    let names = ["silence.flac", "silence.m4a", "silence.mp3", "silence.ogg", "silence.webm"];
    let mut samples: Vec<Vec<u8>> = names.iter().map(|name| fixture(name)).collect();
    samples.extend([wav, fixture("speech.ogg"), fixture("speech.webm")]);
    with_timeout(post_damaged(Kind::Sound, count() / 5, samples)).await;
}
