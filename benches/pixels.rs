//! Device pixels: packing alone, and from a provider's PNG to a device's picture.

use calliope::domain::{Dither, ImageFormat};
use calliope::imaging::{decode, encode, fit};
use divan::{Bencher, black_box};
use image::RgbImage;

fn main() {
    divan::main();
}

/// A photograph, enlarged to 1024×1024.
fn photo() -> RgbImage {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/astronaut_640x480.jpg");
    let bytes = std::fs::read(path).expect("the fixture is there");
    let picture = decode(&bytes).expect("a JPEG");
    fit(&picture, Some(1024), Some(1024)).expect("fits").into_owned()
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
    let png = encode(&photo(), ImageFormat::Png, Dither::None).expect("encodes");
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
