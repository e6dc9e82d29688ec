//! `show-this-frame`: shows the photograph and the text of the request unchanged. If they equal those of the last
//! frame, no frame is added.

use async_trait::async_trait;
use serde_json::json;

use super::{Beat, Illustration, Scene, Storyteller, StorytellerError, Telling};

/// Shows the request's own photograph and text.
pub(super) struct ShowThisFrame;

#[async_trait]
impl Storyteller for ShowThisFrame {
    fn name(&self) -> &'static str {
        "show-this-frame"
    }

    /// Tells one beat, or none if the photograph and the text equal those of the last frame.
    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError> {
        let text = scene.context.said.clone();
        let shown = json!({"text": text, "photograph": scene.photograph});
        if scene.context.frame_number > 0 && scene.context.state.get("shown") == Some(&shown) {
            return Ok(Telling { beats: Vec::new(), state: scene.context.state.clone() });
        }
        let illustration = match scene.photograph {
            Some(_) => Illustration::Photograph,
            None => {
                if text.is_none() {
                    let note = "There was neither a picture nor a text to show; send input_image or input_text.";
                    scene.session.add_note(note.to_owned());
                }
                scene.painting(&scene.fallback_description())
            }
        };
        let state = json!({"shown": shown});
        Ok(Telling { beats: vec![Beat { text, illustration }], state })
    }
}
