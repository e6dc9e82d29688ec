//! The chains of models for a frame, and the other parts of a [`ModelSession`](super::ModelSession).

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::super::{ApiKeys, Model, Registry, SpendAccount, Timeouts};
use crate::compute::Compute;

/// Returns the prompt that asks a text model to reword a refused prompt; `None` if it cannot be reworded.
pub type RewordPrompt = Arc<dyn Fn(String) -> BoxFuture<'static, Option<String>> + Send + Sync>;

/// Observes each prompt before it is sent. The arguments are the capability's name and the prompt.
pub type PromptObserver = Arc<dyn Fn(&'static str, &str) + Send + Sync>;

/// The models for each capability in the order in which they are called, without the offline provider.
#[derive(Clone, Default)]
pub struct ModelChains {
    /// Models that write prose and plans.
    pub text: Vec<Model>,
    /// Models that edit the prose of others, for storytellers that use an editor.
    pub editor: Vec<Model>,
    /// Models that paint illustrations.
    pub image: Vec<Model>,
    /// Models that describe images. All of them are called, at the same time.
    pub vision: Vec<Model>,
    /// Models that convert speech to text.
    pub transcription: Vec<Model>,
    /// Models that convert text to speech.
    pub speech: Vec<Model>,
    /// Models that make videos.
    pub video: Vec<Model>,
    /// Models that moderate a text before anyone sees it.
    pub moderation: Vec<Model>,
    /// Rewords the refused prompt of an illustration; `None` to fail instead.
    pub reword: Option<RewordPrompt>,
    /// A suffix for the second attempt at a text whose content was refused; `None` for no second attempt.
    pub refusal_suffix: Option<String>,
    /// Observes every prompt, for people who work on prompts.
    pub on_prompt: Option<PromptObserver>,
}

impl fmt::Debug for ModelChains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelChains")
            .field("text", &self.text)
            .field("image", &self.image)
            .finish_non_exhaustive()
    }
}

/// The parts of a [`ModelSession`](super::ModelSession).
#[derive(Debug)]
pub struct ModelSessionParts {
    /// All providers.
    pub registry: Registry,
    /// The thread pool for pixel work.
    pub compute: Compute,
    /// The models to call.
    pub chains: ModelChains,
    /// The client's own keys.
    pub keys: ApiKeys,
    /// The account that pays for the calls.
    pub account: SpendAccount,
    /// The most time that each call may take.
    pub timeouts: Timeouts,
    /// When all calls must be finished.
    pub deadline: Instant,
    /// The memory of each provider from the previous frame, by its name in the registry.
    pub memories: Map<String, Value>,
}
