//! A model for vectors that knows a few ideas, behind OpenAI's API.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use calliope::app::Choices;
use calliope::compute::Compute;
use calliope::inference::{Registry, Wire};
use calliope::settings::{Minds, Providers};
use serde_json::{Value, json};

use super::Options;
use super::provider::{FakeProvider, Reply};

/// Words of one idea point the same way.
const IDEAS: &[&[&str]] = &[
    &["boat", "ship", "vessel", "sail"],
    &["dog", "puppy", "hound"],
    &["lamp", "light", "lantern", "glow"],
    &["grief", "sad", "sorrow", "wept"],
    &["bread", "bakery", "loaf"],
    &["snow", "winter", "frost"],
];

/// Numbers of a vector.
pub const DIMENSION: usize = IDEAS.len() + 1;

/// The model, for as long as it is kept.
pub struct Embedder {
    pub provider: FakeProvider,
    /// Whether it is ill.
    pub is_down: Arc<AtomicBool>,
}

impl Embedder {
    pub async fn start() -> Self {
        let is_down = Arc::new(AtomicBool::new(false));
        let ill = Arc::clone(&is_down);
        let provider = FakeProvider::start(move |_, request| {
            if ill.load(Ordering::Relaxed) {
                return Reply::status(400, json!({"error": {"message": "no such model"}}));
            }
            let asked = request.json();
            let texts = asked["input"].as_array().expect("a list of texts");
            let entry = |(index, text): (usize, &Value)| {
                let vector = vector(text.as_str().expect("a text"));
                json!({"object": "embedding", "index": index, "embedding": vector})
            };
            let data: Vec<Value> = texts.iter().enumerate().map(entry).collect();
            Reply::ok(json!({
                "object": "list", "model": asked["model"], "data": data,
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
            }))
        })
        .await;
        Self { provider, is_down }
    }

    /// A service that uses it under this name, and no other model.
    pub fn options(&self, model: &str) -> Options {
        let providers = Providers {
            openai_base_url: Some(format!("{}/v1", self.provider.url)),
            openai_api_key: Some("a key of tests".into()),
            ..Providers::default()
        };
        let minds = Minds {
            text: Some("offline/offline".to_owned()),
            embedding: Some(format!("openai/{model}")),
            ..Minds::default()
        };
        let client = calliope::web::client().expect("a client");
        let wire = Wire::new(client, Compute::new());
        Options {
            registry: Some(Registry::of(&providers, &wire)),
            choices: Choices::of(&minds, &providers),
            ..Options::default()
        }
    }
}

/// One direction an idea, and a little of one that all texts share.
fn vector(text: &str) -> Vec<f32> {
    let text = text.to_lowercase();
    let of = |idea: &&[&str]| idea.iter().filter(|word| text.contains(**word)).count() as f32;
    let mut vector: Vec<f32> = IDEAS.iter().map(of).collect();
    vector.push(0.1);
    vector
}
