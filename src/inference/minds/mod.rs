//! The models of one frame: those that its strategy and the installation name, in the order in which they are asked,
//! the offline provider behind them, and what went wrong on the way.

mod beside;
mod cast;
mod judge;
mod paint;
mod senses;

use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use tokio::time::Instant;

pub use beside::{Filming, Nobody};
pub use cast::{Cast, MindsParts, Overhear, Reword};

use super::call::Order;
use super::{
    Answer, Brief, Call, Capability, Failure, InferenceError, Model, StructuredAsk, TextAsk, Usage,
    offline,
};

/// A token is about four characters of English; of other scripts it is fewer.
const CHARACTERS_A_TOKEN: u64 = 2;

/// The part of a text's time that a model has for giving it with a plan, in JSON; the rest is for prose alone.
const FOR_SHAPE: f64 = 0.6;

/// Tokens at most of a passage: it is cut to a small screen anyway, and a small model that does not find an end must
/// not take all the time there is.
const PROSE_TOKENS: u64 = 600;

/// Tokens at most of the description of a picture.
pub(super) const SIGHT_TOKENS: u64 = 800;

/// Tokens at most of a passage and the plan of its story.
const PLAN_TOKENS: u64 = 1000;

/// What a storyteller may ask of models while it tells one frame.
///
/// A model that fails is followed by the next of its chain and at last by the offline provider, and a sentence for the
/// frame's `errors` says so: a story goes on whatever happens to its models.
#[derive(Debug)]
pub struct Minds {
    parts: MindsParts,
    offline: Model,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    memories: Map<String, Value>,
    notes: Vec<String>,
    /// Whether the last text came from the offline provider.
    was_offline: bool,
}

/// A request for a text with its plan.
#[derive(Debug, Clone, Copy)]
pub struct Structured<'a> {
    /// The whole instruction.
    pub prompt: &'a str,
    /// A JSON schema of type `object`.
    pub schema: &'a Value,
    /// The instruction for a model that cannot give JSON, or not in time: for the text alone.
    pub plain: &'a str,
}

/// A check of what a model gave: what is made of it, or what is wrong with it.
pub type Check<'a, T, U = T> = &'a (dyn Fn(T) -> Result<U, String> + Sync);

impl Minds {
    /// Models for one frame.
    #[must_use]
    pub fn new(mut parts: MindsParts) -> Self {
        let memories = std::mem::take(&mut parts.memories);
        let kept = Mutex::new(Kept { memories, ..Kept::default() });
        Self { parts, offline: Model::plain(offline::NAME, ""), kept }
    }

    /// Whether what was last written came from the offline provider.
    #[must_use]
    pub fn was_offline(&self) -> bool {
        self.kept().was_offline
    }

    /// Prose that passes a check: a model whose answer does not is asked again, and then the next.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when even the offline provider fails.
    pub async fn text(
        &self,
        prompt: &str,
        brief: &Brief,
        check: Check<'_, String>,
    ) -> Result<String, InferenceError> {
        let chain = &self.parts.cast.text;
        let told = self.chain(chain, TOLD, |model| {
            self.prose(model, prompt, self.deadline(Capability::Text), brief, check)
        });
        let (told, model) = told.await?;
        Ok(self.remember(&model, told))
    }

    /// What the editor makes of a text; `None` when there is no editor, or when it fails.
    pub async fn edited(
        &self,
        prompt: &str,
        brief: &Brief,
        check: Check<'_, String>,
    ) -> Option<String> {
        let mut failures = Vec::new();
        for model in &self.parts.cast.editor {
            let until = self.deadline(Capability::Text);
            match self.prose(model, prompt, until, brief, check).await {
                Ok(answer) => return Some(answer.value),
                Err(error) => failures.push(error.to_string()),
            }
        }
        if !failures.is_empty() {
            self.note(format!("The text was not tidied, because {}.", failures.join(" and ")));
        }
        None
    }

    /// A sentence or so beside the story, asked for once; `None` when only the offline provider could write it.
    pub async fn aside(&self, prompt: &str, brief: &Brief) -> Option<String> {
        for model in &self.parts.cast.text {
            let until = self.deadline(Capability::Text);
            match self.prose(model, prompt, until, brief, &Ok).await {
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
    pub async fn structured(
        &self,
        ask: Structured<'_>,
        brief: &Brief,
        check: Check<'_, Value>,
        from_prose: Check<'_, String, Value>,
    ) -> Result<Value, InferenceError> {
        let chain = &self.parts.cast.text;
        let told =
            self.chain(chain, TOLD, |model| self.shaped(model, ask, brief, check, from_prose));
        let (told, model) = told.await?;
        Ok(self.remember(&model, told))
    }

    /// An object of one model, or its prose, where it is better at that.
    async fn shaped(
        &self,
        model: &Model,
        Structured { prompt, schema, plain }: Structured<'_>,
        brief: &Brief,
        check: Check<'_, Value>,
        from_prose: Check<'_, String, Value>,
    ) -> Result<Answer<Value>, InferenceError> {
        let until = self.deadline(Capability::Structured);
        if model.provider == offline::NAME {
            return self.object(model, prompt, schema, until, brief, check).await;
        }
        let registry = &self.parts.registry;
        if !registry.is_clumsy(model) {
            let now = Instant::now();
            // What is left is enough for prose, which is shorter.
            let first = now + until.saturating_duration_since(now).mul_f64(FOR_SHAPE);
            let object = self.object(model, prompt, schema, first, brief, check).await;
            let Err(InferenceError { failure, .. }) = &object else {
                registry.gave_shape(model);
                return object;
            };
            if !is_about_shape(failure) {
                return object;
            }
            registry.lacked_shape(model, *failure == Failure::TooSlow);
        }
        let readable = |text: String| from_prose(text.clone()).map(|_| text);
        let told = self.prose(model, plain, until, brief, &readable).await?;
        let Answer { value, usage, memory } = told;
        let value = from_prose(value).map_err(|reason| InferenceError {
            provider: registry.title(&model.provider),
            failure: Failure::unusable(&reason),
        })?;
        Ok(Answer { value, usage, memory })
    }

    /// Adds a sentence for the frame's `errors`.
    pub fn note(&self, sentence: String) {
        self.kept().notes.push(sentence);
    }

    /// The notes and the memories to be kept with the story, when the frame is told.
    #[must_use]
    pub fn into_kept(self) -> (Vec<String>, Map<String, Value>) {
        let kept = self.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        (kept.notes, kept.memories)
    }

    /// Asks the models of a chain one after the other, and the offline one at last. Returns the answer and the model
    /// that gave it.
    async fn chain<'a, T, F>(
        &'a self,
        chain: &'a [Model],
        words: Words,
        ask: impl Fn(&'a Model) -> F,
    ) -> Result<(Answer<T>, String), InferenceError>
    where
        F: Future<Output = Result<Answer<T>, InferenceError>>,
    {
        let mut failures: Vec<String> = Vec::new();
        for model in chain.iter().chain([&self.offline]) {
            match ask(model).await {
                Ok(answer) => {
                    if !failures.is_empty() {
                        let by = match model.provider.as_str() {
                            offline::NAME => "offline".to_owned(),
                            other => format!("by {}", self.parts.registry.title(other)),
                        };
                        self.note(format!("{} {by}, because {}.", words.0, failures.join(" and ")));
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
    async fn prose(
        &self,
        model: &Model,
        prompt: &str,
        until: Instant,
        brief: &Brief,
        check: Check<'_, String>,
    ) -> Result<Answer<String>, InferenceError> {
        let ask = |prompt: String| async move {
            let brief = self.brief(brief, &model.provider);
            let ask = TextAsk { prompt, most_tokens: PROSE_TOKENS, brief };
            let ask = &ask;
            self.overhear(Capability::Text, model, &ask.prompt);
            let most = writing(model, &ask.prompt, ask.most_tokens);
            let order = Order {
                call: self.call(model, until),
                ..self.order(model, Capability::Text, most)
            };
            let told = self.parts.registry.ask(
                &order,
                |provider| provider.text.clone(),
                |asked| async move { checked(model, asked.text(&order.call, ask).await?, check) },
            );
            let told = told.await?;
            self.judged(model, told, Clone::clone).await
        };
        self.gently(prompt, ask).await
    }

    async fn object(
        &self,
        model: &Model,
        prompt: &str,
        schema: &Value,
        until: Instant,
        brief: &Brief,
        check: Check<'_, Value>,
    ) -> Result<Answer<Value>, InferenceError> {
        let ask = |prompt: String| async move {
            let brief = self.brief(brief, &model.provider);
            let ask =
                StructuredAsk { prompt, schema: schema.clone(), most_tokens: PLAN_TOKENS, brief };
            let ask = &ask;
            self.overhear(Capability::Structured, model, &ask.prompt);
            let most = writing(model, &ask.prompt, ask.most_tokens);
            let order = self.order(model, Capability::Structured, most);
            let order = Order { call: self.call(model, until), ..order };
            let told =
                self.parts.registry.ask(
                    &order,
                    |provider| provider.structured.clone(),
                    |asked| async move {
                        checked(model, asked.structured(&order.call, ask).await?, check)
                    },
                );
            let told = told.await?;
            self.judged(model, told, Value::to_string).await
        };
        self.gently(prompt, ask).await
    }

    /// Asks with a prompt, and with a gentler one when its content is refused.
    async fn gently<T, F>(
        &self,
        prompt: &str,
        ask: impl Fn(String) -> F,
    ) -> Result<Answer<T>, InferenceError>
    where
        F: Future<Output = Result<Answer<T>, InferenceError>>,
    {
        match (ask(prompt.to_owned()).await, &self.parts.cast.gentler) {
            (Err(error), Some(gentler)) if error.failure.is_about_content() => {
                self.note(format!("The story was asked for in gentler words, because {error}."));
                ask(format!("{prompt}\n\n{gentler}")).await
            }
            (answer, _) => answer,
        }
    }

    fn overhear(&self, capability: Capability, model: &Model, prompt: &str) {
        if let Some(overhear) = &self.parts.cast.overhear
            && model.provider != offline::NAME
        {
            overhear(capability.name(), prompt);
        }
    }

    fn call<'a>(&'a self, model: &'a Model, deadline: Instant) -> Call<'a> {
        Call { model, keys: &self.parts.keys, deadline }
    }

    fn order<'a>(&'a self, model: &'a Model, capability: Capability, most: Usage) -> Order<'a> {
        let call = self.call(model, self.deadline(capability));
        Order { capability, call, account: &self.parts.account, most }
    }

    /// Until when a call that begins now may last.
    fn deadline(&self, capability: Capability) -> Instant {
        self.parts.end.min(Instant::now() + self.parts.patience.with(capability))
    }

    fn brief(&self, brief: &Brief, provider: &str) -> Brief {
        let memory = self.kept().memories.get(provider).cloned().unwrap_or(Value::Null);
        Brief { memory, ..brief.clone() }
    }

    fn remember<T>(&self, provider: &str, told: Answer<T>) -> T {
        let mut kept = self.kept();
        kept.was_offline = provider == offline::NAME;
        if !told.memory.is_null() {
            kept.memories.insert(provider.to_owned(), told.memory);
        }
        told.value
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a model may only not be able to give JSON: it did not find an end in time, gave something else, or is asked
/// by a provider that has no way to ask for JSON.
fn is_about_shape(failure: &Failure) -> bool {
    matches!(failure, Failure::Unusable(_) | Failure::TooSlow | Failure::Incapable)
}

/// How a note about a chain begins.
#[derive(Debug, Clone, Copy)]
struct Words(&'static str);

const TOLD: Words = Words("The story was told");

/// The most that a model uses up for a text.
fn writing(model: &Model, prompt: &str, usual: u64) -> Usage {
    let output_tokens = model.most_tokens(usual);
    Usage { input_tokens: tokens(prompt), output_tokens, ..Usage::default() }
}

fn tokens(prompt: &str) -> u64 {
    prompt.chars().count() as u64 / CHARACTERS_A_TOKEN + 50
}

/// An answer that passes the check. The last resort's passes as it is: it tidies up by itself.
fn checked<T>(model: &Model, answer: Answer<T>, check: Check<'_, T>) -> Result<Answer<T>, Failure> {
    if model.provider == offline::NAME {
        return Ok(answer);
    }
    let value = check(answer.value).map_err(|reason| Failure::unusable(&reason))?;
    Ok(Answer { value, usage: answer.usage, memory: answer.memory })
}
