//! `literal`: the artist's own words. Each phrase of `input_text`, separated by `|`, is a frame.

use async_trait::async_trait;

use super::{Beat, Scene, Storyteller, StorytellerError, Telling};

/// Makes one frame of each phrase of the input text.
pub(super) struct Literal;

/// Maximum number of frames from one request, so that a text full of `|` does not flood the story.
const MAX_FRAMES: usize = 20;

#[async_trait]
impl Storyteller for Literal {
    fn name(&self) -> &'static str {
        "literal"
    }

    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError> {
        let said = scene.context.said.as_deref().unwrap_or_default();
        let mut phrases: Vec<String> =
            said.split('|').map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect();
        if phrases.len() > MAX_FRAMES {
            let rest = phrases.len() - MAX_FRAMES;
            scene.session.add_note(format!(
                "Only the first {MAX_FRAMES} phrases became frames; send the other {rest} again."
            ));
            phrases.truncate(MAX_FRAMES);
        }
        if phrases.is_empty() {
            scene.session.add_note(
                "There was no input_text, so what is seen is shown; send phrases separated by |."
                    .to_owned(),
            );
            phrases.push(scene.fallback_description());
        }
        let beats = phrases
            .into_iter()
            .map(|phrase| Beat { illustration: scene.painting(&phrase), text: Some(phrase) })
            .collect();
        Ok(Telling { beats, state: scene.context.state.clone() })
    }
}
