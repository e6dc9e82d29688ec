//! Minds: the models that see, hear, write and paint, behind one small trait a capability.
//!
//! A provider is one file that implements the capabilities it has, and one line where the process is built. How it is
//! called, with time limits, retries, budgets and rows, is the same for all of them and stands in `call.rs`.
//! Storytellers never call a provider: they ask [`Minds`], which go from one model to the next, end with the offline
//! provider, and say so.

mod ask;
pub mod azure;
mod breaker;
mod call;
mod embed;
mod failure;
mod film;
pub mod huggingface;
mod ledger;
mod minds;
mod model;
pub mod offline;
pub mod openai;
mod picture;
mod poll;
mod registry;
pub mod replicate;
pub mod runway;
mod shape;
mod sight;
pub mod stability;
mod voice;
mod wire;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;

use crate::domain::Sight;

pub use ask::{
    Brief, FilmAsk, ImageAsk, Known, Picture, SoundAsk, SpeechAsk, StructuredAsk, TextAsk,
    VisionAsk,
};
pub use embed::MOST_TEXTS;
pub use failure::{Failure, InferenceError};
pub use film::Film;
pub use ledger::{Account, Budget, CallRecord, Ledger, Reservation};
pub use minds::{Cast, Check, Filming, Minds, MindsParts, Nobody, Overhear, Reword, Structured};
pub use model::{Answer, Call, Capability, Keys, Model, Patience, Prices, Usage, Variant};
pub use picture::Drawn;
pub use registry::{Provider, Registry};
pub use sight::merged;
pub use voice::Spoken;
pub use wire::Wire;

/// Writes prose.
#[async_trait]
pub trait TextModel: Send + Sync {
    /// Prose for the ask.
    async fn text(&self, call: &Call<'_>, ask: &TextAsk) -> Result<Answer<String>, Failure>;
}

/// Writes a JSON object of a given shape.
#[async_trait]
pub trait StructuredModel: Send + Sync {
    /// An object with the schema's properties.
    async fn structured(
        &self,
        call: &Call<'_>,
        ask: &StructuredAsk,
    ) -> Result<Answer<Value>, Failure>;
}

/// Paints.
#[async_trait]
pub trait ImageModel: Send + Sync {
    /// A picture of about the asked size.
    async fn image(&self, call: &Call<'_>, ask: &ImageAsk) -> Result<Answer<Picture>, Failure>;
}

/// Looks at pictures.
#[async_trait]
pub trait VisionModel: Send + Sync {
    /// What there is to see.
    async fn see(&self, call: &Call<'_>, ask: &VisionAsk) -> Result<Answer<Sight>, Failure>;
}

/// Writes down speech.
#[async_trait]
pub trait TranscriptionModel: Send + Sync {
    /// What was said; empty when nothing was.
    async fn transcribe(&self, call: &Call<'_>, ask: &SoundAsk) -> Result<Answer<String>, Failure>;
}

/// Speaks.
#[async_trait]
pub trait SpeechModel: Send + Sync {
    /// A sound file in which the text is spoken.
    async fn speak(&self, call: &Call<'_>, ask: &SpeechAsk) -> Result<Answer<Bytes>, Failure>;
}

/// Makes films. That takes minutes, so it is begun and asked after: whoever waits can do so without holding anything,
/// and a process that is killed meanwhile does not have it made twice.
#[async_trait]
pub trait VideoModel: Send + Sync {
    /// Begins a film of a few seconds; the name by which it is asked after, and what it will have used up.
    async fn begin(&self, call: &Call<'_>, ask: &FilmAsk) -> Result<Answer<String>, Failure>;

    /// The film as an MP4 file; `None` while it is being made.
    async fn film(&self, call: &Call<'_>, name: &str) -> Result<Option<Bytes>, Failure>;
}

/// Turns texts into vectors.
#[async_trait]
pub trait EmbeddingModel: Send + Sync {
    /// A vector for each text, in their order.
    async fn embed(
        &self,
        call: &Call<'_>,
        texts: &[String],
    ) -> Result<Answer<Vec<Vec<f32>>>, Failure>;
}

/// Judges texts.
#[async_trait]
pub trait ModerationModel: Send + Sync {
    /// What is wrong with a text, by the names of the provider's categories; nothing when it is fit for everybody.
    async fn judge(&self, call: &Call<'_>, text: &str) -> Result<Answer<Vec<String>>, Failure>;
}
