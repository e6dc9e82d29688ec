//! Pictures for the tests of this module.

use std::path::Path;

use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, Rgb, RgbImage};

use super::sniff::InputFormat;

/// Reads a file from `tests/fixtures`.
pub(super) fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Returns a picture with gradients and detail that differs at every corner.
pub(super) fn photo(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (across, down) = (x * 255 / width, y * 255 / height);
        Rgb([across as u8, down as u8, ((x * 7) ^ (y * 13)) as u8])
    })
}

/// Encodes `image` as a file of `format`.
pub(super) fn encode_as(image: impl Into<DynamicImage>, format: image::ImageFormat) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    image.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// Encodes `image` in every input format.
pub(super) fn one_of_each(image: &RgbImage) -> Vec<(InputFormat, Vec<u8>)> {
    let encoded = |format| encode_as(image.clone(), format);
    vec![
        (InputFormat::Jpeg, encoded(image::ImageFormat::Jpeg)),
        (InputFormat::Png, encoded(image::ImageFormat::Png)),
        (InputFormat::Webp, encoded(image::ImageFormat::WebP)),
        (InputFormat::Gif, encoded(image::ImageFormat::Gif)),
        (InputFormat::Bmp, encoded(image::ImageFormat::Bmp)),
    ]
}

/// Returns a GIF with two frames of 4x4 pixels: red, then blue.
pub(super) fn animated_gif() -> Vec<u8> {
    let mut file = Vec::new();
    let frames = [[255, 0, 0], [0, 0, 255]].map(|colour| {
        Frame::new(DynamicImage::from(RgbImage::from_pixel(4, 4, Rgb(colour))).into_rgba8())
    });
    GifEncoder::new(&mut file).encode_frames(frames).unwrap();
    file
}

/// Returns a PNG that declares a size and ends after its first chunk.
pub(super) fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut file = encode_as(RgbImage::new(1, 1), image::ImageFormat::Png);
    file.truncate(33);
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    file
}

/// The smallest lossy WebP in common use: one grey pixel.
pub(super) const LOSSY_WEBP_1X1: [u8; 44] = *b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0\x30\x01\0\x9d\x01\x2a\x01\0\x01\0\x02\0\x34\x25\xa4\0\x03\x70\0\xfe\xfb\xfd\x50\0";

/// Inserts an EXIF segment that holds only the orientation into `jpeg`.
pub(super) fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01".to_vec();
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    exif.extend([0; 4]);
    [&jpeg[..2], &exif, &jpeg[2..]].concat()
}
