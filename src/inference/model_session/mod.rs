//! The models of one frame: the chains that its strategy and the installation configure, with the offline provider as
//! the last resort, and notes on what failed.
//!
//! This file is long because it holds the whole fallback logic of text and structured output.

mod attachments;
mod chains;
mod expected_cost;
mod illustration;
mod moderation;
mod perception;
mod token_limit;

use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use tokio::time::Instant;

pub use attachments::{ModelUnavailable, PendingVideo};
pub use chains::{ModelChains, ModelSessionParts, PromptObserver, RewordPrompt};
use token_limit::{estimate_tokens, max_text_usage};

use super::call::PendingCall;
use super::{
    CallContext, CallTotals, Capability, Failure, FrameContext, InferenceError, Model,
    ModelResponse, PendingSpend, StructuredRequest, TextRequest, Usage, offline,
};

/// The share of the time for a text in which a model may return it with a plan, in JSON. The rest is left for prose
/// alone.
const STRUCTURED_TIME_SHARE: f64 = 0.6;

/// The most tokens of a passage. It is cut to a small screen anyway, and a small model that does not stop writing must
/// not use up all the time.
const MAX_PROSE_TOKENS: u64 = 600;

/// The most tokens of an image description.
const MAX_IMAGE_ANALYSIS_TOKENS: u64 = 800;

/// The most tokens of a passage with the plan of its story.
const MAX_PLAN_TOKENS: u64 = 1000;

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
    /// The names of the models that wrote or edited texts of the story, each once. The offline provider is none of them.
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

/// The prompts for a text with its plan.
#[derive(Debug, Clone, Copy)]
pub struct StructuredPrompt<'a> {
    /// The prompt for a JSON object.
    pub prompt: &'a str,
    /// A JSON schema of type `object`.
    pub schema: &'a Value,
    /// The prompt for the text alone, for a model that cannot return JSON, or not in time.
    pub prose_prompt: &'a str,
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

    /// Generates prose that passes a check. If a model's output fails the check, the model is called again, and then
    /// the next model of the chain.
    ///
    /// # Errors
    ///
    /// Returns [`InferenceError`] if even the offline provider fails.
    pub async fn generate_text(
        &self,
        prompt: &str,
        context: &FrameContext,
        check: OutputCheck<'_, String>,
    ) -> Result<String, InferenceError> {
        let chain = &self.parts.chains.text;
        let response = self.try_chain(chain, STORY_TOLD, |model| {
            self.generate_prose(model, prompt, self.deadline(Capability::Text), context, check)
        });
        let (response, model) = response.await?;
        Ok(self.remember(model, response))
    }

    /// Edits a text with the chain of editors. Returns `None` if no editor is configured or all of them fail.
    pub async fn edit_text(
        &self,
        prompt: &str,
        context: &FrameContext,
        check: OutputCheck<'_, String>,
    ) -> Option<String> {
        let mut failures = Vec::new();
        for model in &self.parts.chains.editor {
            let deadline = self.deadline(Capability::Text);
            match self.generate_prose(model, prompt, deadline, context, check).await {
                Ok(response) => {
                    self.lock_state().add_writer(model);
                    return Some(response.value);
                }
                Err(error) => failures.push(error.to_string()),
            }
        }
        if !failures.is_empty() {
            self.add_note(format!("The text was not edited, because {}.", failures.join(" and ")));
        }
        None
    }

    /// Generates a short text that is not part of the story, without a check and without the offline provider. Returns
    /// `None` if all models of the chain fail.
    pub async fn try_text(&self, prompt: &str, context: &FrameContext) -> Option<String> {
        for model in &self.parts.chains.text {
            let deadline = self.deadline(Capability::Text);
            match self.generate_prose(model, prompt, deadline, context, &Ok).await {
                Ok(response) => return Some(response.value),
                Err(error) => {
                    tracing::info!(%error, model = model.name, "model failed to write a short text");
                }
            }
        }
        None
    }

    /// Generates an object that has the schema's properties and passes a check. A model that cannot return one is asked
    /// for prose alone, which `from_prose` converts to an object, because small models write better than they plan.
    ///
    /// # Errors
    ///
    /// Returns [`InferenceError`] if even the offline provider fails.
    pub async fn generate_structured(
        &self,
        request: StructuredPrompt<'_>,
        context: &FrameContext,
        check: OutputCheck<'_, Value>,
        from_prose: OutputCheck<'_, String, Value>,
    ) -> Result<Value, InferenceError> {
        let chain = &self.parts.chains.text;
        let response = self.try_chain(chain, STORY_TOLD, |model| {
            self.structured_or_prose(model, request, context, check, from_prose)
        });
        let (response, model) = response.await?;
        Ok(self.remember(model, response))
    }

    /// Generates an object with one model, or else prose that is converted to an object.
    async fn structured_or_prose(
        &self,
        model: &Model,
        StructuredPrompt { prompt, schema, prose_prompt }: StructuredPrompt<'_>,
        context: &FrameContext,
        check: OutputCheck<'_, Value>,
        from_prose: OutputCheck<'_, String, Value>,
    ) -> Result<ModelResponse<Value>, InferenceError> {
        let deadline = self.deadline(Capability::Structured);
        if model.provider == offline::NAME {
            return self.generate_object(model, prompt, schema, deadline, context, check).await;
        }
        let registry = &self.parts.registry;
        if !registry.is_prose_only(model) {
            let now = Instant::now();
            // The rest of the time is enough for prose, which is shorter.
            let json_deadline =
                now + deadline.saturating_duration_since(now).mul_f64(STRUCTURED_TIME_SHARE);
            let object =
                self.generate_object(model, prompt, schema, json_deadline, context, check).await;
            let Err(InferenceError { failure, .. }) = &object else {
                registry.record_structured_success(model);
                return object;
            };
            if !is_structured_output_failure(failure) {
                return object;
            }
            registry.record_structured_failure(model, *failure == Failure::TimedOut);
        }
        let parses = |text: String| from_prose(text.clone()).map(|_| text);
        let response = self.generate_prose(model, prose_prompt, deadline, context, &parses).await?;
        let ModelResponse { value, usage, memory } = response;
        let value = from_prose(value).map_err(|reason| InferenceError {
            provider: registry.display_name(&model.provider),
            failure: Failure::invalid_response(&reason),
        })?;
        Ok(ModelResponse { value, usage, memory })
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

    /// Generates prose with one model. If its content is refused, tries once more with a gentler prompt.
    async fn generate_prose(
        &self,
        model: &Model,
        prompt: &str,
        deadline: Instant,
        context: &FrameContext,
        check: OutputCheck<'_, String>,
    ) -> Result<ModelResponse<String>, InferenceError> {
        let attempt = |prompt: String, max_tokens: u64| async move {
            let context = self.context_for(context, &model.provider);
            let request = TextRequest { prompt, max_tokens, context };
            let request = &request;
            self.observe_prompt(Capability::Text, model, &request.prompt);
            let max_usage = max_text_usage(&request.prompt, max_tokens);
            let pending = PendingCall {
                call: self.call(model, deadline),
                ..self.pending_call(model, Capability::Text, max_usage)
            };
            let response = self.parts.registry.call_model(
                &pending,
                |provider| provider.text.clone(),
                |backend| async move {
                    apply_check(model, backend.generate_text(&pending.call, request).await?, check)
                },
            );
            let response = response.await?;
            self.moderate_output(model, response, Clone::clone).await
        };
        let attempt = &attempt;
        let within_limit = |prompt: String| {
            self.with_token_limit(model, MAX_PROSE_TOKENS, move |max_tokens| {
                attempt(prompt.clone(), max_tokens)
            })
        };
        self.retry_if_refused(prompt, within_limit).await
    }

    async fn generate_object(
        &self,
        model: &Model,
        prompt: &str,
        schema: &Value,
        deadline: Instant,
        context: &FrameContext,
        check: OutputCheck<'_, Value>,
    ) -> Result<ModelResponse<Value>, InferenceError> {
        let attempt = |prompt: String, max_tokens: u64| async move {
            let context = self.context_for(context, &model.provider);
            let schema = schema.clone();
            let request = StructuredRequest { prompt, schema, max_tokens, context };
            let request = &request;
            self.observe_prompt(Capability::Structured, model, &request.prompt);
            let max_usage = max_text_usage(&request.prompt, max_tokens);
            let pending = self.pending_call(model, Capability::Structured, max_usage);
            let pending = PendingCall { call: self.call(model, deadline), ..pending };
            let response = self.parts.registry.call_model(
                &pending,
                |provider| provider.structured.clone(),
                |backend| async move {
                    apply_check(
                        model,
                        backend.generate_structured(&pending.call, request).await?,
                        check,
                    )
                },
            );
            let response = response.await?;
            self.moderate_output(model, response, Value::to_string).await
        };
        let attempt = &attempt;
        let within_limit = |prompt: String| {
            self.with_token_limit(model, MAX_PLAN_TOKENS, move |max_tokens| {
                attempt(prompt.clone(), max_tokens)
            })
        };
        self.retry_if_refused(prompt, within_limit).await
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

/// Whether a failure may only mean that the model cannot return JSON: it did not finish in time, it returned something
/// else, or its provider does not support structured output.
fn is_structured_output_failure(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::InvalidResponse(_)
            | Failure::OutOfTokens { .. }
            | Failure::TimedOut
            | Failure::Unsupported
    )
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
