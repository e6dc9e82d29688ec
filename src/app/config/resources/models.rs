//! Configurations of inference models, prompt templates and model configs.

use super::Resource;
use super::checks::{FieldErrors, unknown_reference};
use crate::app::AppError;
use crate::domain::{InferenceModel, ModelConfig, PromptTemplate};
use crate::inference::Prices;
use crate::store::Tx;
use crate::storytellers;

/// The valid values of `provider`.
const PROVIDERS: [&str; 8] =
    ["auto", "offline", "openai", "azure", "stability", "huggingface", "replicate", "runway"];

/// The valid values of `provider_api_variant`.
const VARIANTS: [&str; 3] = ["default", "openai_completion", "openai_chat_completion"];

/// The maximum length of a prompt in characters.
const MAX_PROMPT: usize = 64 << 10;

/// The maximum length of a description in characters.
pub(super) const MAX_DESCRIPTION: usize = 2000;

impl Resource for InferenceModel {
    const NAME: &'static str = "inference-models";
    const ID_FIELD: &'static str = "slug";

    fn id(&self) -> &str {
        &self.slug
    }

    fn check(&mut self) -> Result<(), AppError> {
        let mut errors = FieldErrors::default();
        errors.check_slug("slug", &self.slug);
        errors.check_text("description", &self.description, MAX_DESCRIPTION);
        errors.check_one_of("provider", &self.provider, &PROVIDERS);
        errors.check_one_of("provider_api_variant", &self.provider_api_variant, &VARIANTS);
        errors.check_name("provider_model_name", &self.provider_model_name);
        errors.check_object("model_parameters", &self.model_parameters);
        if let Err(reason) = Prices::parse(&self.prices) {
            errors.push("prices", reason);
        }
        errors.into_result()
    }

    async fn check_references(&self, _: &mut Tx) -> Result<(), AppError> {
        Ok(())
    }
}

impl Resource for PromptTemplate {
    const NAME: &'static str = "prompt-templates";
    const ID_FIELD: &'static str = "slug";

    fn id(&self) -> &str {
        &self.slug
    }

    fn check(&mut self) -> Result<(), AppError> {
        let mut errors = FieldErrors::default();
        errors.check_slug("slug", &self.slug);
        errors.check_text("description", &self.description, MAX_DESCRIPTION);
        errors.check_text("text", &self.text, MAX_PROMPT);
        if let Some(language) = &self.target_language {
            errors.check_name("target_language", language);
        }
        errors.into_result()
    }

    async fn check_content(&self) -> Result<(), AppError> {
        let checked = storytellers::check_prompt(&self.text).await;
        let reason =
            |error| AppError::invalid("text", format!("is not a Jinja2 template: {error}"));
        checked.map_err(reason)
    }

    fn has_content_of(&self, other: &Self) -> bool {
        self.text == other.text
    }

    async fn check_references(&self, _: &mut Tx) -> Result<(), AppError> {
        Ok(())
    }
}

impl Resource for ModelConfig {
    const NAME: &'static str = "model-configs";
    const ID_FIELD: &'static str = "slug";

    fn id(&self) -> &str {
        &self.slug
    }

    fn check(&mut self) -> Result<(), AppError> {
        let mut errors = FieldErrors::default();
        errors.check_slug("slug", &self.slug);
        errors.check_text("description", &self.description, MAX_DESCRIPTION);
        errors.check_object("model_parameters", &self.model_parameters);
        errors.into_result()
    }

    async fn check_references(&self, tx: &mut Tx) -> Result<(), AppError> {
        check_reference::<InferenceModel>(tx, "model", Some(&self.model)).await?;
        check_reference::<PromptTemplate>(tx, "prompt_template", self.prompt_template.as_ref())
            .await
    }
}

/// Checks that the resource that a field refers to exists. `None` refers to nothing and is valid.
pub(super) async fn check_reference<T: Resource>(
    tx: &mut Tx,
    field: &str,
    name: Option<&String>,
) -> Result<(), AppError> {
    match name {
        Some(name) if tx.resource::<T>(name).await?.is_none() => {
            Err(unknown_reference(field, T::NAME, name))
        }
        _ => Ok(()),
    }
}
