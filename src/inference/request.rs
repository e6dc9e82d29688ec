//! What a storyteller asks of a model, and what comes back.
//!
//! An ask carries words for a model that reads (`prompt`) beside the material they were written from
//! ([`Brief`]) for a model that composes from facts, as the offline provider does.

use std::sync::Arc;

use bytes::Bytes;
use image::RgbImage;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audio::AudioFormat;
use crate::domain::{ImageAnalysis, Season, Size};

/// The material of one frame of one story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameContext {
    /// Chance for this story: the same in each of its frames, different between stories.
    pub seed: u64,
    /// The number that the frame will have, from 0.
    pub frame_number: u32,
    /// Texts of the latest frames, oldest first, at most thirty.
    pub prior: Vec<String>,
    /// The story state that the storyteller keeps, as it last kept it; null at first.
    pub state: Value,
    /// What this provider asked to have kept with the story last time; null at first.
    pub memory: Value,
    /// What the camera saw.
    pub seen: Option<ImageAnalysis>,
    /// What the microphone heard, in words.
    pub heard: Option<String>,
    /// The text that came with the request.
    pub said: Option<String>,
    /// Where the Sparrow is, for the prompt: a place's name or `lat,lon`.
    pub place: Option<String>,
    /// Local hour, 0-23.
    pub hour: u32,
    /// Local season.
    pub season: Season,
    /// A wish for the manner of the text, such as `as a fairy tale`.
    pub style: Option<String>,
    /// At most this many characters, where one is given.
    pub max_chars: Option<usize>,
    /// What is known of whom it is told to.
    pub known: AudienceProfile,
}

/// What is known of somebody, the surest first, in words that a prompt can name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudienceProfile {
    /// What they like: `boat`.
    pub likes: Vec<String>,
    /// What is going on: `seen: A red boat on a beach.`
    pub lately: Vec<String>,
    /// What was noticed about them, in sentences.
    pub noticed: Vec<String>,
    /// What is usual for them: `time: evening`.
    pub usual: Vec<String>,
}

impl FrameContext {
    /// Material for an ask that is about no frame.
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
    /// The whole instruction, for a model that reads.
    pub prompt: String,
    /// How many tokens to write at most, where the model's parameters do not say.
    pub max_tokens: u64,
    /// The material, for a model that composes.
    pub context: FrameContext,
}

/// A request for a value of a given shape.
#[derive(Debug, Clone)]
pub struct StructuredRequest {
    /// The whole instruction, for a model that reads.
    pub prompt: String,
    /// A JSON schema of type `object`; the answer has its required properties.
    pub schema: Value,
    /// How many tokens to write at most, where the model's parameters do not say.
    pub max_tokens: u64,
    /// The material, for a model that composes.
    pub context: FrameContext,
}

/// A request for a description.
#[derive(Debug, Clone)]
pub struct VisionRequest {
    /// What to look for, for a model that reads.
    pub prompt: String,
    /// The picture, at a size that models look at.
    pub picture: Arc<RgbImage>,
}

/// A request for what was said.
#[derive(Debug, Clone)]
pub struct SoundRequest {
    /// The file.
    pub bytes: Bytes,
    /// Its container.
    pub format: AudioFormat,
    /// How long it is, in seconds, where that is known.
    pub seconds: Option<f64>,
}

/// A request for an illustration.
#[derive(Debug, Clone)]
pub struct ImageRequest {
    /// What to paint, in words, style first.
    pub prompt: String,
    /// The wished size; a provider with fixed sizes takes the nearest.
    pub size: Size,
    /// Chance for this picture alone.
    pub seed: u64,
    /// What was seen, for a painter that works from colours and composition.
    pub seen: Option<ImageAnalysis>,
}

/// A request for a text to be spoken.
#[derive(Debug, Clone)]
pub struct SpeechRequest {
    /// What to say.
    pub text: String,
    /// The voice's name at the provider; its usual one where none is given.
    pub voice: Option<String>,
}

/// A request for a film that begins with a picture.
#[derive(Debug, Clone)]
pub struct VideoRequest {
    /// What happens, in words.
    pub prompt: String,
    /// What it begins with.
    pub picture: Arc<RgbImage>,
    /// Chance for this film alone.
    pub seed: u64,
}

/// A picture as a provider gives it.
#[derive(Debug, Clone)]
pub enum GeneratedImage {
    /// A file's bytes in a format that [`crate::imaging`] reads.
    Encoded(Vec<u8>),
    /// Pixels, from a provider in this process.
    Pixels(RgbImage),
}
