//! Models, prompts and strategies: what a storyteller works with.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use sqlx::FromRow;
use sqlx::types::Json;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A strategy as a person who chooses one sees it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StrategySummary {
    /// Its name in requests.
    pub slug: String,
    /// The storyteller behind it.
    pub strategy_name: String,
    /// What its stories are like.
    pub description: String,
    /// Whether it is used when none is asked for.
    pub is_default: bool,
    /// Whether it may still change.
    pub is_experimental: bool,
}

/// A strategy with all that it needs to tell a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    /// Its name in requests.
    pub slug: String,
    /// The storyteller behind it.
    pub strategy_name: String,
    /// Its frame parameters, the lowest level of all.
    pub parameters: Map<String, Value>,
    /// What writes its texts.
    pub text: Option<ModelChoice>,
    /// What tidies them: the model configuration that is called as the strategy is, and `-editor`.
    pub editor: Option<ModelChoice>,
    /// What paints its illustrations.
    pub image: Option<ModelChoice>,
    /// What makes films of them.
    pub video: Option<ModelChoice>,
    /// The prompt that a story begins with, where it is another one.
    pub seed_prompt: Option<String>,
    /// The prompts that serve all strategies, by their slugs: see [`SHARED_PROMPTS`].
    pub prompts: BTreeMap<&'static str, String>,
}

/// The prompts that serve all strategies: for one sentence to paint, for what a photograph shows, for a refused
/// illustration in other words, and for a refused story in gentler ones.
pub const SHARED_PROMPTS: [&str; 4] = ["illustration", "vision", "reword", "gentler"];

/// A model with how to call it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ModelChoice {
    /// The model configuration's slug, told in a frame's metadata.
    pub slug: String,
    /// The model.
    #[sqlx(flatten)]
    pub model: ModelRow,
    /// Parameters over the model's own.
    #[sqlx(json)]
    pub parameters: Map<String, Value>,
    /// The prompt's Jinja2 template, where the configuration has one.
    pub prompt_template: Option<String>,
    /// In which language the prompt asks for its text.
    pub target_language: Option<String>,
}

/// A model of a provider.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ModelRow {
    /// The provider's name in the registry; `auto` leaves the choice to the installation.
    pub provider: String,
    /// The manner of calling it.
    pub provider_api_variant: String,
    /// Its name at the provider.
    pub provider_model_name: String,
    /// Sent with each call.
    #[sqlx(json)]
    pub model_parameters: Map<String, Value>,
    /// What a call costs.
    #[sqlx(json)]
    pub prices: Map<String, Value>,
}

/// What a new database begins with; read from `config/seeds.toml`.
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
    /// Every strategy, the default first, then by slug.
    pub async fn strategies(&self) -> Result<Vec<StrategySummary>, StoreError> {
        const SQL: &str = "SELECT slug, strategy_name, description, is_default, is_experimental \
             FROM strategy_config ORDER BY is_default DESC, slug";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_all(db).await)
            .map_err(StoreError::failed("list strategies"))
    }

    /// The strategy with this slug; failing that, the default one of the storyteller of this name, or its first.
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

    /// What is configured for a provider's model of this name; of several the first by slug.
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

impl Tx {
    /// Adds the seeds whose slugs are not there; what is there stays as its owner left it.
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
