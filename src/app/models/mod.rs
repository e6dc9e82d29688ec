//! The choice of models for a frame: those that its strategy names, then those that the installation chooses. `auto` in
//! a strategy leaves the choice to the installation.

mod spend_ledger;

use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::FutureExt;
use serde_json::{Map, Value};
use tokio::time::{Duration, Instant};
use uuid::Uuid;

pub use spend_ledger::SpendLedger;
pub(in crate::app) use spend_ledger::write_settlement;

use super::AppError;
use super::config::{ClientLevels, Config};
use crate::compute::Compute;
use crate::domain::LevelName;
use crate::inference::{
    ApiKeys, ApiVariant, Budget, CallContext, InferenceError, Model, ModelChains, ModelSession,
    ModelSessionParts, Prices, PromptObserver, Registry, SpendAccount, Timeouts, offline, openai,
    runway,
};
use crate::settings;
use crate::store::{ModelChoice, ModelRow, Story, Strategy};
use crate::storytellers;

/// The provider that stands for the installation's choice.
const AUTO: &str = "auto";

/// The budget scope of the whole installation.
pub(in crate::app) const INSTALLATION_SCOPE: &str = "the installation";

/// The part of a frame's deadline that is reserved for rendering and saving it.
const RENDER_RESERVE: Duration = Duration::from_secs(10);

/// The installation's models for each capability as provider and name, the timeouts, and the budget.
#[derive(Debug, Clone, Default)]
pub struct ModelDefaults {
    text: Vec<(String, String)>,
    image: Vec<(String, String)>,
    vision: Vec<(String, String)>,
    transcription: Vec<(String, String)>,
    speech: Vec<(String, String)>,
    video: Vec<(String, String)>,
    moderation: Vec<(String, String)>,
    embedding: Vec<(String, String)>,
    timeouts: Timeouts,
    budget_per_day: Option<f64>,
}

impl ModelDefaults {
    /// Returns the models that the settings name. If they name none for a capability, it is OpenAI's (Runway's for
    /// video) if that provider's key is set, and none otherwise. A key for another server is that of a proxy of OpenAI,
    /// unless the settings name models that are not OpenAI's.
    #[must_use]
    pub fn from_settings(
        models: &settings::ModelSettings,
        providers: &settings::ProviderSettings,
    ) -> Self {
        let has_other_server = providers.has_other_openai_server();
        let has_openai_models = providers.openai_api_key.is_some()
            && (!has_other_server || names_only_openai_models(models));
        let openai_default = |model: &str| -> Vec<(String, String)> {
            if has_openai_models {
                vec![(openai::NAME.to_owned(), model.to_owned())]
            } else {
                Vec::new()
            }
        };
        let named_or = |setting: &Option<String>, default: Vec<(String, String)>| match setting {
            Some(setting) => {
                let pairs = settings::parse_models(setting).into_iter().flatten();
                pairs.map(|(provider, name)| (provider.to_owned(), name.to_owned())).collect()
            }
            None => default,
        };
        // A self-hosted server usually has one model; llama.cpp's ignores the name.
        let text = if has_other_server && !has_openai_models {
            vec![(openai::NAME.to_owned(), "default".to_owned())]
        } else {
            openai_default("gpt-4.1-mini")
        };
        let default_video = match providers.runway_api_key {
            Some(_) => vec![(runway::NAME.to_owned(), "gen4_turbo".to_owned())],
            None => Vec::new(),
        };
        let seconds = Duration::from_secs;
        Self {
            text: named_or(&models.text, text),
            image: named_or(&models.image, openai_default("gpt-image-1")),
            vision: named_or(&models.vision, openai_default("gpt-4.1-mini")),
            transcription: named_or(
                &models.transcription,
                openai_default("gpt-4o-mini-transcribe"),
            ),
            speech: named_or(&models.speech, openai_default("gpt-4o-mini-tts")),
            video: named_or(&models.video, default_video),
            moderation: named_or(&models.moderation, Vec::new()),
            embedding: named_or(&models.embedding, openai_default("text-embedding-3-small")),
            timeouts: Timeouts {
                text: seconds(models.text_seconds),
                image: seconds(models.image_seconds),
                perception: seconds(models.perception_seconds),
                speech: seconds(models.speech_seconds),
                video: seconds(models.video_seconds),
                ..Timeouts::default()
            },
            budget_per_day: models.budget_per_day,
        }
    }
}

/// Whether each model that the settings name at the OpenAI-compatible server is one of OpenAI's.
fn names_only_openai_models(models: &settings::ModelSettings) -> bool {
    let settings::ModelSettings {
        text,
        image,
        vision,
        transcription,
        speech,
        video,
        moderation,
        embedding,
        ..
    } = models;
    let lists = [text, image, vision, transcription, speech, video, moderation, embedding];
    let named = lists.into_iter().flatten().flat_map(|list| settings::parse_models(list)).flatten();
    let mut at_server = named.filter(|(provider, _)| *provider == openai::NAME);
    at_server.all(|(_, name)| openai::is_own_model(name))
}

impl ModelDefaults {
    /// Returns whether the installation has a text or an image model.
    fn has_any(&self) -> bool {
        !self.text.is_empty() || !self.image.is_empty()
    }

    /// Returns the providers of the models that frames use, by their names in configurations.
    fn providers(&self) -> impl Iterator<Item = &str> {
        let Self { text, image, vision, transcription, speech, .. } = self;
        let lists = [text, image, vision, transcription, speech];
        lists.into_iter().flatten().map(|(provider, _)| provider.as_str())
    }

    /// Returns the embedding model as `provider/name`, or `None` if there is no semantic search.
    pub(in crate::app) fn embedding_model(&self) -> Option<String> {
        self.embedding.first().map(|(provider, name)| format!("{provider}/{name}"))
    }
}

/// The parameters of [`Models::model_session`].
pub(in crate::app) struct ModelSessionParams<'a> {
    pub(in crate::app) client_id: &'a str,
    pub(in crate::app) story_id: Option<Uuid>,
    /// Data that providers store with the story.
    pub(in crate::app) memories: Map<String, Value>,
    pub(in crate::app) strategy: &'a Strategy,
    /// Called with every prompt.
    pub(in crate::app) on_prompt: Option<PromptObserver>,
}

impl<'a> ModelSessionParams<'a> {
    /// Returns the parameters for a stored story.
    pub(in crate::app) fn for_story(
        story: &Story,
        client_id: &'a str,
        strategy: &'a Strategy,
    ) -> Self {
        let memories = story.state.get("memories").and_then(Value::as_object).cloned();
        Self {
            client_id,
            story_id: Some(story.id),
            memories: memories.unwrap_or_default(),
            strategy,
            on_prompt: None,
        }
    }
}

/// The service for models.
#[derive(Debug)]
pub struct Models {
    registry: Registry,
    defaults: ModelDefaults,
    config: Arc<Config>,
    compute: Compute,
    frame_deadline: Duration,
}

impl Models {
    pub(in crate::app) fn new(
        registry: Registry,
        defaults: ModelDefaults,
        config: Arc<Config>,
        compute: Compute,
        frame_deadline: Duration,
    ) -> Self {
        Self { registry, defaults, config, compute, frame_deadline }
    }

    /// Returns whether the installation has a text or an image model.
    pub(in crate::app) fn has_any(&self) -> bool {
        self.defaults.has_any()
    }

    /// Returns the names of the providers whose models are used by default, in sentences; none if the built-in ones are.
    pub(in crate::app) fn provider_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for provider in self.defaults.providers().filter(|name| *name != offline::NAME) {
            let name = self.registry.display_name(provider);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Returns the embedding model as `provider/name`, or `None` if there is no semantic search.
    pub(in crate::app) fn embedding_model(&self) -> Option<String> {
        self.defaults.embedding_model()
    }

    /// Returns how long a video may take.
    pub(in crate::app) fn video_timeout(&self) -> TimeDelta {
        TimeDelta::from_std(self.defaults.timeouts.video).unwrap_or(TimeDelta::MAX)
    }

    /// Returns the names of the models whose circuit breaker is open, because they failed repeatedly.
    pub(in crate::app) fn open_circuits(&self) -> Vec<String> {
        self.registry.open_circuits()
    }

    /// Returns the models for one frame. Their calls share a deadline, which starts now and leaves time for rendering
    /// and saving the frame.
    pub(in crate::app) async fn model_session(
        &self,
        params: ModelSessionParams<'_>,
    ) -> Result<ModelSession, AppError> {
        let ModelSessionParams { client_id, story_id, memories, strategy, on_prompt } = params;
        let levels = self.config.levels(client_id).await?;
        let defaults = &self.defaults;
        let refusal_suffix = strategy.prompts.get("gentler").map(|text| text.trim().to_owned());
        let reword = strategy.prompts.get("reword").cloned();
        let chains = ModelChains {
            text: self.chain(strategy.text.as_ref(), &defaults.text).await?,
            editor: match &strategy.editor {
                Some(editor) => self.chain(Some(editor), &defaults.text).await?,
                None => Vec::new(),
            },
            image: self.chain(strategy.image.as_ref(), &defaults.image).await?,
            vision: self.chain(None, &defaults.vision).await?,
            transcription: self.chain(None, &defaults.transcription).await?,
            speech: self.chain(None, &defaults.speech).await?,
            video: self.chain(strategy.video.as_ref(), &defaults.video).await?,
            moderation: self.chain(None, &defaults.moderation).await?,
            reword: reword.map(|template| {
                let template: Arc<str> = template.into();
                let reword = move |prompt: String| {
                    let template = Arc::clone(&template);
                    async move { storytellers::reword_prompt(&template, &prompt).await }.boxed()
                };
                Arc::new(reword) as crate::inference::RewordPrompt
            }),
            refusal_suffix,
            on_prompt,
        };
        let deadline = self.frame_deadline;
        let reserve = RENDER_RESERVE.min(deadline / 4);
        Ok(ModelSession::new(ModelSessionParts {
            registry: self.registry.clone(),
            compute: self.compute.clone(),
            chains,
            keys: keys(&levels),
            account: SpendAccount {
                client_id: Some(client_id.to_owned()),
                story_id,
                budgets: budgets(&levels, client_id, defaults.budget_per_day),
                ..SpendAccount::default()
            },
            timeouts: defaults.timeouts,
            deadline: Instant::now() + deadline.saturating_sub(reserve),
            memories,
        }))
    }

    /// Returns vectors of texts from the installation's embedding model, charged to the installation's budget.
    pub(in crate::app) async fn embed(
        &self,
        texts: &[String],
        timeout: Duration,
    ) -> Result<Vec<Vec<f32>>, InferenceError> {
        let chain = self.chain(None, &self.defaults.embedding).await.unwrap_or_default();
        let model = chain.into_iter().next();
        let model = model.unwrap_or_else(|| Model::new(offline::NAME, offline::NAME));
        let budgets = budgets(&ClientLevels::default(), "", self.defaults.budget_per_day);
        let account = SpendAccount { budgets, ..SpendAccount::default() };
        let keys = ApiKeys::default();
        let call = CallContext { model: &model, keys: &keys, deadline: Instant::now() + timeout };
        let vectors = self.registry.embed(call, &account, texts).await;
        account.pending.settle().await;
        vectors
    }

    /// Returns the models to try in order: the strategy's, then the installation's. The chain is empty if the strategy
    /// names the offline provider, and never contains it.
    async fn chain(
        &self,
        choice: Option<&ModelChoice>,
        defaults: &[(String, String)],
    ) -> Result<Vec<Model>, AppError> {
        let mut chain = Vec::new();
        if let Some(choice) = choice {
            if choice.model.provider == offline::NAME {
                return Ok(chain);
            }
            if choice.model.provider != AUTO {
                chain.push(model(&choice.model, &choice.parameters));
            }
        }
        for (provider, name) in defaults {
            if provider == offline::NAME
                || chain.iter().any(|m| m.provider == *provider && m.name == *name)
            {
                continue;
            }
            let row = self.config.model(provider, name).await?;
            // If the strategy sets parameters for `auto`, they apply to each of the installation's models.
            let choice = choice.filter(|choice| choice.model.provider == AUTO);
            let overrides = choice.map(|choice| choice.parameters.clone()).unwrap_or_default();
            chain.push(match row.as_ref() {
                Some(row) => model(row, &overrides),
                None => Model { parameters: overrides, ..Model::new(provider, name) },
            });
        }
        Ok(chain)
    }
}

/// Returns a configured model with `overrides` merged into its parameters. Its prices were checked when they were
/// stored.
fn model(row: &ModelRow, overrides: &Map<String, Value>) -> Model {
    let mut parameters = row.model_parameters.clone();
    parameters.extend(overrides.iter().map(|(name, value)| (name.clone(), value.clone())));
    Model {
        provider: row.provider.clone(),
        variant: ApiVariant::from_name(&row.provider_api_variant),
        name: row.provider_model_name.clone(),
        parameters,
        prices: Prices::parse(&row.prices).unwrap_or_default(),
    }
}

/// Returns the provider keys of a client. A higher level overrides a lower one.
fn keys(levels: &ClientLevels) -> ApiKeys {
    let mut keys = ApiKeys::default();
    for level in &levels.levels {
        for (name, value) in &level.keys {
            keys.insert_if_absent(name, value.as_str().unwrap_or_default());
        }
    }
    keys
}

/// Returns every budget that a client's calls count against. The installation's spending is counted even if it has no
/// limit.
fn budgets(levels: &ClientLevels, client_id: &str, installation: Option<f64>) -> Vec<Budget> {
    let micro = |dollars: f64| (dollars * 1e6).round() as i64;
    let scope = INSTALLATION_SCOPE.to_owned();
    let mut budgets = vec![Budget { scope, micro_usd: installation.map(micro) }];
    for level in &levels.levels {
        let Some(dollars) = level.budget_per_day else { continue };
        let scope = match &level.name {
            LevelName::Sparrow => format!("the Sparrow {client_id}"),
            other => format!("the {other}"),
        };
        budgets.push(Budget { scope, micro_usd: Some(micro(dollars)) });
    }
    budgets
}

#[cfg(test)]
mod tests;
