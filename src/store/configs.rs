//! Models, prompts and strategies: what a storyteller works with.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use sqlx::FromRow;
use sqlx::types::Json;

use super::{Store, StoreError, Tx, read, within};

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
    /// What paints its illustrations.
    pub image: Option<ModelChoice>,
}

/// A model with how to call it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelChoice {
    /// The model configuration's slug, told in a frame's metadata.
    pub slug: String,
    /// The provider's name in the registry.
    pub provider: String,
    /// The prompt's Jinja2 template, where the configuration has one.
    pub prompt_template: Option<String>,
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
}

#[derive(FromRow)]
struct StrategyRow {
    slug: String,
    strategy_name: String,
    #[sqlx(json)]
    parameters: Map<String, Value>,
    text_slug: Option<String>,
    text_provider: Option<String>,
    text_prompt: Option<String>,
    image_slug: Option<String>,
    image_provider: Option<String>,
    image_prompt: Option<String>,
}

impl From<StrategyRow> for Strategy {
    fn from(row: StrategyRow) -> Self {
        let choice = |slug: Option<String>, provider: Option<String>, prompt_template| {
            let (slug, provider) = slug.zip(provider)?;
            Some(ModelChoice { slug, provider, prompt_template })
        };
        Self {
            slug: row.slug,
            strategy_name: row.strategy_name,
            parameters: row.parameters,
            text: choice(row.text_slug, row.text_provider, row.text_prompt),
            image: choice(row.image_slug, row.image_provider, row.image_prompt),
        }
    }
}

impl Store {
    /// Every strategy, the default first, then by slug.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn strategies(&self) -> Result<Vec<StrategySummary>, StoreError> {
        const SQL: &str = "SELECT slug, strategy_name, description, is_default, is_experimental \
             FROM strategy_config ORDER BY is_default DESC, slug";
        read!(self, db => sqlx::query_as(SQL).fetch_all(db).await)
            .map_err(StoreError::failed("list strategies"))
    }

    /// The strategy with this slug; failing that, the default one of the storyteller of this name, or its first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn strategy(&self, name: &str) -> Result<Option<Strategy>, StoreError> {
        const SQL: &str = "SELECT s.slug, s.strategy_name, s.parameters, \
             tc.slug AS text_slug, tm.provider AS text_provider, tp.text AS text_prompt, \
             ic.slug AS image_slug, im.provider AS image_provider, ip.text AS image_prompt \
             FROM strategy_config s \
             LEFT JOIN model_config tc ON tc.slug = s.text_to_text_model_config \
             LEFT JOIN inference_model tm ON tm.slug = tc.model \
             LEFT JOIN prompt_template tp ON tp.slug = tc.prompt_template \
             LEFT JOIN model_config ic ON ic.slug = s.text_to_image_model_config \
             LEFT JOIN inference_model im ON im.slug = ic.model \
             LEFT JOIN prompt_template ip ON ip.slug = ic.prompt_template \
             WHERE s.slug = $1 OR s.strategy_name = $1 \
             ORDER BY CASE WHEN s.slug = $1 THEN 0 ELSE 1 END, s.is_default DESC, s.slug LIMIT 1";
        let row: Option<StrategyRow> =
            read!(self, db => sqlx::query_as(SQL).bind(name).fetch_optional(db).await)
                .map_err(StoreError::failed("read a strategy"))?;
        Ok(row.map(Strategy::from))
    }
}

impl Tx {
    /// Adds the seeds whose slugs are not there; what is there stays as its owner left it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
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
             provider_api_variant, provider_model_name, model_parameters, date_created, date_updated) \
             VALUES ($1, $2, $3, 'default', $4, $5, $6, $6) ON CONFLICT (slug) DO NOTHING";
        within!(self, db => sqlx::query(SQL)
            .bind(&seed.slug)
            .bind(&seed.description)
            .bind(&seed.provider)
            .bind(&seed.provider_model_name)
            .bind(Json(Map::new()))
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
        within!(self, db => sqlx::query(SQL)
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
        within!(self, db => sqlx::query(SQL)
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
             date_created, date_updated) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (slug) DO NOTHING";
        within!(self, db => sqlx::query(SQL)
            .bind(&seed.slug)
            .bind(&seed.strategy_name)
            .bind(&seed.description)
            .bind(seed.is_default)
            .bind(seed.is_experimental)
            .bind(Json(&seed.parameters))
            .bind(&seed.text_to_text_model_config)
            .bind(&seed.text_to_image_model_config)
            .bind(now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("seed a strategy"))
    }
}
