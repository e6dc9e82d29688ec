//! The offline provider: analyzing a photo, composing a passage and painting an illustration, each on one core.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot go on says why and ends"
)]

use std::sync::atomic::{AtomicU64, Ordering};

use calliope::domain::{ImageAnalysis, Season, Size};
use calliope::imaging::decode;
use calliope::inference::offline::composer;
use calliope::inference::{AudienceProfile, FrameContext};
use calliope::painter::{self, PaintRequest};
use calliope::vision;
use divan::{Bencher, black_box};
use serde_json::Value;

fn main() {
    divan::main();
}

fn photo() -> image::RgbImage {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/astronaut_640x480.jpg");
    decode(&std::fs::read(path).expect("the fixture is there")).expect("a JPEG")
}

fn analysis() -> ImageAnalysis {
    vision::analyze(&photo())
}

/// Returns the context of the thirty-first frame of a story, which has the longest possible history.
fn context() -> FrameContext {
    let mut context = FrameContext {
        seed: 7,
        frame_number: 0,
        prior: Vec::new(),
        state: Value::Null,
        memory: Value::Null,
        seen: Some(analysis()),
        heard: None,
        said: None,
        place: None,
        hour: 18,
        season: Season::Autumn,
        style: None,
        max_chars: None,
        known: AudienceProfile::default(),
    };
    for number in 1..=30 {
        let tale = composer::compose(&context);
        context.prior.push(tale.text);
        context.memory = tale.memory;
        context.frame_number = number;
    }
    context
}

#[divan::bench]
fn look_at_640x480(bencher: Bencher<'_, '_>) {
    let photo = photo();
    bencher.bench(|| vision::analyze(black_box(&photo)));
}

#[divan::bench]
fn passage(bencher: Bencher<'_, '_>) {
    let context = context();
    bencher.bench(|| composer::compose(black_box(&context)));
}

#[divan::bench(sample_count = 40, sample_size = 1)]
fn illustration_512(bencher: Bencher<'_, '_>) {
    let context = context();
    let prompt = composer::compose(&context).illustration;
    let seeds = AtomicU64::new(0);
    bencher
        .with_inputs(|| {
            let seed = seeds.fetch_add(1, Ordering::Relaxed);
            let features = context.seen.as_ref().and_then(|seen| seen.features.as_ref());
            PaintRequest { prompt: &prompt, size: Size::new(512, 512), seed, features }
        })
        .bench_values(|request| painter::paint(&request));
}
