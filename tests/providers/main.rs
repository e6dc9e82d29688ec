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

mod beside;
mod failures;
mod frames;
mod log;
mod openai;
mod situation;
mod spend;
mod stored_jobs;

use std::sync::Arc;
use std::time::Duration;

use calliope::audio::AudioFormat;
use calliope::compute::Compute;
use calliope::domain::{Season, Sight, Size};
use calliope::inference::{
    Account, Brief, Call, Cast, FilmAsk, ImageAsk, Keys, Known, Minds, MindsParts, Model, Nobody,
    Patience, Registry, SoundAsk, SpeechAsk, Structured, Wire,
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
    Speech,
    Video,
    Embedding,
    Moderation,
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
        replicate_api_token: key.clone(),
        replicate_base_url: url.clone(),
        runway_api_key: key,
        runway_base_url: url,
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
        transcription: all.clone(),
        speech: all.clone(),
        video: all,
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
        patience: Patience {
            text: patience,
            image: patience,
            senses: patience,
            speech: patience,
            video: patience,
            moderation: patience,
        },
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
        known: Known::default(),
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
    let nobody = |nobody: Nobody| minds.note(format!("Nothing came, because {}.", nobody.because));
    match wanted {
        Wanted::Text | Wanted::Moderation => {
            let check =
                |text: String| if text.is_empty() { Err("it is empty".into()) } else { Ok(text) };
            minds.text("Tell.", &brief, &check).await.ok()
        }
        Wanted::Structured => {
            let prose = |text: String| Ok(json!({"text": text}));
            let ask = Structured { prompt: "Tell.", schema: &offline_schema(), plain: "Tell." };
            let told = minds.structured(ask, &brief, &Ok, &prose).await;
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
        Wanted::Speech => {
            let ask = SpeechAsk { text: "A fox!".to_owned(), voice: Some("sage".to_owned()) };
            let spoken = minds.speak(&ask).await.map_err(nobody).ok()?;
            Some(format!("{} for {:.0} s", spoken.format.extension(), spoken.seconds?))
        }
        Wanted::Video => {
            let ask = FilmAsk { prompt: "It sails.".to_owned(), picture: picture(), seed: 1 };
            let filming = minds.begin_film(&ask).await.map_err(nobody).ok()?;
            let film = minds.film(&filming).await.map_err(nobody).ok()?;
            let film = film.expect("it is made at once");
            Some(format!("{}x{}", film.size.width, film.size.height))
        }
        Wanted::Embedding => panic!("nobody embeds for a frame"),
    }
}

/// The same of texts as vectors, which are asked for beside frames.
pub(crate) async fn embed(
    registry: &Registry,
    model: &Model,
    patience: Duration,
) -> Result<String, String> {
    let deadline = Instant::now() + patience;
    let (account, keys) = (Account::default(), Keys::default());
    let call = Call { model, keys: &keys, deadline };
    let texts = ["A fox.".to_owned(), "A boat.".to_owned()];
    match registry.embed(call, &account, &texts).await {
        Ok(vectors) => Ok(format!("{vectors:?}")),
        Err(error) => Err(error.to_string()),
    }
}

/// A schema that the offline provider can fill, too.
fn offline_schema() -> Value {
    json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}})
}
