//! The data of a frame while it is made: the run, and the generated frame before it is saved.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::attachments::Narration;
use super::perception::Perception;
use super::pictures::BeatPictures;
use crate::app::jobs::{LearnFromFrame, TellFrame};
use crate::app::stories::FrameView;
use crate::domain::FrameParameters;
use crate::inference::PendingSpend;
use crate::store::{Lease, ModelChoice, Story, Strategy};
use crate::storytellers::{Prompts, Telling};

/// A frame being made.
pub(super) struct FrameRun<'a> {
    pub(super) lease: &'a Lease,
    pub(super) job: TellFrame,
    pub(super) story: Story,
    pub(super) strategy: Arc<Strategy>,
    pub(super) parameters: FrameParameters,
}

/// Everything that the last step saves.
pub(super) struct GeneratedFrame {
    pub(super) telling: Telling,
    pub(super) pictures: Vec<BeatPictures>,
    pub(super) narration: Narration,
    /// The models that wrote the words; none if they are built in, or come from the request.
    pub(super) text_models: Vec<String>,
    /// Whether to make a video of each picture.
    pub(super) wants_video: bool,
    /// The newest frame, which is shown again if nothing new was told.
    pub(super) repeated_frame: Option<FrameView>,
    pub(super) perceived: Perception,
    pub(super) situation: String,
    pub(super) notes: Vec<String>,
    /// Data that providers want stored with the story, by provider.
    pub(super) memories: Map<String, Value>,
    /// The job that learns from the frame; `None` if learning is not allowed.
    pub(super) learn_job: Option<LearnFromFrame>,
    /// The model calls, which are recorded with the frame.
    pub(super) spend: PendingSpend,
}

impl GeneratedFrame {
    /// Builds the frame's `metadata`: the strategy, models, parameters and notes. Leaves out `input_text`.
    pub(super) fn metadata(&self, run: &FrameRun<'_>, generated_at: &str) -> Value {
        let slug = |choice: &Option<ModelChoice>| choice.as_ref().map(|choice| choice.slug.clone());
        let mut parameters = run.job.parameters.clone();
        parameters.remove("input_text");
        json!({
            "situation": self.situation,
            "strategy_config": run.strategy.slug,
            "text_to_text_model_config": slug(&run.strategy.text),
            "text_to_image_model_config": slug(&run.strategy.image),
            "text_models": self.text_models,
            "generated_at": generated_at,
            "parameters": parameters,
            "errors": self.notes,
        })
    }
}

/// Returns the prompt templates of a strategy.
pub(super) fn strategy_prompts(strategy: &Strategy) -> Prompts<'_> {
    let text = strategy.text.as_ref();
    let editor = strategy.editor.as_ref();
    Prompts {
        text: text.and_then(|choice| choice.prompt_template.as_deref()),
        seed: strategy.seed_prompt.as_deref(),
        editor: editor.and_then(|choice| choice.prompt_template.as_deref()),
        illustration: strategy.prompts.get("illustration").map(String::as_str),
        language: text.and_then(|choice| choice.target_language.as_deref()),
    }
}
