//! `tamarisk`: two models. A small one writes a rough draft, as freely as it likes; an editor then turns the draft into
//! a readable passage. Without an editor the draft is only cleaned by rules.

use async_trait::async_trait;

use super::{Scene, Storyteller, StorytellerError, Telling, clean, prompt};

/// Has one model draft a passage and another edit it.
pub(super) struct Tamarisk;

/// Factor by which a draft may be longer than the frame's text.
const DRAFT_LENGTH_FACTOR: usize = 2;

#[async_trait]
impl Storyteller for Tamarisk {
    fn name(&self) -> &'static str {
        "tamarisk"
    }

    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError> {
        let prompt = prompt::render(scene).await?;
        let instructions = scene.instructions();
        let rules = scene.text_rules(&prompt, &instructions);
        let rough = clean::TextRules { max_chars: rules.max_chars * DRAFT_LENGTH_FACTOR, ..rules };
        let check = |text: String| clean::clean(&text, &rough);
        let draft = scene.session.generate_text(&prompt, scene.context, &check).await?;
        let mut text = None;
        if let Some(template) = scene.prompts.editor
            && !scene.session.was_offline()
        {
            let prompt = prompt::render_about(scene, template, &draft).await?;
            // The draft is in the prompt, and an editor may leave a good sentence as it is.
            let rules = clean::TextRules { prompt: "", ..rules };
            let check = |text: String| clean::clean(&text, &rules);
            text = scene.session.edit_text(&prompt, scene.context, &check).await;
        }
        let text = match text {
            Some(text) => text,
            None => clean::clean(&draft, &rules).unwrap_or(draft),
        };
        let beat = scene.illustrate(text).await?;
        Ok(Telling { beats: vec![beat], state: scene.context.state.clone() })
    }
}
