//! The models of one frame: those that its strategy and the installation name, in the order in which they are asked,
//! the offline provider behind them, and what went wrong on the way.

mod attachments;
mod chains;
mod illustration;
mod moderation;
mod perception;

use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use tokio::time::Instant;

pub use attachments::{ModelUnavailable, PendingVideo};
pub use chains::{ModelChains, ModelSessionParts, PromptObserver, RewordPrompt};

use super::call::PendingCall;
use super::{
    CallContext, Capability, Failure, FrameContext, InferenceError, Model, ModelResponse,
    StructuredRequest, TextRequest, Usage, offline,
};

/// A token is about four characters of English; of other scripts it is fewer.
const CHARACTERS_PER_TOKEN: u64 = 2;

/// The part of a text's time that a model has for giving it with a plan, in JSON; the rest is for prose alone.
const STRUCTURED_TIME_SHARE: f64 = 0.6;

/// Tokens at most of a passage: it is cut to a small screen anyway, and a small model that does not find an end must
/// not take all the time there is.
const MAX_PROSE_TOKENS: u64 = 600;

/// Tokens at most of the description of a picture.
pub(super) const MAX_IMAGE_ANALYSIS_TOKENS: u64 = 800;

/// Tokens at most of a passage and the plan of its story.
const MAX_PLAN_TOKENS: u64 = 1000;

/// What a storyteller may ask of models while it tells one frame.
///
/// A model that fails is followed by the next of its chain and at last by the offline provider, and a sentence for the
/// frame's `errors` says so: a story goes on whatever happens to its models.
#[derive(Debug)]
pub struct ModelSession {
    parts: ModelSessionParts,
    offline: Model,
    state: Mutex<SessionState>,
}

#[derive(Debug, Default)]
struct SessionState {
    memories: Map<String, Value>,
    notes: Vec<String>,
    /// Whether the last text came from the offline provider.
    was_offline: bool,
}

/// A request for a text with its plan.
#[derive(Debug, Clone, Copy)]
pub struct StructuredPrompt<'a> {
    /// The whole instruction.
    pub prompt: &'a str,
    /// A JSON schema of type `object`.
    pub schema: &'a Value,
    /// The instruction for a model that cannot give JSON, or not in time: for the text alone.
    pub prose_prompt: &'a str,
}

/// A check of what a model gave: what is made of it, or what is wrong with it.
pub type OutputCheck<'a, T, U = T> = &'a (dyn Fn(T) -> Result<U, String> + Sync);

impl ModelSession {
    /// Models for one frame.
    #[must_use]
    pub fn new(mut parts: ModelSessionParts) -> Self {
        let memories = std::mem::take(&mut parts.memories);
        let kept = Mutex::new(SessionState { memories, ..SessionState::default() });
        Self { parts, offline: Model::new(offline::NAME, ""), state: kept }
    }

    /// Whether what was last written came from the offline provider.
    #[must_use]
    pub fn was_offline(&self) -> bool {
        self.lock_state().was_offline
    }

    /// Prose that passes a check: a model whose answer does not is asked again, and then the next.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when even the offline provider fails.
    pub async fn generate_text(
        &self,
        prompt: &str,
        brief: &FrameContext,
        check: OutputCheck<'_, String>,
    ) -> Result<String, InferenceError> {
        let chain = &self.parts.chains.text;
        let told = self.try_chain(chain, STORY_TOLD, |model| {
            self.generate_prose(model, prompt, self.deadline(Capability::Text), brief, check)
        });
        let (told, model) = told.await?;
        Ok(self.remember(&model, told))
    }

    /// What the editor makes of a text; `None` when there is no editor, or when it fails.
    pub async fn edit_text(
        &self,
        prompt: &str,
        brief: &FrameContext,
        check: OutputCheck<'_, String>,
    ) -> Option<String> {
        let mut failures = Vec::new();
        for model in &self.parts.chains.editor {
            let until = self.deadline(Capability::Text);
            match self.generate_prose(model, prompt, until, brief, check).await {
                Ok(answer) => return Some(answer.value),
                Err(error) => failures.push(error.to_string()),
            }
        }
        if !failures.is_empty() {
            self.add_note(format!("The text was not tidied, because {}.", failures.join(" and ")));
        }
        None
    }

    /// A sentence or so beside the story, asked for once; `None` when only the offline provider could write it.
    pub async fn try_text(&self, prompt: &str, brief: &FrameContext) -> Option<String> {
        for model in &self.parts.chains.text {
            let until = self.deadline(Capability::Text);
            match self.generate_prose(model, prompt, until, brief, &Ok).await {
                Ok(answer) => return Some(answer.value),
                Err(error) => tracing::info!(%error, "a model gave no aside"),
            }
        }
        None
    }

    /// An object that has the schema's properties and passes a check. A model that cannot give one is asked for prose
    /// alone, which `from_prose` makes an object of: small models tell better than they plan.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when even the offline provider fails.
    pub async fn generate_structured(
        &self,
        ask: StructuredPrompt<'_>,
        brief: &FrameContext,
        check: OutputCheck<'_, Value>,
        from_prose: OutputCheck<'_, String, Value>,
    ) -> Result<Value, InferenceError> {
        let chain = &self.parts.chains.text;
        let told = self.try_chain(chain, STORY_TOLD, |model| {
            self.structured_or_prose(model, ask, brief, check, from_prose)
        });
        let (told, model) = told.await?;
        Ok(self.remember(&model, told))
    }

    /// An object of one model, or its prose, where it is better at that.
    async fn structured_or_prose(
        &self,
        model: &Model,
        StructuredPrompt { prompt, schema, prose_prompt: plain }: StructuredPrompt<'_>,
        brief: &FrameContext,
        check: OutputCheck<'_, Value>,
        from_prose: OutputCheck<'_, String, Value>,
    ) -> Result<ModelResponse<Value>, InferenceError> {
        let until = self.deadline(Capability::Structured);
        if model.provider == offline::NAME {
            return self.generate_object(model, prompt, schema, until, brief, check).await;
        }
        let registry = &self.parts.registry;
        if !registry.is_prose_only(model) {
            let now = Instant::now();
            // What is left is enough for prose, which is shorter.
            let first = now + until.saturating_duration_since(now).mul_f64(STRUCTURED_TIME_SHARE);
            let object = self.generate_object(model, prompt, schema, first, brief, check).await;
            let Err(InferenceError { failure, .. }) = &object else {
                registry.record_structured_success(model);
                return object;
            };
            if !is_structured_output_failure(failure) {
                return object;
            }
            registry.record_structured_failure(model, *failure == Failure::TimedOut);
        }
        let readable = |text: String| from_prose(text.clone()).map(|_| text);
        let told = self.generate_prose(model, plain, until, brief, &readable).await?;
        let ModelResponse { value, usage, memory } = told;
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

    /// The notes and the memories to be kept with the story, when the frame is told.
    #[must_use]
    pub fn into_notes_and_memories(self) -> (Vec<String>, Map<String, Value>) {
        let kept = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        (kept.notes, kept.memories)
    }

    /// Asks the models of a chain one after the other, and the offline one at last. Returns the answer and the model
    /// that gave it.
    async fn try_chain<'a, T, F>(
        &'a self,
        chain: &'a [Model],
        words: NotePrefix,
        ask: impl Fn(&'a Model) -> F,
    ) -> Result<(ModelResponse<T>, String), InferenceError>
    where
        F: Future<Output = Result<ModelResponse<T>, InferenceError>>,
    {
        let mut failures: Vec<String> = Vec::new();
        for model in chain.iter().chain([&self.offline]) {
            match ask(model).await {
                Ok(answer) => {
                    if !failures.is_empty() {
                        let by = match model.provider.as_str() {
                            offline::NAME => "offline".to_owned(),
                            other => format!("by {}", self.parts.registry.display_name(other)),
                        };
                        self.add_note(format!(
                            "{} {by}, because {}.",
                            words.0,
                            failures.join(" and ")
                        ));
                    }
                    return Ok((answer, model.provider.clone()));
                }
                Err(error) if model.provider == offline::NAME => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, model = model.name, "a model failed; the next takes over");
                    let told = error.to_string();
                    if !failures.contains(&told) {
                        failures.push(told);
                    }
                }
            }
        }
        Err(InferenceError {
            provider: "the offline provider".to_owned(),
            failure: Failure::NotConfigured,
        })
    }

    /// Prose of one model; with a gentler prompt when the content is refused.
    async fn generate_prose(
        &self,
        model: &Model,
        prompt: &str,
        until: Instant,
        brief: &FrameContext,
        check: OutputCheck<'_, String>,
    ) -> Result<ModelResponse<String>, InferenceError> {
        let ask = |prompt: String| async move {
            let brief = self.context_for(brief, &model.provider);
            let ask = TextRequest { prompt, max_tokens: MAX_PROSE_TOKENS, context: brief };
            let ask = &ask;
            self.observe_prompt(Capability::Text, model, &ask.prompt);
            let most = max_text_usage(model, &ask.prompt, ask.max_tokens);
            let order = PendingCall {
                call: self.call(model, until),
                ..self.pending_call(model, Capability::Text, most)
            };
            let told = self.parts.registry.call_model(
                &order,
                |provider| provider.text.clone(),
                |asked| async move {
                    apply_check(model, asked.generate_text(&order.call, ask).await?, check)
                },
            );
            let told = told.await?;
            self.moderate_output(model, told, Clone::clone).await
        };
        self.retry_if_refused(prompt, ask).await
    }

    async fn generate_object(
        &self,
        model: &Model,
        prompt: &str,
        schema: &Value,
        until: Instant,
        brief: &FrameContext,
        check: OutputCheck<'_, Value>,
    ) -> Result<ModelResponse<Value>, InferenceError> {
        let ask = |prompt: String| async move {
            let brief = self.context_for(brief, &model.provider);
            let ask = StructuredRequest {
                prompt,
                schema: schema.clone(),
                max_tokens: MAX_PLAN_TOKENS,
                context: brief,
            };
            let ask = &ask;
            self.observe_prompt(Capability::Structured, model, &ask.prompt);
            let most = max_text_usage(model, &ask.prompt, ask.max_tokens);
            let order = self.pending_call(model, Capability::Structured, most);
            let order = PendingCall { call: self.call(model, until), ..order };
            let told = self.parts.registry.call_model(
                &order,
                |provider| provider.structured.clone(),
                |asked| async move {
                    apply_check(model, asked.generate_structured(&order.call, ask).await?, check)
                },
            );
            let told = told.await?;
            self.moderate_output(model, told, Value::to_string).await
        };
        self.retry_if_refused(prompt, ask).await
    }

    /// Asks with a prompt, and with a gentler one when its content is refused.
    async fn retry_if_refused<T, F>(
        &self,
        prompt: &str,
        ask: impl Fn(String) -> F,
    ) -> Result<ModelResponse<T>, InferenceError>
    where
        F: Future<Output = Result<ModelResponse<T>, InferenceError>>,
    {
        match (ask(prompt.to_owned()).await, &self.parts.chains.refusal_suffix) {
            (Err(error), Some(gentler)) if error.failure.is_about_content() => {
                self.add_note(format!(
                    "The story was asked for in gentler words, because {error}."
                ));
                ask(format!("{prompt}\n\n{gentler}")).await
            }
            (answer, _) => answer,
        }
    }

    fn observe_prompt(&self, capability: Capability, model: &Model, prompt: &str) {
        if let Some(overhear) = &self.parts.chains.on_prompt
            && model.provider != offline::NAME
        {
            overhear(capability.name(), prompt);
        }
    }

    fn call<'a>(&'a self, model: &'a Model, deadline: Instant) -> CallContext<'a> {
        CallContext { model, keys: &self.parts.keys, deadline }
    }

    fn pending_call<'a>(
        &'a self,
        model: &'a Model,
        capability: Capability,
        most: Usage,
    ) -> PendingCall<'a> {
        let call = self.call(model, self.deadline(capability));
        PendingCall { capability, call, account: &self.parts.account, max_usage: most }
    }

    /// Until when a call that begins now may last.
    fn deadline(&self, capability: Capability) -> Instant {
        self.parts.deadline.min(Instant::now() + self.parts.timeouts.for_capability(capability))
    }

    fn context_for(&self, brief: &FrameContext, provider: &str) -> FrameContext {
        let memory = self.lock_state().memories.get(provider).cloned().unwrap_or(Value::Null);
        FrameContext { memory, ..brief.clone() }
    }

    fn remember<T>(&self, provider: &str, told: ModelResponse<T>) -> T {
        let mut kept = self.lock_state();
        kept.was_offline = provider == offline::NAME;
        if !told.memory.is_null() {
            kept.memories.insert(provider.to_owned(), told.memory);
        }
        told.value
    }

    fn lock_state(&self) -> std::sync::MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a model may only not be able to give JSON: it did not find an end in time, gave something else, or is asked
/// by a provider that has no way to ask for JSON.
fn is_structured_output_failure(failure: &Failure) -> bool {
    matches!(failure, Failure::InvalidResponse(_) | Failure::TimedOut | Failure::Unsupported)
}

/// How a note about a chain begins.
#[derive(Debug, Clone, Copy)]
struct NotePrefix(&'static str);

const STORY_TOLD: NotePrefix = NotePrefix("The story was told");

/// The most that a model uses up for a text.
fn max_text_usage(model: &Model, prompt: &str, usual: u64) -> Usage {
    let output_tokens = model.max_tokens(usual);
    Usage { input_tokens: estimate_tokens(prompt), output_tokens, ..Usage::default() }
}

fn estimate_tokens(prompt: &str) -> u64 {
    prompt.chars().count() as u64 / CHARACTERS_PER_TOKEN + 50
}

/// An answer that passes the check. The last resort's passes as it is: it tidies up by itself.
fn apply_check<T>(
    model: &Model,
    answer: ModelResponse<T>,
    check: OutputCheck<'_, T>,
) -> Result<ModelResponse<T>, Failure> {
    if model.provider == offline::NAME {
        return Ok(answer);
    }
    let value = check(answer.value).map_err(|reason| Failure::invalid_response(&reason))?;
    Ok(ModelResponse { value, usage: answer.usage, memory: answer.memory })
}
