//! `continuous-v0`: an exquisite corpse. Whoever tells on knows the last few words, and what is seen and heard now.

use async_trait::async_trait;

use super::{LAST_WORDS, Scene, Storyteller, StorytellerError, Telling, last_words};
use crate::inference::Brief;

/// Forgets all but the fold of the paper.
pub(super) struct ContinuousV0;

#[async_trait]
impl Storyteller for ContinuousV0 {
    fn name(&self) -> &'static str {
        "continuous-v0"
    }

    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError> {
        let beat = scene.prose(&folded(scene.brief), true).await?;
        Ok(Telling { beats: vec![beat], state: scene.brief.state.clone() })
    }
}

/// The material with nothing of the past but its last words.
fn folded(brief: &Brief) -> Brief {
    let words = last_words(&brief.prior, LAST_WORDS);
    let prior = if words.is_empty() { Vec::new() } else { vec![words] };
    Brief { prior, ..brief.clone() }
}
