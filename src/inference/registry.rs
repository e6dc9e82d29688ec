//! Every provider of this process, and the one way to ask any of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;
use tokio::time::{Instant, timeout_at};

use super::call::{Caller, Order, observed};
use super::{
    Answer, Call, Capability, EmbeddingModel, Failure, ImageModel, InferenceError, Ledger, Model,
    ModerationModel, SpeechModel, StructuredModel, TextModel, TranscriptionModel, VideoModel,
    VisionModel, Wire, azure, huggingface, offline, openai, replicate, runway, stability,
};
use crate::settings::Providers;

/// One provider's capabilities; those it lacks are `None`.
#[derive(Clone, Default)]
pub struct Provider {
    /// Its name as people write it.
    pub title: &'static str,
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
    clumsy: Clumsy,
}

/// Models that lately could not give JSON, or not in time.
#[derive(Clone)]
struct Clumsy(Cache<(String, String), u32>);

/// How often in a row makes it one of them: once is bad luck.
const CLUMSY_AT: u32 = 2;

/// How long such a model is asked for prose alone.
const CLUMSY_FOR: Duration = Duration::from_mins(15);

impl Default for Clumsy {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(1000).time_to_live(CLUMSY_FOR).build())
    }
}

impl Registry {
    /// Every provider that there is; those without a key say so when they are asked.
    #[must_use]
    pub fn of(settings: &Providers, wire: &Wire) -> Self {
        let Providers {
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
        let wire = || wire.clone();
        let openai = openai::provider(wire(), openai_base_url.as_deref(), openai_api_key);
        let azure = azure::provider(wire(), azure_api_host.as_deref(), azure_api_key);
        let stability =
            stability::provider(wire(), stability_base_url.as_deref(), stability_api_key);
        let huggingface =
            huggingface::provider(wire(), huggingface_base_url.as_deref(), huggingface_api_key);
        let replicate =
            replicate::provider(wire(), replicate_base_url.as_deref(), replicate_api_token);
        let runway = runway::provider(wire(), runway_base_url.as_deref(), runway_api_key);
        Self::default()
            .with(offline::NAME, offline::provider(wire().compute().clone()))
            .with(openai::NAME, openai)
            .with(azure::NAME, azure)
            .with(stability::NAME, stability)
            .with(huggingface::NAME, huggingface)
            .with(replicate::NAME, replicate)
            .with(runway::NAME, runway)
    }

    /// Adds a provider, in the place of one that had its name.
    #[must_use]
    pub fn with(mut self, name: &str, provider: Provider) -> Self {
        Arc::make_mut(&mut self.providers).insert(name.to_owned(), provider);
        self
    }

    /// Writes calls and what they cost into a book.
    #[must_use]
    pub fn kept_in(mut self, ledger: Arc<dyn Ledger>) -> Self {
        self.caller.ledger = Some(ledger);
        self
    }

    /// Whether a model is better asked for prose alone.
    pub(super) fn is_clumsy(&self, model: &Model) -> bool {
        let key = (model.provider.clone(), model.name.clone());
        self.clumsy.0.get(&key).is_some_and(|times| times >= CLUMSY_AT)
    }

    /// Takes note that a model gave JSON in time.
    pub(super) fn gave_shape(&self, model: &Model) {
        self.clumsy.0.invalidate(&(model.provider.clone(), model.name.clone()));
    }

    /// Takes note that a model gave no JSON. One that was too slow for it is not asked a second time: its server may still
    /// be at it.
    pub(super) fn lacked_shape(&self, model: &Model, was_too_slow: bool) {
        let key = (model.provider.clone(), model.name.clone());
        let times = self.clumsy.0.get(&key).unwrap_or(0);
        self.clumsy.0.insert(key, if was_too_slow { CLUMSY_AT } else { times + 1 });
    }

    /// Models that failed again and again and are left alone for now, as `OpenAI (gpt-4.1-mini)`.
    #[must_use]
    pub fn resting(&self) -> Vec<String> {
        let resting = self.caller.breakers.resting(Instant::now()).into_iter();
        resting.map(|(provider, model)| format!("{} ({model})", self.title(&provider))).collect()
    }

    /// A provider's name as people write it.
    pub(super) fn title(&self, name: &str) -> String {
        self.providers.get(name).map_or_else(|| name.to_owned(), |found| found.title.to_owned())
    }

    /// Asks the model of an order for one of its capabilities. The offline provider is part of this process: it costs
    /// nothing, cannot be overburdened and is not tried twice.
    pub(super) async fn ask<M, T, F>(
        &self,
        order: &Order<'_>,
        pick: impl Fn(&Provider) -> Option<Arc<M>>,
        attempt: impl Fn(Arc<M>) -> F,
    ) -> Result<Answer<T>, InferenceError>
    where
        M: ?Sized,
        F: Future<Output = Result<Answer<T>, Failure>>,
    {
        let name = order.call.model.provider.as_str();
        let asked = async {
            let provider = self.providers.get(name).ok_or(Failure::NotConfigured)?;
            let model = pick(provider).ok_or(Failure::Incapable)?;
            if name == offline::NAME {
                attempt(model).await
            } else {
                self.caller.call(order, || attempt(Arc::clone(&model))).await
            }
        };
        let answer = observed(name, order.capability, asked).await;
        answer.map_err(|failure| InferenceError { provider: self.title(name), failure })
    }
}

impl Registry {
    /// Asks after a film that is being made. That costs nothing, and whoever asks will ask again.
    pub(super) async fn look_after(
        &self,
        call: &Call<'_>,
        name: &str,
    ) -> Result<Option<Bytes>, InferenceError> {
        let provider = call.model.provider.as_str();
        let asked = async {
            let known = self.providers.get(provider).ok_or(Failure::NotConfigured)?;
            let model = known.video.as_ref().ok_or(Failure::Incapable)?;
            let film = timeout_at(call.deadline, model.film(call, name)).await;
            film.unwrap_or(Err(Failure::TooSlow))
        };
        let film = observed(provider, Capability::Video, asked).await;
        film.map_err(|failure| InferenceError { provider: self.title(provider), failure })
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.providers.keys()).finish()
    }
}
