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
mod failure;
pub mod huggingface;
mod ledger;
mod minds;
mod model;
pub mod offline;
pub mod openai;
mod picture;
mod registry;
pub mod replicate;
mod shape;
mod sight;
pub mod stability;
mod wire;

use async_trait::async_trait;
use serde_json::Value;

use crate::domain::Sight;

pub use ask::{Brief, ImageAsk, Picture, SoundAsk, StructuredAsk, TextAsk, VisionAsk};
pub use failure::{Failure, InferenceError};
pub use ledger::{Account, Budget, CallRecord, Ledger, Reservation};
pub use minds::{Cast, Check, Minds, MindsParts, Overhear, Reword};
pub use model::{Answer, Call, Capability, Keys, Model, Patience, Prices, Usage, Variant};
pub use picture::Drawn;
pub use registry::{Provider, Registry};
pub use sight::merged;
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
