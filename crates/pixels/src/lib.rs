//! Image processing as pure functions: no I/O, no state, no clock.
//!
//! - [`imaging`]: converts any supported image file to the exact bytes that a screen shows
//! - [`vision`]: measures a photo and describes it in words
//! - [`painter`]: paints an illustration from a text, colours and a seed
//!
//! It is a separate crate so that test builds can optimise it without optimising the rest.

pub mod imaging;
mod math;
pub mod painter;
pub mod vision;
