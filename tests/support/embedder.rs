//! A model for vectors that knows a few ideas, behind OpenAI's API.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use calliope::app::ModelDefaults;
use calliope::compute::Compute;
use calliope::inference::{ProviderClient, Registry};
use calliope::settings::{ModelSettings, ProviderSettings};
use serde_json::{Value, json};

use super::TestOptions;
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
pub struct FakeEmbedder {
    pub provider: FakeProvider,
    /// Whether it is ill.
    pub is_down: Arc<AtomicBool>,
}

impl FakeEmbedder {
    pub async fn start() -> Self {
        let is_down = Arc::new(AtomicBool::new(false));
        let is_failing = Arc::clone(&is_down);
        let provider = FakeProvider::start(move |_, request| {
            if is_failing.load(Ordering::Relaxed) {
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
    pub fn options(&self, model: &str) -> TestOptions {
        let providers = ProviderSettings {
            openai_base_url: Some(format!("{}/v1", self.provider.url)),
            openai_api_key: Some("a key of tests".into()),
            ..ProviderSettings::default()
        };
        let minds = ModelSettings {
            text: Some("offline/offline".to_owned()),
            embedding: Some(format!("openai/{model}")),
            ..ModelSettings::default()
        };
        let client = calliope::http_client::build_client().expect("a client");
        let wire = ProviderClient::new(client, Compute::new());
        TestOptions {
            registry: Some(Registry::from_settings(&providers, &wire)),
            choices: ModelDefaults::from_settings(&minds, &providers),
            ..TestOptions::default()
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
