//! Which models tell a frame: those that its strategy names, then those that the installation chooses, in this order.
//! `auto` in a strategy leaves the choice to the installation from the start.

mod spend_ledger;

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Map, Value};
use tokio::time::{Duration, Instant};
use uuid::Uuid;

pub use spend_ledger::SpendLedger;

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

/// The scope of everything that is spent.
pub(in crate::app) const INSTALLATION_SCOPE: &str = "the installation";

/// What is kept free of a frame's time for rendering and keeping it.
const RENDER_RESERVE: Duration = Duration::from_secs(10);

/// What the installation chooses for each capability, and how long it waits for it.
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
    /// From the settings: what they name, else what OpenAI's key allows, else nothing.
    #[must_use]
    pub fn from_settings(
        models: &settings::ModelSettings,
        providers: &settings::ProviderSettings,
    ) -> Self {
        let has_custom_base_url = providers.openai_base_url.is_some();
        let has_key = providers.openai_api_key.is_some();
        let openai_default = |model: &str| -> Vec<(String, String)> {
            let is_available = has_key && !has_custom_base_url;
            if is_available {
                vec![(openai::NAME.to_owned(), model.to_owned())]
            } else {
                Vec::new()
            }
        };
        let named = |given: &Option<String>, otherwise: Vec<(String, String)>| match given {
            Some(given) => {
                let pairs = settings::parse_models(given).into_iter().flatten();
                pairs.map(|(provider, name)| (provider.to_owned(), name.to_owned())).collect()
            }
            None => otherwise,
        };
        // A server of one's own has one model, and llama.cpp's does not even ask for its name.
        let text = if has_custom_base_url {
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
            text: named(&models.text, text),
            image: named(&models.image, openai_default("gpt-image-1")),
            vision: named(&models.vision, openai_default("gpt-4.1-mini")),
            transcription: named(&models.transcription, openai_default("gpt-4o-mini-transcribe")),
            speech: named(&models.speech, openai_default("gpt-4o-mini-tts")),
            video: named(&models.video, default_video),
            moderation: named(&models.moderation, Vec::new()),
            embedding: named(&models.embedding, openai_default("text-embedding-3-small")),
            timeouts: Timeouts {
                text: seconds(models.text_seconds),
                image: seconds(models.image_seconds),
                perception: seconds(models.senses_seconds),
                speech: seconds(models.speech_seconds),
                video: seconds(models.video_seconds),
                ..Timeouts::default()
            },
            budget_per_day: models.budget_per_day,
        }
    }
}

impl ModelDefaults {
    /// Whether any model is chosen that tells or paints.
    fn has_any(&self) -> bool {
        !self.text.is_empty() || !self.image.is_empty()
    }

    /// The model that turns texts into vectors, as `provider/name`; `None` where there is no semantic search.
    pub(in crate::app) fn embedding_model(&self) -> Option<String> {
        self.embedding.first().map(|(provider, name)| format!("{provider}/{name}"))
    }
}

/// Whose models: what [`Models::minds`] needs to know.
pub(in crate::app) struct ModelSessionParams<'a> {
    pub(in crate::app) client_id: &'a str,
    pub(in crate::app) story_id: Option<Uuid>,
    /// What providers asked to have kept with the story.
    pub(in crate::app) memories: Map<String, Value>,
    pub(in crate::app) strategy: &'a Strategy,
    /// Hears every prompt.
    pub(in crate::app) on_prompt: Option<PromptObserver>,
}

impl<'a> ModelSessionParams<'a> {
    /// Those of a story that is kept.
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

/// The models of this installation.
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
        choices: ModelDefaults,
        config: Arc<Config>,
        compute: Compute,
        frame_deadline: Duration,
    ) -> Self {
        Self { registry, defaults: choices, config, compute, frame_deadline }
    }

    /// Whether any model is chosen that tells or paints.
    pub(in crate::app) fn has_any(&self) -> bool {
        self.defaults.has_any()
    }

    /// The model that turns texts into vectors, as `provider/name`; `None` if there is no semantic search.
    pub(in crate::app) fn embedding_model(&self) -> Option<String> {
        self.defaults.embedding_model()
    }

    /// How long a video may be in the making.
    pub(in crate::app) fn video_timeout(&self) -> TimeDelta {
        TimeDelta::from_std(self.defaults.timeouts.video).unwrap_or(TimeDelta::MAX)
    }

    /// The models that failed again and again, and are left alone for a while.
    pub(in crate::app) fn open_circuits(&self) -> Vec<String> {
        self.registry.open_circuits()
    }

    /// The models of one frame, which must be done at a deadline that begins now.
    pub(in crate::app) async fn model_session(
        &self,
        params: ModelSessionParams<'_>,
    ) -> Result<ModelSession, AppError> {
        let ModelSessionParams { client_id, story_id, memories, strategy, on_prompt: overhear } =
            params;
        let levels = self.config.levels(client_id).await?;
        let choices = &self.defaults;
        let gentler = strategy.prompts.get("gentler").map(|text| text.trim().to_owned());
        let reword = strategy.prompts.get("reword").cloned();
        let chains = ModelChains {
            text: self.chain(strategy.text.as_ref(), &choices.text).await?,
            editor: match &strategy.editor {
                Some(editor) => self.chain(Some(editor), &choices.text).await?,
                None => Vec::new(),
            },
            image: self.chain(strategy.image.as_ref(), &choices.image).await?,
            vision: self.chain(None, &choices.vision).await?,
            transcription: self.chain(None, &choices.transcription).await?,
            speech: self.chain(None, &choices.speech).await?,
            video: self.chain(strategy.video.as_ref(), &choices.video).await?,
            moderation: self.chain(None, &choices.moderation).await?,
            reword: reword.map(|template| {
                let reword = move |prompt: &str| storytellers::reword_prompt(&template, prompt);
                Arc::new(reword) as crate::inference::RewordPrompt
            }),
            refusal_suffix: gentler,
            on_prompt: overhear,
        };
        let deadline = self.frame_deadline;
        let afterwards = RENDER_RESERVE.min(deadline / 4);
        Ok(ModelSession::new(ModelSessionParts {
            registry: self.registry.clone(),
            compute: self.compute.clone(),
            chains,
            keys: keys(&levels),
            account: SpendAccount {
                client_id: Some(client_id.to_owned()),
                story_id,
                budgets: budgets(&levels, client_id, choices.budget_per_day),
            },
            timeouts: choices.timeouts,
            deadline: Instant::now() + deadline.saturating_sub(afterwards),
            memories,
        }))
    }

    /// Vectors of texts, of the installation's own model and at its expense.
    pub(in crate::app) async fn embed(
        &self,
        texts: &[String],
        timeout: Duration,
    ) -> Result<Vec<Vec<f32>>, InferenceError> {
        let chain = self.chain(None, &self.defaults.embedding).await.unwrap_or_default();
        let model = chain.into_iter().next();
        let model = model.unwrap_or_else(|| Model::new(offline::NAME, offline::NAME));
        let budgets = budgets(&ClientLevels::default(), "", self.defaults.budget_per_day);
        let account = SpendAccount { client_id: None, story_id: None, budgets };
        let keys = ApiKeys::default();
        let call = CallContext { model: &model, keys: &keys, deadline: Instant::now() + timeout };
        self.registry.embed(call, &account, texts).await
    }

    /// A strategy's model and the installation's, without the offline one.
    async fn chain(
        &self,
        choice: Option<&ModelChoice>,
        installed: &[(String, String)],
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
        for (provider, name) in installed {
            if provider == offline::NAME
                || chain.iter().any(|m| m.provider == *provider && m.name == *name)
            {
                continue;
            }
            let row = self.config.model(provider, name).await?;
            // Parameters that a strategy gives without naming a model are meant for whichever there is.
            let over = choice.filter(|choice| choice.model.provider == AUTO);
            let over = over.map(|choice| choice.parameters.clone()).unwrap_or_default();
            chain.push(match row.as_ref() {
                Some(row) => model(row, &over),
                None => Model { parameters: over, ..Model::new(provider, name) },
            });
        }
        Ok(chain)
    }
}

/// A model with its own parameters and those over them. Prices were checked when they were stored.
fn model(row: &ModelRow, over: &Map<String, Value>) -> Model {
    let mut parameters = row.model_parameters.clone();
    parameters.extend(over.iter().map(|(name, value)| (name.clone(), value.clone())));
    Model {
        provider: row.provider.clone(),
        variant: ApiVariant::from_name(&row.provider_api_variant),
        name: row.provider_model_name.clone(),
        parameters,
        prices: Prices::parse(&row.prices).unwrap_or_default(),
    }
}

/// The keys of a client's levels, the nearest first.
fn keys(levels: &ClientLevels) -> ApiKeys {
    let mut keys = ApiKeys::default();
    for level in &levels.levels {
        for (name, value) in &level.keys {
            keys.insert_if_absent(name, value.as_str().unwrap_or_default());
        }
    }
    keys
}

/// Every budget that a client's calls must fit in. The installation's spending is counted even where it is not limited.
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
