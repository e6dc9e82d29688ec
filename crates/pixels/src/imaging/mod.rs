//! Converts any supported image file to the exact bytes that a screen shows.
//!
//! All functions are pure: none of them opens a file, waits or keeps state. The steps, in order:
//!
//! | step | file | what it does |
//! |---|---|---|
//! | [`sniff()`] | `sniff` | detects the file format from the first bytes |
//! | [`dimensions`] | `header`, `bounds` | checks the size before any pixel is allocated |
//! | [`decode()`] | `file_end`, `jpeg_tables`, `decode`, `exif` | rejects truncated files, decodes, applies the orientation, drops alpha |
//! | [`fit()`] | `fit` | scales to the size of a screen, with black bars |
//! | [`encode()`] | `encode` | writes one of the formats below, with optional dithering |
//!
//! [`plain_jpeg()`] copies a JPEG without its metadata, for those who need no pixels. [`with_provenance`] writes into a file
//! where the picture comes from.
//!
//! `rgb565`, `grayscale16` and `bmp` implement one layout each; the `image` crate encodes PNG, JPEG
//! and WebP. The layouts share `luma`, `levels` and `dither`. `header`,
//! `file_end`, `jpeg_tables`, `plain_jpeg` and `exif` share the segment iterator of `jpeg_segments`.

mod bmp;
mod bounds;
mod decode;
mod dither;
mod encode;
mod error;
mod exif;
mod file_end;
mod fit;
mod grayscale16;
mod header;
mod jpeg_segments;
mod jpeg_tables;
mod levels;
mod luma;
mod plain_jpeg;
mod provenance;
mod rgb565;
mod sniff;
#[cfg(test)]
mod testing;

pub use bounds::{MAX_PIXELS, MAX_SIDE};
pub use decode::decode;
pub use encode::encode;
pub use error::ImagingError;
pub use fit::{fit, fitted_size};
pub use grayscale16::decode_grayscale16;
pub use header::dimensions;
pub use plain_jpeg::plain_jpeg;
pub use provenance::with_provenance;
pub use rgb565::decode_rgb565;
pub use sniff::{InputFormat, OtherFormat, sniff};
