//! Where texts are near each other in meaning: vectors of half precision, and the frames that they are of.
//!
//! [`LocalIndex`] is the index for everyone: exact, in memory, filled from rows by whoever has them.

mod half;
mod local;

pub use half::{packed, unpacked};
pub use local::{Entry, Hit, LocalIndex, Wanted};
