//! Device pixels: packing alone, and the complete way from a provider's PNG to a device's picture.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot go on says why and ends"
)]

use calliope::domain::{Dither, ImageFormat};
use calliope::imaging::{decode, encode, fit};
use divan::{Bencher, black_box};
use image::RgbImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};

fn main() {
    divan::main();
}

/// Returns a photo, enlarged to 1024×1024 pixels.
fn photo() -> RgbImage {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/astronaut_640x480.jpg");
    let bytes = std::fs::read(path).expect("the fixture is there");
    let picture = decode(&bytes).expect("a JPEG");
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
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/astronaut_640x480.jpg");
    let bytes = std::fs::read(path).expect("the fixture is there");
    bencher.bench(|| decode(black_box(&bytes)));
}
