//! Every provider of this process, and the one way to ask any of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;
use tokio::time::{Instant, timeout_at};

use super::call::{Caller, PendingCall, instrumented};
use super::{
    CallContext, Capability, EmbeddingModel, Failure, ImageModel, InferenceError, Ledger, Model,
    ModelResponse, ModerationModel, ProviderClient, SpeechModel, StructuredModel, TextModel,
    TranscriptionModel, VideoModel, VisionModel, azure, huggingface, offline, openai, replicate,
    runway, stability,
};
use crate::settings::ProviderSettings;

/// One provider's capabilities; those it lacks are `None`.
#[derive(Clone, Default)]
pub struct Provider {
    /// Its name as people write it.
    pub display_name: &'static str,
    /// Prose.
    pub text: Option<Arc<dyn TextModel>>,
    /// JSON of a given shape.
    pub structured: Option<Arc<dyn StructuredModel>>,
    /// Illustrations.
    pub image: Option<Arc<dyn ImageModel>>,
    /// Descriptions of pictures.
    pub vision: Option<Arc<dyn VisionModel>>,
    /// Speech to words.
    pub transcription: Option<Arc<dyn TranscriptionModel>>,
    /// Words to speech.
    pub speech: Option<Arc<dyn SpeechModel>>,
    /// Films.
    pub video: Option<Arc<dyn VideoModel>>,
    /// Texts as vectors.
    pub embedding: Option<Arc<dyn EmbeddingModel>>,
    /// Whether a text is fit for everybody.
    pub moderation: Option<Arc<dyn ModerationModel>>,
}

/// Every provider of this process, by name. Clones share all of it, and what is known of how well each of them is.
#[derive(Clone, Default)]
pub struct Registry {
    providers: Arc<BTreeMap<String, Provider>>,
    caller: Caller,
    prose_only: ProseOnlyModels,
}

/// Models that lately could not give JSON, or not in time.
#[derive(Clone)]
struct ProseOnlyModels(Cache<(String, String), u32>);

/// How often in a row makes it one of them: once is bad luck.
const PROSE_ONLY_THRESHOLD: u32 = 2;

/// How long such a model is asked for prose alone.
const PROSE_ONLY_TTL: Duration = Duration::from_mins(15);

impl Default for ProseOnlyModels {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(1000).time_to_live(PROSE_ONLY_TTL).build())
    }
}

impl Registry {
    /// Every provider that there is; those without a key say so when they are asked.
    #[must_use]
    pub fn from_settings(settings: &ProviderSettings, client: &ProviderClient) -> Self {
        let ProviderSettings {
            openai_api_key,
            openai_base_url,
            azure_api_key,
            azure_api_host,
            stability_api_key,
            stability_base_url,
            huggingface_api_key,
            huggingface_base_url,
            replicate_api_token,
            replicate_base_url,
            runway_api_key,
            runway_base_url,
        } = settings.clone();
        let client = || client.clone();
        let openai = openai::provider(client(), openai_base_url.as_deref(), openai_api_key);
        let azure = azure::provider(client(), azure_api_host.as_deref(), azure_api_key);
        let stability =
            stability::provider(client(), stability_base_url.as_deref(), stability_api_key);
        let huggingface =
            huggingface::provider(client(), huggingface_base_url.as_deref(), huggingface_api_key);
        let replicate =
            replicate::provider(client(), replicate_base_url.as_deref(), replicate_api_token);
        let runway = runway::provider(client(), runway_base_url.as_deref(), runway_api_key);
        Self::default()
            .with_provider(offline::NAME, offline::provider(client().compute().clone()))
            .with_provider(openai::NAME, openai)
            .with_provider(azure::NAME, azure)
            .with_provider(stability::NAME, stability)
            .with_provider(huggingface::NAME, huggingface)
            .with_provider(replicate::NAME, replicate)
            .with_provider(runway::NAME, runway)
    }

    /// Adds a provider, in the place of one that had its name.
    #[must_use]
    pub fn with_provider(mut self, name: &str, provider: Provider) -> Self {
        Arc::make_mut(&mut self.providers).insert(name.to_owned(), provider);
        self
    }

    /// Writes calls and what they cost into a book.
    #[must_use]
    pub fn with_ledger(mut self, ledger: Arc<dyn Ledger>) -> Self {
        self.caller.ledger = Some(ledger);
        self
    }

    /// Whether a model is better asked for prose alone.
    pub(super) fn is_prose_only(&self, model: &Model) -> bool {
        let key = (model.provider.clone(), model.name.clone());
        self.prose_only.0.get(&key).is_some_and(|times| times >= PROSE_ONLY_THRESHOLD)
    }

    /// Takes note that a model gave JSON in time.
    pub(super) fn record_structured_success(&self, model: &Model) {
        self.prose_only.0.invalidate(&(model.provider.clone(), model.name.clone()));
    }

    /// Takes note that a model gave no JSON. One that was too slow for it is not asked a second time: its server may still
    /// be at it.
    pub(super) fn record_structured_failure(&self, model: &Model, was_too_slow: bool) {
        let key = (model.provider.clone(), model.name.clone());
        let times = self.prose_only.0.get(&key).unwrap_or(0);
        self.prose_only.0.insert(key, if was_too_slow { PROSE_ONLY_THRESHOLD } else { times + 1 });
    }

    /// Models that failed again and again and are left alone for now, as `OpenAI (gpt-4.1-mini)`.
    #[must_use]
    pub fn open_circuits(&self) -> Vec<String> {
        let resting = self.caller.breakers.open_circuits(Instant::now()).into_iter();
        resting
            .map(|(provider, model)| format!("{} ({model})", self.display_name(&provider)))
            .collect()
    }

    /// A provider's name as people write it.
    pub(super) fn display_name(&self, name: &str) -> String {
        self.providers
            .get(name)
            .map_or_else(|| name.to_owned(), |found| found.display_name.to_owned())
    }

    /// Asks the model of an order for one of its capabilities. The offline provider is part of this process: it costs
    /// nothing, cannot be overburdened and is not tried twice.
    pub(super) async fn call_model<M, T, F>(
        &self,
        order: &PendingCall<'_>,
        pick: impl Fn(&Provider) -> Option<Arc<M>>,
        attempt: impl Fn(Arc<M>) -> F,
    ) -> Result<ModelResponse<T>, InferenceError>
    where
        M: ?Sized,
        F: Future<Output = Result<ModelResponse<T>, Failure>>,
    {
        let name = order.call.model.provider.as_str();
        let asked = async {
            let provider = self.providers.get(name).ok_or(Failure::NotConfigured)?;
            let model = pick(provider).ok_or(Failure::Unsupported)?;
            if name == offline::NAME {
                attempt(model).await
            } else {
                self.caller.call(order, || attempt(Arc::clone(&model))).await
            }
        };
        let answer = instrumented(name, order.capability, asked).await;
        answer.map_err(|failure| InferenceError { provider: self.display_name(name), failure })
    }
}

impl Registry {
    /// Asks after a film that is being made. That costs nothing, and whoever asks will ask again.
    pub(super) async fn poll_video(
        &self,
        call: &CallContext<'_>,
        name: &str,
    ) -> Result<Option<Bytes>, InferenceError> {
        let provider = call.model.provider.as_str();
        let asked = async {
            let known = self.providers.get(provider).ok_or(Failure::NotConfigured)?;
            let model = known.video.as_ref().ok_or(Failure::Unsupported)?;
            let film = timeout_at(call.deadline, model.poll_video(call, name)).await;
            film.unwrap_or(Err(Failure::TimedOut))
        };
        let film = instrumented(provider, Capability::Video, asked).await;
        film.map_err(|failure| InferenceError { provider: self.display_name(provider), failure })
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.providers.keys()).finish()
    }
}
