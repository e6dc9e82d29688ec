//! Providers over their real wire formats, against a local server that speaks them: what is sent, what is made of the
//! answers, and what happens when they are bad, late, or missing.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test that cannot go on says why and ends"
)]

#[path = "../support/mod.rs"]
mod support;

mod failures;
mod frames;
mod log;
mod openai;
mod situation;
mod spend;

use std::sync::Arc;
use std::time::Duration;

use calliope::audio::AudioFormat;
use calliope::compute::Compute;
use calliope::domain::{Season, Sight, Size};
use calliope::inference::{
    Account, Brief, Cast, ImageAsk, Keys, Minds, MindsParts, Model, Patience, Registry, SoundAsk,
    Wire,
};
use calliope::settings::Providers;
use calliope::web;
use image::RgbImage;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// A key that must be found in no log and no error.
pub(crate) const KEY: &str = "sk-this-key-must-not-leak-0123456789";

/// Every capability that Calliope asks of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Text,
    Structured,
    Image,
    Vision,
    Transcription,
}

/// Every provider, all of them at this address.
pub(crate) fn registry(url: &str) -> Registry {
    let wire = Wire::new(web::client().expect("a client"), Compute::new());
    let (key, url) = (Some(SecretString::from(KEY)), Some(url.to_owned()));
    let settings = Providers {
        openai_api_key: key.clone(),
        openai_base_url: url.clone(),
        azure_api_key: key.clone(),
        azure_api_host: url.clone(),
        stability_api_key: key.clone(),
        stability_base_url: url.clone(),
        huggingface_api_key: key.clone(),
        huggingface_base_url: url.clone(),
        replicate_api_token: key,
        replicate_base_url: url,
        runway_api_key: None,
    };
    Registry::of(&settings, &wire)
}

/// Everyone asks this model.
pub(crate) fn cast(model: &Model) -> Cast {
    let all = vec![model.clone()];
    Cast {
        text: all.clone(),
        image: all.clone(),
        vision: all.clone(),
        transcription: all,
        gentler: Some("Tell it gently.".to_owned()),
        reword: Some(Arc::new(|prompt: &str| Some(format!("In other words: {prompt}")))),
        ..Cast::default()
    }
}

pub(crate) fn minds(registry: Registry, cast: Cast, patience: Duration) -> Minds {
    Minds::new(MindsParts {
        registry,
        compute: Compute::new(),
        cast,
        keys: Keys::default(),
        account: Account::default(),
        patience: Patience { text: patience, image: patience, senses: patience },
        end: Instant::now() + Duration::from_mins(1),
        memories: Map::new(),
    })
}

pub(crate) fn brief() -> Brief {
    Brief {
        seed: 7,
        frame_number: 1,
        prior: vec!["The lamp went out.".to_owned()],
        state: Value::Null,
        memory: Value::Null,
        seen: None::<Sight>,
        heard: None,
        said: None,
        place: None,
        hour: 9,
        season: Season::Spring,
        style: None,
        max_chars: None,
    }
}

pub(crate) fn schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "required": ["text", "cast"],
        "properties": {"text": {"type": "string"}, "cast": {"type": "array", "items": {"type": "string"}}}})
}

pub(crate) fn picture() -> Arc<RgbImage> {
    Arc::new(RgbImage::from_fn(64, 48, |x, y| image::Rgb([x as u8 * 4, y as u8 * 5, 90])))
}

pub(crate) fn sound() -> SoundAsk {
    let bytes = support::fixture("speech.ogg").into();
    SoundAsk { bytes, format: AudioFormat::Ogg, seconds: Some(3.0) }
}

/// What a capability gave, in words; the notes follow from `into_kept`.
pub(crate) async fn ask(minds: &Minds, wanted: Wanted) -> Option<String> {
    let brief = brief();
    match wanted {
        Wanted::Text => {
            let check =
                |text: String| if text.is_empty() { Err("it is empty".into()) } else { Ok(text) };
            minds.text("Tell.", &brief, &check).await.ok()
        }
        Wanted::Structured => {
            let prose = |text: String| Ok(json!({"text": text}));
            let told = minds.structured(("Tell.", &offline_schema()), &brief, &Ok, &prose).await;
            told.ok().map(|told| told["text"].as_str().unwrap_or_default().to_owned())
        }
        Wanted::Image => {
            let ask = ImageAsk {
                prompt: "A boat.".to_owned(),
                size: Size::new(512, 512),
                seed: 1,
                seen: None,
            };
            let drawn = minds.image(&ask).await.ok()?;
            Some(format!("{}x{}", drawn.pixels.width(), drawn.pixels.height()))
        }
        Wanted::Vision => minds.see(&picture(), "Look.").await.map(|sight| sight.description),
        Wanted::Transcription => minds.hear(&sound()).await,
    }
}

/// A schema that the offline provider can fill, too.
fn offline_schema() -> Value {
    json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}})
}
