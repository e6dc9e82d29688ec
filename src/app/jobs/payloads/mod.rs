//! Job payloads, one struct for each kind of task.

mod erasure;
mod frame;
mod index;
mod learning;
mod media;

pub use erasure::{EraseClient, ErasureCounts};
pub use frame::{GenerateVideo, NarrateFrame, RedrawFrame, TellFrame};
pub use index::{IndexFrame, IndexFrames, UnindexFrames};
pub use learning::{LearnFromFrame, Observation};
pub use media::{ApplyRetention, RemoveFiles, SyncMedia};
