//! The registry of providers, through which every call is made.

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

/// One provider, with an implementation of each capability that it has.
#[derive(Clone, Default)]
pub struct Provider {
    /// The provider's name in sentences, such as `OpenAI`.
    pub display_name: &'static str,
    /// Writes prose.
    pub text: Option<Arc<dyn TextModel>>,
    /// Writes JSON to a schema.
    pub structured: Option<Arc<dyn StructuredModel>>,
    /// Paints illustrations.
    pub image: Option<Arc<dyn ImageModel>>,
    /// Describes images.
    pub vision: Option<Arc<dyn VisionModel>>,
    /// Converts speech to text.
    pub transcription: Option<Arc<dyn TranscriptionModel>>,
    /// Converts text to speech.
    pub speech: Option<Arc<dyn SpeechModel>>,
    /// Makes videos.
    pub video: Option<Arc<dyn VideoModel>>,
    /// Converts texts to vectors.
    pub embedding: Option<Arc<dyn EmbeddingModel>>,
    /// Detects texts that are not suitable for everyone.
    pub moderation: Option<Arc<dyn ModerationModel>>,
}

/// All providers of this process, by name. Clones share the providers, their circuit breakers and the ledger.
#[derive(Clone, Default)]
pub struct Registry {
    providers: Arc<BTreeMap<String, Provider>>,
    caller: Caller,
    prose_only: ProseOnlyModels,
    reasoning: ReasoningModels,
}

/// The models that used up their limit of tokens before they answered, by provider and model.
#[derive(Clone)]
struct ReasoningModels(Cache<(String, String), ()>);

/// The most tokens that such a model may write, unless its parameters set a limit.
const REASONING_TOKENS: u64 = 8192;

impl Default for ReasoningModels {
    fn default() -> Self {
        Self(Cache::new(1000))
    }
}

/// The recent failures of each model to return JSON in time, by provider and model.
#[derive(Clone)]
struct ProseOnlyModels(Cache<(String, String), u32>);

/// The number of consecutive failures after which a model is asked for prose only.
const PROSE_ONLY_THRESHOLD: u32 = 2;

/// How long such a model is asked for prose only.
const PROSE_ONLY_TTL: Duration = Duration::from_mins(15);

impl Default for ProseOnlyModels {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(1000).time_to_live(PROSE_ONLY_TTL).build())
    }
}

impl Registry {
    /// Creates the registry with all providers. A provider that is not configured is still registered; its calls fail
    /// with [`Failure::NotConfigured`].
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

    /// Adds a provider, or replaces the one of the same name.
    #[must_use]
    pub fn with_provider(mut self, name: &str, provider: Provider) -> Self {
        Arc::make_mut(&mut self.providers).insert(name.to_owned(), provider);
        self
    }

    /// Records calls and their cost in a ledger.
    #[must_use]
    pub fn with_ledger(mut self, ledger: Arc<dyn Ledger>) -> Self {
        self.caller.ledger = Some(ledger);
        self
    }

    /// Returns the most tokens that a model may write: the limit in its parameters, or else `default`, or more for a
    /// model that is known to reason before it answers.
    pub(super) fn max_tokens(&self, model: &Model, default: u64) -> u64 {
        let key = (model.provider.clone(), model.name.clone());
        let is_reasoning = self.reasoning.0.contains_key(&key);
        model.max_tokens(if is_reasoning { default.max(REASONING_TOKENS) } else { default })
    }

    /// Records that a model used up its limit of tokens before it answered.
    pub(super) fn record_out_of_tokens(&self, model: &Model) {
        self.reasoning.0.insert((model.provider.clone(), model.name.clone()), ());
    }

    /// Whether a model should be asked for prose only.
    pub(super) fn is_prose_only(&self, model: &Model) -> bool {
        let key = (model.provider.clone(), model.name.clone());
        self.prose_only.0.get(&key).is_some_and(|failures| failures >= PROSE_ONLY_THRESHOLD)
    }

    /// Records that a model returned JSON in time.
    pub(super) fn record_structured_success(&self, model: &Model) {
        self.prose_only.0.invalidate(&(model.provider.clone(), model.name.clone()));
    }

    /// Records that a model failed to return JSON. A model that was too slow is not asked for JSON a second time,
    /// because its server may still be working on the first request.
    pub(super) fn record_structured_failure(&self, model: &Model, was_too_slow: bool) {
        let key = (model.provider.clone(), model.name.clone());
        let failures = self.prose_only.0.get(&key).unwrap_or(0);
        self.prose_only
            .0
            .insert(key, if was_too_slow { PROSE_ONLY_THRESHOLD } else { failures + 1 });
    }

    /// Returns the models whose circuit breaker is open, in the form `OpenAI (gpt-4.1-mini)`.
    #[must_use]
    pub fn open_circuits(&self) -> Vec<String> {
        let open_circuits = self.caller.breakers.open_circuits(Instant::now()).into_iter();
        open_circuits
            .map(|(provider, model)| format!("{} ({model})", self.display_name(&provider)))
            .collect()
    }

    /// Returns a provider's name in sentences.
    #[must_use]
    pub fn display_name(&self, name: &str) -> String {
        self.providers
            .get(name)
            .map_or_else(|| name.to_owned(), |provider| provider.display_name.to_owned())
    }

    /// Calls a model for one of its capabilities. The offline provider is part of this process, so its calls are free
    /// and need no limits and no retries.
    pub(super) async fn call_model<M, T, F>(
        &self,
        pending: &PendingCall<'_>,
        pick: impl Fn(&Provider) -> Option<Arc<M>>,
        attempt: impl Fn(Arc<M>) -> F,
    ) -> Result<ModelResponse<T>, InferenceError>
    where
        M: ?Sized,
        F: Future<Output = Result<ModelResponse<T>, Failure>>,
    {
        let name = pending.call.model.provider.as_str();
        let future = async {
            let provider = self.providers.get(name).ok_or(Failure::NotConfigured)?;
            let model = pick(provider).ok_or(Failure::Unsupported)?;
            if name == offline::NAME {
                attempt(model).await
            } else {
                self.caller.call(pending, || attempt(Arc::clone(&model))).await
            }
        };
        let result = instrumented(name, pending.capability, future).await;
        result.map_err(|failure| InferenceError { provider: self.display_name(name), failure })
    }
}

impl Registry {
    /// Polls a video that is being made. Polling is free, and it is not retried because the caller polls again.
    pub(super) async fn poll_video(
        &self,
        call: &CallContext<'_>,
        name: &str,
    ) -> Result<Option<Bytes>, InferenceError> {
        let provider = call.model.provider.as_str();
        let future = async {
            let provider = self.providers.get(provider).ok_or(Failure::NotConfigured)?;
            let model = provider.video.as_ref().ok_or(Failure::Unsupported)?;
            let video = timeout_at(call.deadline, model.poll_video(call, name)).await;
            video.unwrap_or(Err(Failure::TimedOut))
        };
        let video = instrumented(provider, Capability::Video, future).await;
        video.map_err(|failure| InferenceError { provider: self.display_name(provider), failure })
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.providers.keys()).finish()
    }
}
