//! An embedding model that knows a few concepts, served through OpenAI's API.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use calliope::app::ModelDefaults;
use calliope::compute::Compute;
use calliope::inference::{ProviderClient, Registry};
use calliope::settings::{ModelSettings, ProviderSettings};
use serde_json::{Value, json};

use super::TestOptions;
use super::provider::{FakeProvider, Reply};

/// Words of the same concept have vectors in the same direction.
const CONCEPTS: &[&[&str]] = &[
    &["boat", "ship", "vessel", "sail"],
    &["dog", "puppy", "hound"],
    &["lamp", "light", "lantern", "glow"],
    &["grief", "sad", "sorrow", "wept"],
    &["bread", "bakery", "loaf"],
    &["snow", "winter", "frost"],
];

/// Number of dimensions of a vector.
pub const DIMENSION: usize = CONCEPTS.len() + 1;

/// A model that serves until it is dropped.
pub struct FakeEmbedder {
    pub provider: FakeProvider,
    /// Whether the model rejects every request.
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
            let body = request.json();
            let texts = body["input"].as_array().expect("a list of texts");
            let entry = |(index, text): (usize, &Value)| {
                let vector = vector(text.as_str().expect("a text"));
                json!({"object": "embedding", "index": index, "embedding": vector})
            };
            let data: Vec<Value> = texts.iter().enumerate().map(entry).collect();
            Reply::ok(json!({
                "object": "list", "model": body["model"], "data": data,
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
            }))
        })
        .await;
        Self { provider, is_down }
    }

    /// Returns options for a service that uses this model under the name `model`, and offline models otherwise.
    pub fn options(&self, model: &str) -> TestOptions {
        let providers = ProviderSettings {
            openai_base_url: Some(format!("{}/v1", self.provider.url)),
            openai_api_key: Some("a key of tests".into()),
            ..ProviderSettings::default()
        };
        let models = ModelSettings {
            text: Some("offline/offline".to_owned()),
            embedding: Some(format!("openai/{model}")),
            ..ModelSettings::default()
        };
        let http = calliope::http_client::build_client().expect("a client");
        let client = ProviderClient::new(http, Compute::new());
        TestOptions {
            registry: Some(Registry::from_settings(&providers, &client)),
            choices: ModelDefaults::from_settings(&models, &providers),
            ..TestOptions::default()
        }
    }
}

/// Returns a vector with one direction per concept, and a small component that all texts share.
fn vector(text: &str) -> Vec<f32> {
    let text = text.to_lowercase();
    let count =
        |concept: &&[&str]| concept.iter().filter(|word| text.contains(**word)).count() as f32;
    let mut vector: Vec<f32> = CONCEPTS.iter().map(count).collect();
    vector.push(0.1);
    vector
}
