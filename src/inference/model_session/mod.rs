//! The models of one frame: the chains that its strategy and the installation configure, with the offline provider as
//! the last resort, and notes on what failed.

mod attachments;
mod chains;
mod expected_cost;
mod illustration;
mod moderation;
mod perception;
mod structured;
mod text;
mod token_limit;

use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use tokio::time::Instant;

pub use attachments::{ModelUnavailable, PendingVideo};
pub use chains::{ModelChains, ModelSessionParts, PromptObserver, RewordPrompt};
pub use structured::StructuredPrompt;
use token_limit::{estimate_tokens, max_text_usage};

use super::call::PendingCall;
use super::{
    CallContext, CallTotals, Capability, Failure, FrameContext, InferenceError, Model,
    ModelResponse, PendingSpend, Usage, offline,
};

/// The most tokens of an image description.
const MAX_IMAGE_ANALYSIS_TOKENS: u64 = 800;

/// The models that a storyteller may call while it tells one frame.
///
/// If a model fails, the next one of its chain is called, and finally the offline provider. A sentence for the frame's
/// `errors` says so. A story goes on whatever happens to its models.
#[derive(Debug)]
pub struct ModelSession {
    parts: ModelSessionParts,
    offline: Model,
    state: Mutex<SessionState>,
}

#[derive(Debug, Default)]
struct SessionState {
    /// What providers want to find again for the next frame, by provider.
    memories: Map<String, Value>,
    /// Sentences for the frame's `errors`.
    notes: Vec<String>,
    /// Whether the offline provider wrote the last text.
    was_offline: bool,
    /// The names of the models that wrote or edited texts of the story, each once, but never the offline provider.
    writers: Vec<String>,
}

impl SessionState {
    /// Notes that a text of the story is a model's.
    fn add_writer(&mut self, model: &Model) {
        if let Some(name) = name_of(model)
            && !self.writers.contains(&name)
        {
            self.writers.push(name);
        }
    }
}

/// Returns the name of a model as the provenance of what it made tells it; `None` for the offline provider.
fn name_of(model: &Model) -> Option<String> {
    let name = if model.name.is_empty() { &model.provider } else { &model.name };
    (model.provider != offline::NAME).then(|| name.clone())
}

/// Checks a model's output. Returns the accepted or converted value, or the reason for rejecting it.
pub type OutputCheck<'a, T, U = T> = &'a (dyn Fn(T) -> Result<U, String> + Sync);

impl ModelSession {
    /// Creates the models of one frame.
    #[must_use]
    pub fn new(mut parts: ModelSessionParts) -> Self {
        let memories = std::mem::take(&mut parts.memories);
        let state = Mutex::new(SessionState { memories, ..SessionState::default() });
        Self { parts, offline: Model::new(offline::NAME, ""), state }
    }

    /// Returns the sum of the calls so far. Calls of the offline provider are free and not part of it.
    #[must_use]
    pub fn call_totals(&self) -> CallTotals {
        self.parts.account.totals.clone()
    }

    /// Returns the calls that the ledger does not know yet.
    #[must_use]
    pub fn pending_spend(&self) -> PendingSpend {
        self.parts.account.pending.clone()
    }

    /// Whether the offline provider wrote the last text.
    #[must_use]
    pub fn was_offline(&self) -> bool {
        self.lock_state().was_offline
    }

    /// Returns the names of the models that wrote or edited texts of the story so far, each once; none if the offline
    /// provider wrote them.
    #[must_use]
    pub fn writers(&self) -> Vec<String> {
        self.lock_state().writers.clone()
    }

    /// Adds a sentence for the frame's `errors`.
    pub fn add_note(&self, sentence: String) {
        self.lock_state().notes.push(sentence);
    }

    /// Returns the notes for the frame's `errors`, and the providers' memories to store with the story.
    #[must_use]
    pub fn into_notes_and_memories(self) -> (Vec<String>, Map<String, Value>) {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        (state.notes, state.memories)
    }

    /// Calls the models of a chain one after another, and finally the offline provider. Returns the first response and
    /// its model.
    async fn try_chain<'a, T, F>(
        &'a self,
        chain: &'a [Model],
        prefix: NotePrefix,
        attempt: impl Fn(&'a Model) -> F,
    ) -> Result<(ModelResponse<T>, &'a Model), InferenceError>
    where
        F: Future<Output = Result<ModelResponse<T>, InferenceError>>,
    {
        let mut failures: Vec<String> = Vec::new();
        for model in chain.iter().chain([&self.offline]) {
            match attempt(model).await {
                Ok(response) => {
                    if !failures.is_empty() {
                        let by = match model.provider.as_str() {
                            offline::NAME => "offline".to_owned(),
                            other => format!("by {}", self.parts.registry.display_name(other)),
                        };
                        self.add_note(format!(
                            "{} {by}, because {}.",
                            prefix.0,
                            failures.join(" and ")
                        ));
                    }
                    return Ok((response, model));
                }
                Err(error) if model.provider == offline::NAME => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, model = model.name, "model failed; trying the next");
                    let reason = error.to_string();
                    if !failures.contains(&reason) {
                        failures.push(reason);
                    }
                }
            }
        }
        Err(InferenceError {
            provider: "the offline provider".to_owned(),
            failure: Failure::NotConfigured,
        })
    }

    /// Makes an attempt, and a second one with a gentler prompt if the content of the first is refused or flagged.
    async fn retry_if_refused<T, F>(
        &self,
        prompt: &str,
        attempt: impl Fn(String) -> F,
    ) -> Result<ModelResponse<T>, InferenceError>
    where
        F: Future<Output = Result<ModelResponse<T>, InferenceError>>,
    {
        match (attempt(prompt.to_owned()).await, &self.parts.chains.refusal_suffix) {
            (Err(error), Some(suffix)) if error.failure.is_about_content() => {
                self.add_note(format!(
                    "The story was asked for in gentler words, because {error}."
                ));
                attempt(format!("{prompt}\n\n{suffix}")).await
            }
            (result, _) => result,
        }
    }

    fn observe_prompt(&self, capability: Capability, model: &Model, prompt: &str) {
        if let Some(observe) = &self.parts.chains.on_prompt
            && model.provider != offline::NAME
        {
            observe(capability.name(), prompt);
        }
    }

    fn call<'a>(&'a self, model: &'a Model, deadline: Instant) -> CallContext<'a> {
        CallContext { model, keys: &self.parts.keys, deadline }
    }

    fn pending_call<'a>(
        &'a self,
        model: &'a Model,
        capability: Capability,
        max_usage: Usage,
    ) -> PendingCall<'a> {
        let call = self.call(model, self.deadline(capability));
        let later_micro_usd = self.later_cost(capability);
        PendingCall { capability, call, account: &self.parts.account, max_usage, later_micro_usd }
    }

    /// Returns the deadline of a call that starts now.
    fn deadline(&self, capability: Capability) -> Instant {
        self.parts.deadline.min(Instant::now() + self.parts.timeouts.for_capability(capability))
    }

    fn context_for(&self, context: &FrameContext, provider: &str) -> FrameContext {
        let memory = self.lock_state().memories.get(provider).cloned().unwrap_or(Value::Null);
        FrameContext { memory, ..context.clone() }
    }

    fn remember<T>(&self, model: &Model, response: ModelResponse<T>) -> T {
        let mut state = self.lock_state();
        state.was_offline = model.provider == offline::NAME;
        state.add_writer(model);
        if !response.memory.is_null() {
            state.memories.insert(model.provider.clone(), response.memory);
        }
        response.value
    }

    fn lock_state(&self) -> std::sync::MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The start of a note about a failed chain, such as "The story was told".
#[derive(Debug, Clone, Copy)]
struct NotePrefix(&'static str);

const STORY_TOLD: NotePrefix = NotePrefix("The story was told");

/// Applies a check to a response. The offline provider's text needs none, because it is valid by construction.
fn apply_check<T>(
    model: &Model,
    response: ModelResponse<T>,
    check: OutputCheck<'_, T>,
) -> Result<ModelResponse<T>, Failure> {
    if model.provider == offline::NAME {
        return Ok(response);
    }
    let value = check(response.value).map_err(|reason| Failure::invalid_response(&reason))?;
    Ok(ModelResponse { value, usage: response.usage, memory: response.memory })
}
