//! The offline provider: one look, one passage, one illustration, each on one core.
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

fn sight() -> ImageAnalysis {
    vision::analyze(&photo())
}

/// The thirty-first frame of a story: as much past as there can be.
fn brief() -> FrameContext {
    let mut brief = FrameContext {
        seed: 7,
        frame_number: 0,
        prior: Vec::new(),
        state: Value::Null,
        memory: Value::Null,
        seen: Some(sight()),
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
        let tale = composer::compose(&brief);
        brief.prior.push(tale.text);
        brief.memory = tale.memory;
        brief.frame_number = number;
    }
    brief
}

#[divan::bench]
fn look_at_640x480(bencher: Bencher<'_, '_>) {
    let photo = photo();
    bencher.bench(|| vision::analyze(black_box(&photo)));
}

#[divan::bench]
fn passage(bencher: Bencher<'_, '_>) {
    let brief = brief();
    bencher.bench(|| composer::compose(black_box(&brief)));
}

#[divan::bench(sample_count = 40, sample_size = 1)]
fn illustration_512(bencher: Bencher<'_, '_>) {
    let brief = brief();
    let prompt = composer::compose(&brief).illustration;
    let seeds = AtomicU64::new(0);
    bencher
        .with_inputs(|| {
            let seed = seeds.fetch_add(1, Ordering::Relaxed);
            let look = brief.seen.as_ref().and_then(|seen| seen.features.as_ref());
            PaintRequest { prompt: &prompt, size: Size::new(512, 512), seed, features: look }
        })
        .bench_values(|commission| painter::paint(&commission));
}
