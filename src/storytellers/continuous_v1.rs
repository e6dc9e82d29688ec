//! `continuous-v1`: a story that continues from its latest passages, without a plan.

use async_trait::async_trait;

use super::{Scene, Storyteller, StorytellerError, Telling};

/// Continues a story from its latest texts.
pub(super) struct ContinuousV1;

#[async_trait]
impl Storyteller for ContinuousV1 {
    fn name(&self) -> &'static str {
        "continuous-v1"
    }

    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError> {
        let beat = scene.tell_prose(scene.context, false).await?;
        Ok(Telling { beats: vec![beat], state: scene.context.state.clone() })
    }
}
