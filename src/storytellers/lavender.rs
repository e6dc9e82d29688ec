//! `lavender`: the situation first. The story is about the place, the time, the weather, the sky and what is seen
//! there; earlier passages only have to agree with it. Its prompt says so; the code does not differ from
//! `continuous-v1`.

use async_trait::async_trait;

use super::{Scene, Storyteller, StorytellerError, Telling};

/// Tells about the current place and time.
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
