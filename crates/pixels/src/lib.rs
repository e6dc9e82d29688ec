//! All that works on pixels: pure functions, without I/O, state or clock.
//!
//! - [`imaging`]: from whatever picture arrives to the exact bytes that a screen shows
//! - [`vision`]: what a photo looks like, measured and put in words
//! - [`painter`]: an illustration from words, colours and chance
//!
//! It is a crate of its own so that test builds can optimise it and nothing else.

pub mod imaging;
pub mod painter;
pub mod vision;
