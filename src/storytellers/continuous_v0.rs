//! `continuous-v0`: an exquisite corpse. The model is given the last few words of the story, and what is seen and heard
//! now.

use async_trait::async_trait;

use super::{LAST_WORD_COUNT, Scene, Storyteller, StorytellerError, Telling, last_words};
use crate::inference::FrameContext;

/// Continues a story from its last words alone.
pub(super) struct ContinuousV0;

#[async_trait]
impl Storyteller for ContinuousV0 {
    fn name(&self) -> &'static str {
        "continuous-v0"
    }

    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError> {
        let beat = scene.tell_prose(&with_last_words_only(scene.context), true).await?;
        Ok(Telling { beats: vec![beat], state: scene.context.state.clone() })
    }
}

/// Returns the context with the earlier texts replaced by their last words.
fn with_last_words_only(context: &FrameContext) -> FrameContext {
    let words = last_words(&context.prior, LAST_WORD_COUNT);
    let prior = if words.is_empty() { Vec::new() } else { vec![words] };
    FrameContext { prior, ..context.clone() }
}
