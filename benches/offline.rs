//! The offline provider: one look, one passage, one illustration, each on one core.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot go on says why and ends"
)]

use std::sync::atomic::{AtomicU64, Ordering};

use calliope::domain::{Season, Sight, Size};
use calliope::imaging::decode;
use calliope::inference::offline::teller;
use calliope::inference::{Brief, Known};
use calliope::painter::{self, Commission};
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

fn sight() -> Sight {
    vision::look(&photo())
}

/// The thirty-first frame of a story: as much past as there can be.
fn brief() -> Brief {
    let mut brief = Brief {
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
        known: Known::default(),
    };
    for number in 1..=30 {
        let tale = teller::compose(&brief);
        brief.prior.push(tale.text);
        brief.memory = tale.memory;
        brief.frame_number = number;
    }
    brief
}

#[divan::bench]
fn look_at_640x480(bencher: Bencher<'_, '_>) {
    let photo = photo();
    bencher.bench(|| vision::look(black_box(&photo)));
}

#[divan::bench]
fn passage(bencher: Bencher<'_, '_>) {
    let brief = brief();
    bencher.bench(|| teller::compose(black_box(&brief)));
}

#[divan::bench(sample_count = 40, sample_size = 1)]
fn illustration_512(bencher: Bencher<'_, '_>) {
    let brief = brief();
    let prompt = teller::compose(&brief).illustration;
    let seeds = AtomicU64::new(0);
    bencher
        .with_inputs(|| {
            let seed = seeds.fetch_add(1, Ordering::Relaxed);
            let look = brief.seen.as_ref().and_then(|seen| seen.look.as_ref());
            Commission { words: &prompt, size: Size::new(512, 512), seed, look }
        })
        .bench_values(|commission| painter::paint(&commission));
}
