//! Models, prompts and strategies: the configuration of storytellers.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use sqlx::types::Json;
use sqlx_macros::FromRow;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A strategy as shown in a list of choices.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StrategySummary {
    /// Name in requests.
    pub slug: String,
    /// Name of the storyteller that tells its stories.
    pub strategy_name: String,
    /// What its stories are like.
    pub description: String,
    /// Whether it is used if a request names no strategy.
    pub is_default: bool,
    /// Whether it may still change.
    pub is_experimental: bool,
}

/// A strategy with everything that is needed to tell a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    /// Name in requests.
    pub slug: String,
    /// Name of the storyteller that tells its stories.
    pub strategy_name: String,
    /// Frame parameters; they have the lowest precedence of all levels.
    pub parameters: Map<String, Value>,
    /// The model that writes texts.
    pub text: Option<ModelChoice>,
    /// The model that edits the texts: the model configuration whose slug is the strategy's slug and `-editor`.
    pub editor: Option<ModelChoice>,
    /// The model that creates illustrations.
    pub image: Option<ModelChoice>,
    /// The model that creates videos from illustrations.
    pub video: Option<ModelChoice>,
    /// The prompt for the first frame of a story, if it differs from the others.
    pub seed_prompt: Option<String>,
    /// The prompts shared by all strategies, by slug; see [`SHARED_PROMPTS`].
    pub prompts: BTreeMap<&'static str, String>,
}

/// Slugs of the prompts shared by all strategies.
///
/// - `illustration`: asks for one sentence that says what to illustrate in a passage.
/// - `vision`: asks what a photograph shows.
/// - `reword`: asks for another description of an illustration that a model refused.
/// - `gentler`: is appended to a text prompt whose content a model refused.
pub const SHARED_PROMPTS: [&str; 4] = ["illustration", "vision", "reword", "gentler"];

/// A model and how to call it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ModelChoice {
    /// The model configuration's slug, recorded in a frame's metadata.
    pub slug: String,
    /// The model to call.
    #[sqlx(flatten)]
    pub model: ModelRow,
    /// Parameters that override the model's own.
    #[sqlx(json)]
    pub parameters: Map<String, Value>,
    /// The prompt's Jinja2 template, if the configuration has one.
    pub prompt_template: Option<String>,
    /// The language in which the prompt asks for text.
    pub target_language: Option<String>,
}

/// A provider's model.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ModelRow {
    /// The provider's name in the registry; `auto` leaves the choice to the installation.
    pub provider: String,
    /// Which of the provider's APIs to call.
    pub provider_api_variant: String,
    /// Name of the model at the provider.
    pub provider_model_name: String,
    /// Parameters sent with each call.
    #[sqlx(json)]
    pub model_parameters: Map<String, Value>,
    /// Prices of a call.
    #[sqlx(json)]
    pub prices: Map<String, Value>,
}

/// The rows that a new database starts with, read from `config/seeds.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeds {
    inference_models: Vec<SeedModel>,
    prompt_templates: Vec<SeedPrompt>,
    model_configs: Vec<SeedModelConfig>,
    strategy_configs: Vec<SeedStrategy>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedModel {
    slug: String,
    description: String,
    provider: String,
    provider_model_name: String,
    #[serde(default)]
    prices: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedPrompt {
    slug: String,
    description: String,
    text: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedModelConfig {
    slug: String,
    description: String,
    model: String,
    prompt_template: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedStrategy {
    slug: String,
    strategy_name: String,
    description: String,
    #[serde(default)]
    is_default: bool,
    #[serde(default)]
    is_experimental: bool,
    #[serde(default)]
    parameters: Map<String, Value>,
    text_to_text_model_config: Option<String>,
    text_to_image_model_config: Option<String>,
    seed_prompt_template: Option<String>,
}

#[derive(FromRow)]
struct StrategyRow {
    slug: String,
    strategy_name: String,
    #[sqlx(json)]
    parameters: Map<String, Value>,
    text_to_text_model_config: Option<String>,
    text_to_image_model_config: Option<String>,
    text_to_video_model_config: Option<String>,
    seed_prompt_template: Option<String>,
}

impl Store {
    /// Returns all strategies: the default first, then by slug.
    pub async fn strategies(&self) -> Result<Vec<StrategySummary>, StoreError> {
        const SQL: &str = "SELECT slug, strategy_name, description, is_default, is_experimental \
             FROM strategy_config ORDER BY is_default DESC, slug";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_all(db).await)
            .map_err(StoreError::failed("list strategies"))
    }

    /// Returns the strategy with this slug. If none exists, returns the default strategy of the storyteller with this
    /// name, or else its first by slug.
    pub async fn strategy(&self, name: &str) -> Result<Option<Strategy>, StoreError> {
        const SQL: &str = "SELECT slug, strategy_name, parameters, text_to_text_model_config, \
             text_to_image_model_config, text_to_video_model_config, seed_prompt_template \
             FROM strategy_config \
             WHERE slug = $1 OR strategy_name = $1 \
             ORDER BY CASE WHEN slug = $1 THEN 0 ELSE 1 END, is_default DESC, slug LIMIT 1";
        let row: Option<StrategyRow> =
            with_read_pool!(self, db => sqlx::query_as(SQL).bind(name).fetch_optional(db).await)
                .map_err(StoreError::failed("read a strategy"))?;
        let Some(row) = row else { return Ok(None) };
        let mut prompts = BTreeMap::new();
        for slug in SHARED_PROMPTS {
            if let Some(text) = self.prompt_text(Some(slug)).await? {
                prompts.insert(slug, text);
            }
        }
        let editor = format!("{}-editor", row.slug);
        Ok(Some(Strategy {
            text: self.model_choice(row.text_to_text_model_config.as_deref()).await?,
            editor: self.model_choice(Some(&editor)).await?,
            image: self.model_choice(row.text_to_image_model_config.as_deref()).await?,
            video: self.model_choice(row.text_to_video_model_config.as_deref()).await?,
            seed_prompt: self.prompt_text(row.seed_prompt_template.as_deref()).await?,
            slug: row.slug,
            strategy_name: row.strategy_name,
            parameters: row.parameters,
            prompts,
        }))
    }

    async fn model_choice(&self, slug: Option<&str>) -> Result<Option<ModelChoice>, StoreError> {
        const SQL: &str = "SELECT c.slug, c.model_parameters AS parameters, m.provider, \
             m.provider_api_variant, m.provider_model_name, m.model_parameters, m.prices, \
             p.text AS prompt_template, p.target_language FROM model_config c \
             JOIN inference_model m ON m.slug = c.model \
             LEFT JOIN prompt_template p ON p.slug = c.prompt_template WHERE c.slug = $1";
        let Some(slug) = slug else { return Ok(None) };
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(slug).fetch_optional(db).await)
            .map_err(StoreError::failed("read a model configuration"))
    }

    async fn prompt_text(&self, slug: Option<&str>) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT text FROM prompt_template WHERE slug = $1";
        let Some(slug) = slug else { return Ok(None) };
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(slug).fetch_optional(db).await)
            .map_err(StoreError::failed("read a prompt"))
    }

    /// Returns the configuration of a provider's model of this name, or the first by slug if there are several.
    pub async fn model_by_name(
        &self,
        provider: &str,
        name: &str,
    ) -> Result<Option<ModelRow>, StoreError> {
        const SQL: &str = "SELECT provider, provider_api_variant, provider_model_name, \
             model_parameters, prices FROM inference_model \
             WHERE provider = $1 AND provider_model_name = $2 ORDER BY slug LIMIT 1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(provider).bind(name).fetch_optional(db).await)
            .map_err(StoreError::failed("read a model"))
    }
}

impl Seeds {
    /// Removes the seeds that are among `present`, as [`Store::seeded_slugs`] returns them.
    pub fn retain_missing(&mut self, present: &HashSet<String>) {
        let is_missing = |table: &str, slug: &str| !present.contains(&format!("{table} {slug}"));
        self.inference_models.retain(|seed| is_missing("inference_model", &seed.slug));
        self.prompt_templates.retain(|seed| is_missing("prompt_template", &seed.slug));
        self.model_configs.retain(|seed| is_missing("model_config", &seed.slug));
        self.strategy_configs.retain(|seed| is_missing("strategy_config", &seed.slug));
    }

    /// Returns whether there is no seed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inference_models.is_empty()
            && self.prompt_templates.is_empty()
            && self.model_configs.is_empty()
            && self.strategy_configs.is_empty()
    }
}

impl Store {
    /// Returns the table and the slug of every row that seeds may insert, such as `model_config lavender`.
    pub async fn seeded_slugs(&self) -> Result<HashSet<String>, StoreError> {
        const SQL: &str = "SELECT 'inference_model ' || slug FROM inference_model \
             UNION ALL SELECT 'prompt_template ' || slug FROM prompt_template \
             UNION ALL SELECT 'model_config ' || slug FROM model_config \
             UNION ALL SELECT 'strategy_config ' || slug FROM strategy_config";
        let slugs: Vec<String> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_all(db).await)
                .map_err(StoreError::failed("list configurations"))?;
        Ok(slugs.into_iter().collect())
    }
}

impl Tx {
    /// Inserts the seeds whose slugs do not exist. Existing rows stay as their owner left them.
    pub async fn seed(&mut self, seeds: &Seeds, now: DateTime<Utc>) -> Result<(), StoreError> {
        for model in &seeds.inference_models {
            self.seed_model(model, now).await?;
        }
        for prompt in &seeds.prompt_templates {
            self.seed_prompt(prompt, now).await?;
        }
        for config in &seeds.model_configs {
            self.seed_model_config(config, now).await?;
        }
        for strategy in &seeds.strategy_configs {
            self.seed_strategy(strategy, now).await?;
        }
        Ok(())
    }

    async fn seed_model(&mut self, seed: &SeedModel, now: DateTime<Utc>) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO inference_model (slug, description, provider, \
             provider_api_variant, provider_model_name, model_parameters, prices, date_created, date_updated) \
             VALUES ($1, $2, $3, 'default', $4, $5, $6, $7, $7) ON CONFLICT (slug) DO NOTHING";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&seed.slug)
            .bind(&seed.description)
            .bind(&seed.provider)
            .bind(&seed.provider_model_name)
            .bind(Json(Map::new()))
            .bind(Json(&seed.prices))
            .bind(now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("seed a model"))
    }

    async fn seed_prompt(
        &mut self,
        seed: &SeedPrompt,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO prompt_template \
             (slug, description, text, date_created, date_updated) \
             VALUES ($1, $2, $3, $4, $4) ON CONFLICT (slug) DO NOTHING";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&seed.slug)
            .bind(&seed.description)
            .bind(&seed.text)
            .bind(now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("seed a prompt"))
    }

    async fn seed_model_config(
        &mut self,
        seed: &SeedModelConfig,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO model_config (slug, description, model, prompt_template, \
             model_parameters, date_created, date_updated) \
             VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (slug) DO NOTHING";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&seed.slug)
            .bind(&seed.description)
            .bind(&seed.model)
            .bind(&seed.prompt_template)
            .bind(Json(Map::new()))
            .bind(now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("seed a model configuration"))
    }

    async fn seed_strategy(
        &mut self,
        seed: &SeedStrategy,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO strategy_config (slug, strategy_name, description, is_default, \
             is_experimental, parameters, text_to_text_model_config, text_to_image_model_config, \
             seed_prompt_template, date_created, date_updated) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) ON CONFLICT (slug) DO NOTHING";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&seed.slug)
            .bind(&seed.strategy_name)
            .bind(&seed.description)
            .bind(seed.is_default)
            .bind(seed.is_experimental)
            .bind(Json(&seed.parameters))
            .bind(&seed.text_to_text_model_config)
            .bind(&seed.text_to_image_model_config)
            .bind(&seed.seed_prompt_template)
            .bind(now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("seed a strategy"))
    }
}
