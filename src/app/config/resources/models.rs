//! Models, prompts, and models with how to call them.

use super::Resource;
use super::checks::{Wrong, nothing_there};
use crate::app::AppError;
use crate::domain::{InferenceModel, ModelConfig, PromptTemplate};
use crate::inference::Prices;
use crate::store::Tx;
use crate::storytellers;

/// Providers that a model may be of.
const PROVIDERS: [&str; 8] =
    ["auto", "offline", "openai", "azure", "stability", "huggingface", "replicate", "runway"];

/// Manners of calling one.
const VARIANTS: [&str; 3] = ["default", "openai_completion", "openai_chat_completion"];

/// The longest prompt, in characters.
const MAX_PROMPT: usize = 64 << 10;

/// The longest description, in characters.
pub(super) const MAX_DESCRIPTION: usize = 2000;

impl Resource for InferenceModel {
    const NAME: &'static str = "inference-models";
    const ID: &'static str = "slug";

    fn id(&self) -> &str {
        &self.slug
    }

    fn check(&mut self) -> Result<(), AppError> {
        let mut wrong = Wrong::default();
        wrong.slug("slug", &self.slug);
        wrong.text("description", &self.description, MAX_DESCRIPTION);
        wrong.one_of("provider", &self.provider, &PROVIDERS);
        wrong.one_of("provider_api_variant", &self.provider_api_variant, &VARIANTS);
        wrong.name("provider_model_name", &self.provider_model_name);
        wrong.object("model_parameters", &self.model_parameters);
        if let Err(reason) = Prices::read(&self.prices) {
            wrong.refuse("prices", reason);
        }
        wrong.end()
    }

    async fn fits(&self, _: &mut Tx) -> Result<(), AppError> {
        Ok(())
    }
}

impl Resource for PromptTemplate {
    const NAME: &'static str = "prompt-templates";
    const ID: &'static str = "slug";

    fn id(&self) -> &str {
        &self.slug
    }

    fn check(&mut self) -> Result<(), AppError> {
        let mut wrong = Wrong::default();
        wrong.slug("slug", &self.slug);
        wrong.text("description", &self.description, MAX_DESCRIPTION);
        wrong.text("text", &self.text, MAX_PROMPT);
        if let Err(error) = storytellers::check_prompt(&self.text) {
            wrong.refuse("text", format!("is no Jinja2 template: {error}"));
        }
        if let Some(language) = &self.target_language {
            wrong.name("target_language", language);
        }
        wrong.end()
    }

    async fn fits(&self, _: &mut Tx) -> Result<(), AppError> {
        Ok(())
    }
}

impl Resource for ModelConfig {
    const NAME: &'static str = "model-configs";
    const ID: &'static str = "slug";

    fn id(&self) -> &str {
        &self.slug
    }

    fn check(&mut self) -> Result<(), AppError> {
        let mut wrong = Wrong::default();
        wrong.slug("slug", &self.slug);
        wrong.text("description", &self.description, MAX_DESCRIPTION);
        wrong.object("model_parameters", &self.model_parameters);
        wrong.end()
    }

    async fn fits(&self, tx: &mut Tx) -> Result<(), AppError> {
        must_be::<InferenceModel>(tx, "model", Some(&self.model)).await?;
        must_be::<PromptTemplate>(tx, "prompt_template", self.prompt_template.as_ref()).await
    }
}

/// Refuses a reference that leads nowhere.
pub(super) async fn must_be<T: Resource>(
    tx: &mut Tx,
    field: &str,
    name: Option<&String>,
) -> Result<(), AppError> {
    match name {
        Some(name) if tx.resource::<T>(name).await?.is_none() => {
            Err(nothing_there(field, T::NAME, name))
        }
        _ => Ok(()),
    }
}
