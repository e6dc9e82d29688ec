//! `lavender`: the situation first. Where and when it is, what the weather and the sky do, and what is seen there are
//! the story's ground; what was told before only has to agree with it.

use async_trait::async_trait;

use super::{Scene, Storyteller, StorytellerError, Telling};

/// Tells of here and now.
pub(super) struct Lavender;

#[async_trait]
impl Storyteller for Lavender {
    fn name(&self) -> &'static str {
        "lavender"
    }

    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError> {
        let beat = scene.tell_prose(scene.context, false).await?;
        Ok(Telling { beats: vec![beat], state: scene.context.state.clone() })
    }
}
