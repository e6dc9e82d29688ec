//! The requests to models.
//!
//! A text request carries a `prompt` for language models, and the [`FrameContext`] that the prompt was written from.
//! The offline provider composes from these facts and ignores the prompt.

use std::sync::Arc;

use bytes::Bytes;
use image::RgbImage;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audio::AudioFormat;
use crate::domain::{ImageAnalysis, Season, Size};

/// What a storyteller knows when it tells one frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameContext {
    /// The random seed of the story: the same for each of its frames, different between stories.
    pub seed: u64,
    /// The number of the frame, from 0.
    pub frame_number: u32,
    /// The texts of the latest frames, oldest first; at most 30.
    pub prior: Vec<String>,
    /// The storyteller's own state, as it was after the previous frame; null at first.
    pub state: Value,
    /// The provider's [`ModelResponse::memory`](super::ModelResponse::memory) from the previous frame; null at first.
    pub memory: Value,
    /// The description of the request's photograph.
    pub seen: Option<ImageAnalysis>,
    /// The transcript of the request's audio.
    pub heard: Option<String>,
    /// The text of the request.
    pub said: Option<String>,
    /// The Sparrow's place for the prompt: a name, or `lat,lon`.
    pub place: Option<String>,
    /// The local hour, 0 to 23.
    pub hour: u32,
    /// The local season.
    pub season: Season,
    /// The requested style, such as `as a fairy tale`.
    pub style: Option<String>,
    /// The most characters of the text; `None` for no limit.
    pub max_chars: Option<usize>,
    /// What is known about the audience.
    pub known: AudienceProfile,
}

/// What is known about the people that a story is told to. Each list is in words that a prompt can use, and starts with
/// the most certain entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudienceProfile {
    /// Things that they like, such as `boat`.
    pub likes: Vec<String>,
    /// Recent events, such as `seen: A red boat on a beach.`
    pub lately: Vec<String>,
    /// Observations about them, in sentences.
    pub noticed: Vec<String>,
    /// Their habits, such as `time: evening`.
    pub usual: Vec<String>,
}

impl FrameContext {
    /// Creates the context of a request that is not about a frame.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            seed: 0,
            frame_number: 0,
            prior: Vec::new(),
            state: Value::Null,
            memory: Value::Null,
            seen: None,
            heard: None,
            said: None,
            place: None,
            hour: 12,
            season: Season::Spring,
            style: None,
            max_chars: None,
            known: AudienceProfile::default(),
        }
    }
}

/// A request for prose.
#[derive(Debug, Clone)]
pub struct TextRequest {
    /// The full prompt, for language models.
    pub prompt: String,
    /// The most tokens to write, unless the model's parameters set a limit.
    pub max_tokens: u64,
    /// The facts, for the offline provider.
    pub context: FrameContext,
}

/// A request for a JSON object.
#[derive(Debug, Clone)]
pub struct StructuredRequest {
    /// The full prompt, for language models.
    pub prompt: String,
    /// A JSON schema of type `object`. The response has its required properties.
    pub schema: Value,
    /// The most tokens to write, unless the model's parameters set a limit.
    pub max_tokens: u64,
    /// The facts, for the offline provider.
    pub context: FrameContext,
}

/// A request for the description of an image.
#[derive(Debug, Clone)]
pub struct VisionRequest {
    /// The prompt, for language models.
    pub prompt: String,
    /// The image, already scaled down to a size that models use.
    pub picture: Arc<RgbImage>,
    /// The image as a JPEG file that every provider reads; `None` to encode it.
    pub jpeg: Option<Bytes>,
    /// The most tokens to write, unless the model's parameters set a limit.
    pub max_tokens: u64,
}

/// A request for a transcription.
#[derive(Debug, Clone)]
pub struct SoundRequest {
    /// The audio file.
    pub bytes: Bytes,
    /// The file's container.
    pub format: AudioFormat,
    /// The length in seconds; `None` if it is unknown.
    pub seconds: Option<f64>,
}

/// A request for an illustration.
#[derive(Debug, Clone)]
pub struct ImageRequest {
    /// The prompt, style first.
    pub prompt: String,
    /// The preferred size in pixels. A provider with fixed sizes uses the closest one.
    pub size: Size,
    /// The random seed of this image.
    pub seed: u64,
    /// The analysis of the photograph, for the offline painter, which uses its colours and composition.
    pub seen: Option<ImageAnalysis>,
}

/// A request for the speech of a text.
#[derive(Debug, Clone)]
pub struct SpeechRequest {
    /// The text to speak.
    pub text: String,
    /// The voice's name at the provider; `None` for its default voice.
    pub voice: Option<String>,
}

/// A request for a video that begins with an image.
#[derive(Debug, Clone)]
pub struct VideoRequest {
    /// The prompt, which says what happens.
    pub prompt: String,
    /// The first image of the video.
    pub picture: Arc<RgbImage>,
    /// The random seed of this video.
    pub seed: u64,
}

/// An image as a provider returns it.
#[derive(Debug, Clone)]
pub enum GeneratedImage {
    /// The bytes of a file in a format that [`crate::imaging`] decodes.
    Encoded(Vec<u8>),
    /// Pixels from a provider in this process.
    Pixels(RgbImage),
}
