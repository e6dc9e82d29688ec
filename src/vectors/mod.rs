//! Vector indexes for semantic search.
//!
//! [`LocalIndex`] is the default: an exact index in memory, in half precision, which the caller fills from rows.
//! [`Pinecone`] is a remote index for installations with more vectors than one machine should hold.

mod half_precision;
mod local;
mod pinecone;
mod remote;
mod top_hits;

pub use half_precision::{decode_vector, encode_vector};
pub use local::{LocalIndex, VectorEntry, VectorFilter, VectorHit};
pub use pinecone::Pinecone;
pub use remote::{FrameVectors, RemoteHit, RemoteIndexError, SourceError};

/// Maximum number of pieces of a frame. Each piece has one vector.
pub const MAX_PIECES: i32 = 16;
