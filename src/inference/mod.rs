//! Inference: models that write, illustrate, describe images, transcribe, speak, make videos, embed and moderate. Each
//! capability is one small trait.
//!
//! A provider is one file that implements the traits of its capabilities, and one line in [`Registry::from_settings`].
//! Timeouts, retries, budgets and the record of calls are the same for all providers; `call.rs` implements them.
//! Storytellers never call a provider directly. They use a [`ModelSession`], which tries one model after another, falls
//! back to the offline provider, and notes that it did.

pub mod azure;
mod breaker;
mod call;
mod cut_text;
mod embed;
mod failure;
mod generated_image;
mod generated_speech;
mod generated_video;
pub mod huggingface;
mod image_analysis;
mod ledger;
mod linked_file;
mod model;
mod model_session;
pub mod offline;
pub mod openai;
mod pending_spend;
mod poll;
mod provider_client;
mod reasoning;
mod registry;
pub mod replicate;
mod request;
pub mod runway;
pub mod stability;
mod structured_output;
mod transcript;
mod usage;
mod wire_text;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;

use crate::domain::ImageAnalysis;

pub use embed::MAX_BATCH_TEXTS;
pub use failure::{Failure, InferenceError};
pub use generated_image::{DecodedImage, ModelImage};
pub use generated_speech::GeneratedSpeech;
pub use generated_video::GeneratedVideo;
pub use image_analysis::merge_image_analyses;
pub use ledger::{
    Budget, CallRecord, CallTotals, Ledger, Reservation, Settlement, SpendAccount, SpendChange,
};
pub use model::{
    ApiKeys, ApiVariant, CallContext, Capability, Model, ModelResponse, Prices, Timeouts, Usage,
};
pub use model_session::{
    ModelChains, ModelSession, ModelSessionParts, ModelUnavailable, OutputCheck, PendingVideo,
    PromptObserver, RewordPrompt, StructuredPrompt,
};
pub use pending_spend::PendingSpend;
pub use provider_client::ProviderClient;
pub use registry::{Provider, Registry};
pub use request::{
    AudienceProfile, FrameContext, GeneratedImage, ImageRequest, SoundRequest, SpeechRequest,
    StructuredRequest, TextRequest, VideoRequest, VisionRequest,
};

/// A model that writes prose.
#[async_trait]
pub trait TextModel: Send + Sync {
    /// Generates prose.
    async fn generate_text(
        &self,
        call: &CallContext<'_>,
        request: &TextRequest,
    ) -> Result<ModelResponse<String>, Failure>;
}

/// A model that writes a JSON object to a schema.
#[async_trait]
pub trait StructuredModel: Send + Sync {
    /// Generates an object with the schema's properties.
    async fn generate_structured(
        &self,
        call: &CallContext<'_>,
        request: &StructuredRequest,
    ) -> Result<ModelResponse<Value>, Failure>;
}

/// A model that paints illustrations.
#[async_trait]
pub trait ImageModel: Send + Sync {
    /// Generates an image of about the requested size.
    async fn generate_image(
        &self,
        call: &CallContext<'_>,
        request: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure>;
}

/// A model that describes images.
#[async_trait]
pub trait VisionModel: Send + Sync {
    /// Describes what is visible in the image.
    async fn describe_image(
        &self,
        call: &CallContext<'_>,
        request: &VisionRequest,
    ) -> Result<ModelResponse<ImageAnalysis>, Failure>;
}

/// A model that transcribes speech.
#[async_trait]
pub trait TranscriptionModel: Send + Sync {
    /// Returns what was said; empty if nothing was.
    async fn transcribe(
        &self,
        call: &CallContext<'_>,
        request: &SoundRequest,
    ) -> Result<ModelResponse<String>, Failure>;
}

/// A model that synthesizes speech.
#[async_trait]
pub trait SpeechModel: Send + Sync {
    /// Returns an audio file of the spoken text.
    async fn synthesize_speech(
        &self,
        call: &CallContext<'_>,
        request: &SpeechRequest,
    ) -> Result<ModelResponse<Bytes>, Failure>;
}

/// A model that makes videos. That takes minutes, so a video is started and then polled: the caller holds no resources
/// while it waits, and a process that is killed meanwhile does not have the video made twice.
#[async_trait]
pub trait VideoModel: Send + Sync {
    /// Starts a video of a few seconds. Returns the name for [`poll_video`](Self::poll_video), and the usage that the
    /// finished video will have.
    async fn start_video(
        &self,
        call: &CallContext<'_>,
        request: &VideoRequest,
    ) -> Result<ModelResponse<String>, Failure>;

    /// Returns the video as an MP4 file; `None` while it is being made.
    async fn poll_video(
        &self,
        call: &CallContext<'_>,
        name: &str,
    ) -> Result<Option<Bytes>, Failure>;
}

/// A model that turns texts into vectors.
#[async_trait]
pub trait EmbeddingModel: Send + Sync {
    /// Returns one vector for each text, in the same order.
    async fn embed(
        &self,
        call: &CallContext<'_>,
        texts: &[String],
    ) -> Result<ModelResponse<Vec<Vec<f32>>>, Failure>;
}

/// A model that moderates texts.
#[async_trait]
pub trait ModerationModel: Send + Sync {
    /// Returns the provider's categories that a text was flagged for; empty if it is suitable for everyone.
    async fn moderate(
        &self,
        call: &CallContext<'_>,
        text: &str,
    ) -> Result<ModelResponse<Vec<String>>, Failure>;
}
