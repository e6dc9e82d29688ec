//! How a story began, and which models wrote its words.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Stories, story_not_found};
use crate::app::AppError;

/// How a story began, and which models wrote the words of some of its frames.
#[derive(Debug, Default)]
pub struct StoryOrigin {
    /// Slug of the story's strategy.
    pub strategy: String,
    /// The providers' names of the models that wrote the words, each once.
    pub text_models: Vec<String>,
    /// Whether no model wrote the words of some frames, as far as that is known.
    pub has_frames_without_model: bool,
    /// Slugs of the model configurations of frames from before the models were stored, each once.
    pub model_configs: Vec<String>,
    /// Where and when the first frame was told, in a sentence; empty if that is not known.
    pub situation: String,
    /// When the story was created.
    pub date_created: DateTime<Utc>,
}

impl Stories {
    /// Returns how a story began, and which models wrote the words of the frames with the numbers from `first` to `last`.
    pub async fn story_origin(
        &self,
        story_id: Uuid,
        first: i32,
        last: i32,
    ) -> Result<StoryOrigin, AppError> {
        let story = self.store.story(story_id).await?.ok_or_else(story_not_found)?;
        let mut origin = StoryOrigin {
            strategy: story.strategy,
            date_created: story.date_created,
            ..StoryOrigin::default()
        };
        if let Some(metadata) = self.metadata_of_frames(story_id, 0, 0).await?.first() {
            let situation = metadata.get("situation").and_then(Value::as_str).unwrap_or_default();
            let first_sentence = situation.split_inclusive('.').next().unwrap_or_default();
            first_sentence.clone_into(&mut origin.situation);
        }
        for metadata in self.metadata_of_frames(story_id, first, last).await? {
            origin.add_writers(&metadata);
        }
        Ok(origin)
    }

    /// Returns the metadata of the frames with the numbers from `first` to `last`, those that exist and can be read.
    async fn metadata_of_frames(
        &self,
        story_id: Uuid,
        first: i32,
        last: i32,
    ) -> Result<Vec<Value>, AppError> {
        let limit = i64::from(last) - i64::from(first) + 1;
        let frames = self.store.frames_after(story_id, first - 1, limit.max(0)).await?;
        let read = |text: &str| serde_json::from_str(text).ok();
        Ok(frames.iter().filter_map(|frame| read(frame.metadata.0.get())).collect())
    }
}

impl StoryOrigin {
    /// Adds what a frame's metadata say about who wrote its words.
    fn add_writers(&mut self, metadata: &Value) {
        let Some(models) = metadata.get("text_models").and_then(Value::as_array) else {
            let config = metadata.get("text_to_text_model_config").and_then(Value::as_str);
            add_once(&mut self.model_configs, config);
            return;
        };
        self.has_frames_without_model |= models.is_empty();
        for model in models {
            add_once(&mut self.text_models, model.as_str());
        }
    }
}

fn add_once(names: &mut Vec<String>, name: Option<&str>) {
    if let Some(name) = name
        && !names.iter().any(|known| known == name)
    {
        names.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_models_that_wrote_are_named_and_not_those_that_are_configured() {
        let mut origin = StoryOrigin::default();
        for metadata in [
            json!({"text_models": ["b"], "text_to_text_model_config": "gentle"}),
            json!({"text_models": ["a", "b"]}),
            json!({"text_models": []}),
            json!({"text_to_text_model_config": "earlier"}),
            json!({"text_to_text_model_config": null}),
            json!({}),
        ] {
            origin.add_writers(&metadata);
        }
        assert_eq!(origin.text_models, ["b", "a"]);
        assert_eq!(origin.model_configs, ["earlier"]);
        assert!(origin.has_frames_without_model);
    }
}
