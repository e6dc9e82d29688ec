//! Device pixels and painting: packing alone, the complete way from a provider's PNG to a device's picture, and
//! illustrations of the painter.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot go on says why and ends"
)]

use std::sync::atomic::{AtomicU64, Ordering};

use calliope_domain::{Dither, ImageFormat, Size};
use calliope_pixels::imaging::{decode, encode, fit};
use calliope_pixels::painter::{PaintRequest, paint};
use calliope_pixels::vision;
use divan::{Bencher, black_box};
use image::RgbImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};

fn main() {
    divan::main();
}

fn jpeg() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/astronaut_640x480.jpg");
    std::fs::read(path).expect("the fixture is there")
}

/// Returns a photo, enlarged to 1024×1024 pixels.
fn photo() -> RgbImage {
    let picture = decode(&jpeg()).expect("a JPEG");
    fit(&picture, Some(1024), Some(1024)).expect("fits").into_owned()
}

/// Encodes a PNG as providers do, with adaptive filters, which take longer to decode than Calliope's own PNGs.
fn provider_png(picture: &RgbImage) -> Vec<u8> {
    let mut png = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive);
    picture.write_with_encoder(encoder).expect("encodes");
    png
}

#[divan::bench]
fn pack_1024_to_rgb565(bencher: Bencher<'_, '_>) {
    let photo = photo();
    bencher.bench(|| encode(black_box(&photo), ImageFormat::Rgb565, Dither::None));
}

#[divan::bench]
fn pack_1024_to_grayscale16(bencher: Bencher<'_, '_>) {
    let photo = photo();
    bencher.bench(|| encode(black_box(&photo), ImageFormat::Grayscale16, Dither::None));
}

#[divan::bench]
fn png_1024_to_rgb565_320(bencher: Bencher<'_, '_>) {
    let png = provider_png(&photo());
    bencher.bench(|| {
        let picture = decode(black_box(&png)).expect("a PNG");
        let fitted = fit(&picture, Some(320), Some(320)).expect("fits");
        encode(&fitted, ImageFormat::Rgb565, Dither::None)
    });
}

#[divan::bench]
fn jpeg_640x480_decoded(bencher: Bencher<'_, '_>) {
    let bytes = jpeg();
    bencher.bench(|| decode(black_box(&bytes)));
}

#[divan::bench]
fn png_1024_decoded(bencher: Bencher<'_, '_>) {
    let png = provider_png(&photo());
    bencher.bench(|| decode(black_box(&png)));
}

#[divan::bench]
fn photo_640x480_analyzed(bencher: Bencher<'_, '_>) {
    let picture = decode(&jpeg()).expect("a JPEG");
    bencher.bench(|| vision::analyze(black_box(&picture)));
}

/// Scenes of every kind. Each sample paints one of them with another seed.
const PROMPTS: [&str; 6] = [
    "a lighthouse keeper reads a wet letter by lamplight, the sea dark outside",
    "watercolour of a train that crosses a snowy field at dawn",
    "a forest path in autumn rain, a figure with an umbrella",
    "pen and ink: a village street at night, lit windows, a cat",
    "a room with a candle, a book and a cup on the table",
    "gouache of a boat below high mountains under a bright sky",
];

#[divan::bench(sample_count = 60, sample_size = 1)]
fn illustration_512(bencher: Bencher<'_, '_>) {
    let photo = decode(&jpeg()).expect("a JPEG");
    let analysis = vision::analyze(&photo);
    let seeds = AtomicU64::new(0);
    bencher
        .with_inputs(|| {
            let seed = seeds.fetch_add(1, Ordering::Relaxed);
            PaintRequest {
                prompt: PROMPTS[seed as usize % PROMPTS.len()],
                size: Size::new(512, 512),
                seed,
                features: analysis.features.as_ref(),
            }
        })
        .bench_values(|request| paint(&request));
}
