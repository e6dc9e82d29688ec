//! The models of one frame: those its strategy names, the offline provider behind each, and what went wrong.

use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};

use super::{
    Brief, ImageAsk, InferenceError, Picture, Registry, Remembered, StructuredAsk, TextAsk, call,
    offline,
};

/// What a storyteller may ask of models while it tells one frame.
///
/// A provider that fails or is not configured is followed by the offline one, and a sentence for the frame's
/// `errors` says so: a story goes on whatever happens to its models.
#[derive(Debug)]
pub struct Minds {
    registry: Registry,
    text_provider: String,
    image_provider: String,
    kept: Mutex<Kept>,
}

const TOLD: &str = "The story was told offline";
const PAINTED: &str = "The illustration was painted offline";

#[derive(Debug, Default)]
struct Kept {
    memories: Map<String, Value>,
    notes: Vec<String>,
}

impl Minds {
    /// Models for one frame: providers by name, and the memories that earlier frames kept, by provider.
    #[must_use]
    pub fn new(
        registry: Registry,
        text_provider: Option<&str>,
        image_provider: Option<&str>,
        memories: Map<String, Value>,
    ) -> Self {
        let or_offline = |name: Option<&str>| name.unwrap_or(offline::NAME).to_owned();
        Self {
            registry,
            text_provider: or_offline(text_provider),
            image_provider: or_offline(image_provider),
            kept: Mutex::new(Kept { memories, notes: Vec::new() }),
        }
    }

    /// Prose.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when even the offline provider fails.
    pub async fn text(&self, prompt: &str, brief: &Brief) -> Result<String, InferenceError> {
        let told = self.or_offline(&self.text_provider, "text", TOLD, |provider| async move {
            let model = self.registry.find(provider, "text", |p| p.text.clone())?;
            let brief = self.brief(brief, provider);
            let told = model.text(TextAsk { prompt: prompt.to_owned(), brief }).await?;
            Ok(self.remember(provider, told))
        });
        told.await
    }

    /// An object that has the schema's required properties.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when even the offline provider fails.
    pub async fn structured(
        &self,
        prompt: &str,
        schema: &Value,
        brief: &Brief,
    ) -> Result<Value, InferenceError> {
        let told =
            self.or_offline(&self.text_provider, "structured", TOLD, |provider| async move {
                let model =
                    self.registry.find(provider, "structured text", |p| p.structured.clone())?;
                let brief = self.brief(brief, provider);
                let (prompt, schema) = (prompt.to_owned(), schema.clone());
                let told = model.structured(StructuredAsk { prompt, schema, brief }).await?;
                Ok(self.remember(provider, told))
            });
        told.await
    }

    /// An illustration.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when even the offline provider fails.
    pub async fn image(&self, ask: &ImageAsk) -> Result<Picture, InferenceError> {
        let painted =
            self.or_offline(&self.image_provider, "image", PAINTED, |provider| async move {
                let model = self.registry.find(provider, "images", |p| p.image.clone())?;
                model.image(ask.clone()).await
            });
        painted.await
    }

    /// Asks one provider, and the offline one when that fails, with a note that begins with `note`.
    async fn or_offline<'a, T, F>(
        &'a self,
        provider: &'a str,
        capability: &'static str,
        note: &str,
        attempt: impl Fn(&'a str) -> F,
    ) -> Result<T, InferenceError>
    where
        F: Future<Output = Result<T, InferenceError>>,
    {
        match call::observed(provider, capability, attempt(provider)).await {
            Err(error) if provider != offline::NAME => {
                tracing::warn!(%error, provider, "a model failed; the offline provider takes over");
                self.note(format!("{note}, because {error}."));
                call::observed(offline::NAME, capability, attempt(offline::NAME)).await
            }
            answer => answer,
        }
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

    fn brief(&self, brief: &Brief, provider: &str) -> Brief {
        let memory = self.kept().memories.get(provider).cloned().unwrap_or(Value::Null);
        Brief { memory, ..brief.clone() }
    }

    fn remember<T>(&self, provider: &str, told: Remembered<T>) -> T {
        if !told.memory.is_null() {
            self.kept().memories.insert(provider.to_owned(), told.memory);
        }
        told.value
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
