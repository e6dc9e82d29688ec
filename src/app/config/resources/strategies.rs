//! Configurations of strategies.

use super::Resource;
use super::checks::FieldErrors;
use super::models::{MAX_DESCRIPTION, check_reference};
use crate::app::AppError;
use crate::app::config::resolve::DEFAULT_STRATEGY;
use crate::domain::{ModelConfig, PromptTemplate, StrategyConfig};
use crate::store::Tx;
use crate::storytellers;

impl Resource for StrategyConfig {
    const NAME: &'static str = "strategy-configs";
    const ID_FIELD: &'static str = "slug";

    fn id(&self) -> &str {
        &self.slug
    }

    fn check(&mut self) -> Result<(), AppError> {
        let mut errors = FieldErrors::default();
        errors.check_slug("slug", &self.slug);
        errors.check_text("description", &self.description, MAX_DESCRIPTION);
        if storytellers::find(&self.strategy_name).is_none() {
            let names: Vec<&str> =
                storytellers::ALL.iter().map(|storyteller| storyteller.name()).collect();
            errors.push("strategy_name", format!("must be one of {}", names.join(", ")));
        }
        errors.check_parameters("parameters", &mut self.parameters, &[]);
        errors.into_result()
    }

    async fn check_references(&self, tx: &mut Tx) -> Result<(), AppError> {
        for (field, config) in [
            ("text_to_text_model_config", &self.text_to_text_model_config),
            ("text_to_image_model_config", &self.text_to_image_model_config),
            ("text_to_video_model_config", &self.text_to_video_model_config),
        ] {
            check_reference::<ModelConfig>(tx, field, config.as_ref()).await?;
        }
        let seed = self.seed_prompt_template.as_ref();
        check_reference::<PromptTemplate>(tx, "seed_prompt_template", seed).await
    }

    fn protected_reason(id: &str) -> Option<&'static str> {
        let detail =
            "Every Sparrow falls back to this strategy; it can be changed, but not deleted.";
        (id == DEFAULT_STRATEGY).then_some(detail)
    }
}
