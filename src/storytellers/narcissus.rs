//! `narcissus`: a picture of what is seen, and no words.

use async_trait::async_trait;

use super::{Beat, Scene, Storyteller, StorytellerError, Telling};

/// Paints what is seen.
pub(super) struct Narcissus;

#[async_trait]
impl Storyteller for Narcissus {
    fn name(&self) -> &'static str {
        "narcissus"
    }

    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError> {
        let beat = Beat { text: None, illustration: scene.painting(&scene.fallback_description()) };
        Ok(Telling { beats: vec![beat], state: scene.context.state.clone() })
    }
}
