//! The payloads, one struct for each kind of task.

mod erasure;
mod frame;
mod index;
mod learning;
mod media;

pub use erasure::{EraseClient, Erased};
pub use frame::{FilmFrame, RedrawFrame, SpeakFrame, TellFrame};
pub use index::{ForgetFrames, IndexFrame, IndexFrames};
pub use learning::{LearnFrame, Observation};
pub use media::{CleanMedia, RemoveFiles, SyncMedia};
