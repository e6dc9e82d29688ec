//! Where texts are near each other in meaning: vectors, and the frames that they are of.
//!
//! [`LocalIndex`] is the index for everyone: exact, in memory and in half precision, filled from rows by whoever has them.
//! [`Pinecone`] is the one for those who have more than a machine should hold.

mod half_precision;
mod local;
mod pinecone;
mod remote;
mod top_hits;

pub use half_precision::{decode_vector, encode_vector};
pub use local::{LocalIndex, VectorEntry, VectorFilter, VectorHit};
pub use pinecone::Pinecone;
pub use remote::{FrameVectors, RemoteHit, RemoteIndexError, SourceError};

/// Pieces that a frame has at most.
pub const MAX_PIECES: i32 = 16;
