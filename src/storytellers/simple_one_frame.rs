//! `simple-one-frame`: a whole little story in one frame, which takes the place of the last.

use async_trait::async_trait;

use super::{Beat, Scene, Storyteller, StorytellerError, Telling, prompt};
use crate::inference::Brief;

/// Begins anew with every frame.
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
        let prompt = prompt::render(scene)?;
        let text = scene.minds.text(&prompt, &alone(scene.brief)).await?;
        let beat = Beat { illustration: scene.styled(&text), text: Some(text) };
        Ok(Telling { beats: vec![beat], state: scene.brief.state.clone() })
    }
}

/// The same material without a past: a new seed for each frame gives each its own people and place.
fn alone(brief: &Brief) -> Brief {
    let seed =
        brief.seed.rotate_left(brief.frame_number % 64).wrapping_add(brief.frame_number.into());
    Brief {
        seed,
        frame_number: 0,
        prior: Vec::new(),
        state: serde_json::Value::Null,
        ..brief.clone()
    }
}
