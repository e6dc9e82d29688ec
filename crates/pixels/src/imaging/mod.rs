//! From whatever picture arrives to the exact bytes that a screen shows.
//!
//! Pure functions on bytes: nothing here opens a file, waits, or keeps state. A picture goes
//! through in this order:
//!
//! | step | file | what it does |
//! |---|---|---|
//! | [`sniff()`] | `sniff` | names the file format by its first bytes |
//! | [`dimensions`] | `header`, `bounds` | bounds the size before any pixel is allocated |
//! | [`decode()`] | `ending`, `decode` | refuses cut files, decodes, turns upright, drops alpha |
//! | [`fit()`] | `fit` | scales into a device's screen, with black bars |
//! | [`encode()`] | `encode` | writes one of the formats below, dithered on request |
//!
//! `rgb565`, `grayscale16` and `bmp` each hold one layout; PNG, JPEG and WebP come from the `image`
//! crate. `luma`, `levels` and `dither` are what those layouts share; `jpeg_segments` is the walk
//! that `header` and `ending` share.

mod bmp;
mod bounds;
mod decode;
mod dither;
mod encode;
mod error;
mod file_end;
mod fit;
mod grayscale16;
mod header;
mod jpeg_segments;
mod levels;
mod luma;
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
pub use rgb565::decode_rgb565;
pub use sniff::{InputFormat, sniff};
