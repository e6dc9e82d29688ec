//! Where texts are near each other in meaning: vectors, and the frames that they are of.
//!
//! [`LocalIndex`] is the index for everyone: exact, in memory and in half precision, filled from rows by whoever has them.
//! [`Pinecone`] is the one for those who have more than a machine should hold.

mod best;
mod elsewhere;
mod half;
mod local;
mod pinecone;

pub use elsewhere::{Cause, Fault, FrameVectors, Match};
pub use half::{packed, unpacked};
pub use local::{Entry, Hit, LocalIndex, Wanted};
pub use pinecone::Pinecone;

/// Pieces that a frame has at most.
pub const MOST_PIECES: i32 = 16;
