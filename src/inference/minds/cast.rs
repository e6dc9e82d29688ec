//! Who is asked, for whom, and how long.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::super::{Account, Keys, Model, Patience, Registry};
use crate::compute::Compute;

/// Puts a refused prompt in other words: the prompt for a model that writes the new one.
pub type Reword = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Hears what a model is asked with: the capability's name, and the prompt.
pub type Overhear = Arc<dyn Fn(&'static str, &str) + Send + Sync>;

/// Who is asked for what: for each capability the models in their order, without the offline one.
#[derive(Clone, Default)]
pub struct Cast {
    /// Prose and plans.
    pub text: Vec<Model>,
    /// What tidies another's prose, where a storyteller has that done.
    pub editor: Vec<Model>,
    /// Illustrations.
    pub image: Vec<Model>,
    /// All of these look, side by side.
    pub vision: Vec<Model>,
    /// Speech to words.
    pub transcription: Vec<Model>,
    /// Words to speech.
    pub speech: Vec<Model>,
    /// Films.
    pub video: Vec<Model>,
    /// Judges what was told, before anyone sees it.
    pub moderation: Vec<Model>,
    /// How a refused illustration is asked for in other words.
    pub reword: Option<Reword>,
    /// What is added to a prompt whose content was refused.
    pub gentler: Option<String>,
    /// Hears every prompt, for people who shape them.
    pub overhear: Option<Overhear>,
}

impl fmt::Debug for Cast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cast")
            .field("text", &self.text)
            .field("image", &self.image)
            .finish_non_exhaustive()
    }
}

/// What a frame's [`super::Minds`] are made of.
#[derive(Debug)]
pub struct MindsParts {
    /// Everyone who can be asked.
    pub registry: Registry,
    /// Threads for pixels.
    pub compute: Compute,
    /// Who is.
    pub cast: Cast,
    /// The client's own keys.
    pub keys: Keys,
    /// For whom.
    pub account: Account,
    /// How long each may take.
    pub patience: Patience,
    /// When all of them must be done.
    pub end: Instant,
    /// What providers asked to have kept with the story, by their names.
    pub memories: Map<String, Value>,
}
