//! Minds: the models that see, hear, write and paint, behind one small trait a capability.
//!
//! A provider is one file that implements the capabilities it has, and one line where the process is built. How it is
//! called, with time limits, retries, budgets and rows, is the same for all of them and stands in `call.rs`.
//! Storytellers never call a provider: they ask [`Minds`], which go from one model to the next, end with the offline
//! provider, and say so.

pub mod azure;
mod breaker;
mod call;
mod embed;
mod failure;
mod generated_image;
mod generated_speech;
mod generated_video;
pub mod huggingface;
mod image_analysis;
mod ledger;
mod model;
mod model_session;
pub mod offline;
pub mod openai;
mod poll;
mod provider_client;
mod registry;
pub mod replicate;
mod request;
pub mod runway;
pub mod stability;
mod structured_output;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;

use crate::domain::ImageAnalysis;

pub use embed::MAX_BATCH_TEXTS;
pub use failure::{Failure, InferenceError};
pub use generated_image::DecodedImage;
pub use generated_speech::GeneratedSpeech;
pub use generated_video::GeneratedVideo;
pub use image_analysis::merge_image_analyses;
pub use ledger::{Budget, CallRecord, Ledger, Reservation, SpendAccount};
pub use model::{
    ApiKeys, ApiVariant, CallContext, Capability, Model, ModelResponse, Prices, Timeouts, Usage,
};
pub use model_session::{
    ModelChains, ModelSession, ModelSessionParts, ModelUnavailable, OutputCheck, PendingVideo,
    PromptObserver, RewordPrompt, StructuredPrompt,
};
pub use provider_client::ProviderClient;
pub use registry::{Provider, Registry};
pub use request::{
    AudienceProfile, FrameContext, GeneratedImage, ImageRequest, SoundRequest, SpeechRequest,
    StructuredRequest, TextRequest, VideoRequest, VisionRequest,
};

/// Writes prose.
#[async_trait]
pub trait TextModel: Send + Sync {
    /// Prose for the ask.
    async fn generate_text(
        &self,
        call: &CallContext<'_>,
        ask: &TextRequest,
    ) -> Result<ModelResponse<String>, Failure>;
}

/// Writes a JSON object of a given shape.
#[async_trait]
pub trait StructuredModel: Send + Sync {
    /// An object with the schema's properties.
    async fn generate_structured(
        &self,
        call: &CallContext<'_>,
        ask: &StructuredRequest,
    ) -> Result<ModelResponse<Value>, Failure>;
}

/// Paints.
#[async_trait]
pub trait ImageModel: Send + Sync {
    /// A picture of about the asked size.
    async fn generate_image(
        &self,
        call: &CallContext<'_>,
        ask: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure>;
}

/// Looks at pictures.
#[async_trait]
pub trait VisionModel: Send + Sync {
    /// What there is to see.
    async fn describe_image(
        &self,
        call: &CallContext<'_>,
        ask: &VisionRequest,
    ) -> Result<ModelResponse<ImageAnalysis>, Failure>;
}

/// Writes down speech.
#[async_trait]
pub trait TranscriptionModel: Send + Sync {
    /// What was said; empty when nothing was.
    async fn transcribe(
        &self,
        call: &CallContext<'_>,
        ask: &SoundRequest,
    ) -> Result<ModelResponse<String>, Failure>;
}

/// Speaks.
#[async_trait]
pub trait SpeechModel: Send + Sync {
    /// A sound file in which the text is spoken.
    async fn synthesize_speech(
        &self,
        call: &CallContext<'_>,
        ask: &SpeechRequest,
    ) -> Result<ModelResponse<Bytes>, Failure>;
}

/// Makes films. That takes minutes, so it is begun and asked after: whoever waits can do so without holding anything,
/// and a process that is killed meanwhile does not have it made twice.
#[async_trait]
pub trait VideoModel: Send + Sync {
    /// Begins a film of a few seconds; the name by which it is asked after, and what it will have used up.
    async fn start_video(
        &self,
        call: &CallContext<'_>,
        ask: &VideoRequest,
    ) -> Result<ModelResponse<String>, Failure>;

    /// The film as an MP4 file; `None` while it is being made.
    async fn poll_video(
        &self,
        call: &CallContext<'_>,
        name: &str,
    ) -> Result<Option<Bytes>, Failure>;
}

/// Turns texts into vectors.
#[async_trait]
pub trait EmbeddingModel: Send + Sync {
    /// A vector for each text, in their order.
    async fn embed(
        &self,
        call: &CallContext<'_>,
        texts: &[String],
    ) -> Result<ModelResponse<Vec<Vec<f32>>>, Failure>;
}

/// Judges texts.
#[async_trait]
pub trait ModerationModel: Send + Sync {
    /// What is wrong with a text, by the names of the provider's categories; nothing when it is fit for everybody.
    async fn moderate(
        &self,
        call: &CallContext<'_>,
        text: &str,
    ) -> Result<ModelResponse<Vec<String>>, Failure>;
}
