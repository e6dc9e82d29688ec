//! Who is asked, for whom, and how long.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::super::{ApiKeys, Model, Registry, SpendAccount, Timeouts};
use crate::compute::Compute;

/// Puts a refused prompt in other words: the prompt for a model that writes the new one.
pub type RewordPrompt = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Hears what a model is asked with: the capability's name, and the prompt.
pub type PromptObserver = Arc<dyn Fn(&'static str, &str) + Send + Sync>;

/// Who is asked for what: for each capability the models in their order, without the offline one.
#[derive(Clone, Default)]
pub struct ModelChains {
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
    pub reword: Option<RewordPrompt>,
    /// What is added to a prompt whose content was refused.
    pub refusal_suffix: Option<String>,
    /// Hears every prompt, for people who shape them.
    pub on_prompt: Option<PromptObserver>,
}

impl fmt::Debug for ModelChains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cast")
            .field("text", &self.text)
            .field("image", &self.image)
            .finish_non_exhaustive()
    }
}

/// What a frame's [`super::Minds`] are made of.
#[derive(Debug)]
pub struct ModelSessionParts {
    /// Everyone who can be asked.
    pub registry: Registry,
    /// Threads for pixels.
    pub compute: Compute,
    /// Who is.
    pub chains: ModelChains,
    /// The client's own keys.
    pub keys: ApiKeys,
    /// For whom.
    pub account: SpendAccount,
    /// How long each may take.
    pub timeouts: Timeouts,
    /// When all of them must be done.
    pub deadline: Instant,
    /// What providers asked to have kept with the story, by their names.
    pub memories: Map<String, Value>,
}
