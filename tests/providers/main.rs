//! Providers with their real wire formats, against a local server: what is sent, how answers are read, and
//! what happens if an answer is wrong, late or missing.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test that cannot go on says why and ends"
)]

#[path = "../support/mod.rs"]
mod support;

mod attachments;
mod books;
mod compatible;
mod cost;
mod failures;
mod frames;
mod hearing;
mod linked_files;
mod log;
mod openai;
mod photographs;
mod situation;
mod spend;
mod stored_jobs;
mod trust;

use std::sync::Arc;
use std::time::Duration;

use calliope::audio::AudioFormat;
use calliope::compute::Compute;
use calliope::domain::{ImageAnalysis, Season, Size};
use calliope::http_client;
use calliope::inference::{
    ApiKeys, AudienceProfile, CallContext, FrameContext, ImageRequest, Model, ModelChains,
    ModelSession, ModelSessionParts, ModelUnavailable, ProviderClient, Registry, SoundRequest,
    SpeechRequest, SpendAccount, StructuredPrompt, Timeouts, VideoRequest,
};
use calliope::settings::ProviderSettings;
use image::RgbImage;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// A key that must not occur in any log or error.
pub(crate) const KEY: &str = "sk-this-key-must-not-leak-0123456789";

/// The capabilities that Calliope uses of providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capability {
    Text,
    Structured,
    Image,
    Vision,
    Transcription,
    Speech,
    Video,
    Embedding,
    Moderation,
}

/// Returns all providers, with this base URL.
pub(crate) fn registry(url: &str) -> Registry {
    let wire = ProviderClient::new(http_client::build_client().expect("a client"), Compute::new());
    let (key, url) = (Some(SecretString::from(KEY)), Some(url.to_owned()));
    let settings = ProviderSettings {
        openai_api_key: key.clone(),
        openai_base_url: url.clone(),
        azure_api_key: key.clone(),
        azure_api_host: url.clone(),
        stability_api_key: key.clone(),
        stability_base_url: url.clone(),
        huggingface_api_key: key.clone(),
        huggingface_base_url: url.clone(),
        replicate_api_token: key.clone(),
        replicate_base_url: url.clone(),
        runway_api_key: key,
        runway_base_url: url,
    };
    Registry::from_settings(&settings, &wire)
}

/// Returns chains that use this model for every capability.
pub(crate) fn model_chains(model: &Model) -> ModelChains {
    let all = vec![model.clone()];
    ModelChains {
        text: all.clone(),
        image: all.clone(),
        vision: all.clone(),
        transcription: all.clone(),
        speech: all.clone(),
        video: all,
        refusal_suffix: Some("Tell it gently.".to_owned()),
        reword: Some(Arc::new(|prompt| {
            Box::pin(async move { Some(format!("In other words: {prompt}")) })
        })),
        ..ModelChains::default()
    }
}

pub(crate) fn model_session(
    registry: Registry,
    chains: ModelChains,
    timeout: Duration,
) -> ModelSession {
    ModelSession::new(ModelSessionParts {
        registry,
        compute: Compute::new(),
        chains,
        keys: ApiKeys::default(),
        account: SpendAccount::default(),
        timeouts: Timeouts {
            text: timeout,
            image: timeout,
            perception: timeout,
            speech: timeout,
            video: timeout,
            moderation: timeout,
        },
        deadline: Instant::now() + Duration::from_mins(1),
        memories: Map::new(),
    })
}

pub(crate) fn frame_context() -> FrameContext {
    FrameContext {
        seed: 7,
        frame_number: 1,
        prior: vec!["The lamp went out.".to_owned()],
        state: Value::Null,
        memory: Value::Null,
        seen: None::<ImageAnalysis>,
        heard: None,
        said: None,
        place: None,
        hour: 9,
        season: Season::Spring,
        style: None,
        max_chars: None,
        known: AudienceProfile::default(),
    }
}

pub(crate) fn schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "required": ["text", "cast"],
        "properties": {"text": {"type": "string"}, "cast": {"type": "array", "items": {"type": "string"}}}})
}

pub(crate) fn picture() -> Arc<RgbImage> {
    Arc::new(RgbImage::from_fn(64, 48, |x, y| image::Rgb([x as u8 * 4, y as u8 * 5, 90])))
}

pub(crate) fn sound() -> SoundRequest {
    let bytes = support::fixture("speech.ogg").into();
    SoundRequest { bytes, format: AudioFormat::Ogg, seconds: Some(3.0) }
}

/// Uses a capability and returns its result in words. `into_notes_and_memories` returns the notes.
pub(crate) async fn ask(session: &ModelSession, capability: Capability) -> Option<String> {
    let context = frame_context();
    let add_note = |error: ModelUnavailable| {
        session.add_note(format!("Nothing came, because {}.", error.reason));
    };
    match capability {
        Capability::Text | Capability::Moderation => {
            let check =
                |text: String| if text.is_empty() { Err("it is empty".into()) } else { Ok(text) };
            session.generate_text("Tell.", &context, &check).await.ok()
        }
        Capability::Structured => {
            let prose = |text: String| Ok(json!({"text": text}));
            let request = StructuredPrompt {
                prompt: "Tell.",
                schema: &offline_schema(),
                prose_prompt: "Tell.",
            };
            let answer = session.generate_structured(request, &context, &Ok, &prose).await;
            answer.ok().map(|answer| answer["text"].as_str().unwrap_or_default().to_owned())
        }
        Capability::Image => {
            let request = ImageRequest {
                prompt: "A boat.".to_owned(),
                size: Size::new(512, 512),
                seed: 1,
                seen: None,
            };
            let image = session.generate_image(&request).await.ok()?.image;
            Some(format!("{}x{}", image.pixels.width(), image.pixels.height()))
        }
        Capability::Vision => session
            .describe_image(&picture(), None, "Look.")
            .await
            .map(|analysis| analysis.description),
        Capability::Transcription => session.transcribe(&sound()).await,
        Capability::Speech => {
            let request =
                SpeechRequest { text: "A fox!".to_owned(), voice: Some("sage".to_owned()) };
            let speech = session.synthesize_speech(&request).await.map_err(add_note).ok()?;
            Some(format!("{} for {:.0} s", speech.format.extension(), speech.seconds?))
        }
        Capability::Video => {
            let request =
                VideoRequest { prompt: "It sails.".to_owned(), picture: picture(), seed: 1 };
            let pending = session.start_video(&request).await.map_err(add_note).ok()?;
            let video = session.poll_video(&pending).await.map_err(add_note).ok()?;
            let video = video.expect("it is made at once");
            Some(format!("{}x{}", video.size.width, video.size.height))
        }
        Capability::Embedding => panic!("nobody embeds for a frame"),
    }
}

/// Embeds texts; embedding is not part of a model session.
pub(crate) async fn embed(
    registry: &Registry,
    model: &Model,
    timeout: Duration,
) -> Result<String, String> {
    let deadline = Instant::now() + timeout;
    let (account, keys) = (SpendAccount::default(), ApiKeys::default());
    let call = CallContext { model, keys: &keys, deadline };
    let texts = ["A fox.".to_owned(), "A boat.".to_owned()];
    match registry.embed(call, &account, &texts).await {
        Ok(vectors) => Ok(format!("{vectors:?}")),
        Err(error) => Err(error.to_string()),
    }
}

/// Returns a schema that the offline provider can fill too.
fn offline_schema() -> Value {
    json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}})
}
