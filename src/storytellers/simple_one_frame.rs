//! `simple-one-frame`: a complete short story in one frame, which replaces the last frame.

use async_trait::async_trait;

use super::{Scene, Storyteller, StorytellerError, Telling};
use crate::inference::FrameContext;

/// Starts a new story with every frame.
pub(super) struct SimpleOneFrame;

#[async_trait]
impl Storyteller for SimpleOneFrame {
    fn name(&self) -> &'static str {
        "simple-one-frame"
    }

    fn appends(&self) -> bool {
        false
    }

    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError> {
        let beat = scene.tell_prose(&without_history(scene.context), false).await?;
        Ok(Telling { beats: vec![beat], state: scene.context.state.clone() })
    }
}

/// Returns the context without the earlier texts and the state. Each frame gets a seed of its own, so that it gets its
/// own people and place.
fn without_history(context: &FrameContext) -> FrameContext {
    let seed = context
        .seed
        .rotate_left(context.frame_number % 64)
        .wrapping_add(context.frame_number.into());
    FrameContext {
        seed,
        frame_number: 0,
        prior: Vec::new(),
        state: serde_json::Value::Null,
        ..context.clone()
    }
}
