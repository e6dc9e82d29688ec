//! `continuous-v0`: an exquisite corpse. Whoever tells on knows the last few words, and what is seen and heard now.

use async_trait::async_trait;

use super::{LAST_WORD_COUNT, Scene, Storyteller, StorytellerError, Telling, last_words};
use crate::inference::FrameContext;

/// Forgets all but the fold of the paper.
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

/// The material with nothing of the past but its last words.
fn with_last_words_only(context: &FrameContext) -> FrameContext {
    let words = last_words(&context.prior, LAST_WORD_COUNT);
    let prior = if words.is_empty() { Vec::new() } else { vec![words] };
    FrameContext { prior, ..context.clone() }
}
