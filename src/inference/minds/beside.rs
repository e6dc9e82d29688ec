//! What comes beside a frame: its text spoken, a film of its picture. There is no model behind the last one: a frame is
//! whole without them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::film::{self, Film};
use super::super::voice::{self, Spoken};
use super::super::{Answer, Capability, Failure, FilmAsk, InferenceError, Model, SpeechAsk, Usage};
use super::Minds;

/// Characters that are spoken in a second, by a slow voice.
const CHARACTERS_A_SECOND: f64 = 8.0;

/// The longest film that anyone makes, in seconds.
const LONGEST_FILM: f64 = 10.0;

/// Why there is no film where nobody is configured to make one.
const NO_FILMS: &str = "no model for films is configured";

/// A film that is being made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filming {
    provider: String,
    model: String,
    /// What it is asked after by.
    name: String,
}

/// Nobody could do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nobody {
    /// Why: the second half of a sentence.
    pub because: String,
    /// Whether it may go well another time.
    pub may_pass: bool,
}

impl Minds {
    /// A text, spoken.
    ///
    /// # Errors
    ///
    /// [`Nobody`] when no voice is configured, or none of them speaks.
    pub async fn speak(&self, ask: &SpeechAsk) -> Result<Spoken, Nobody> {
        let spoken = self.first_of(&self.parts.cast.speech, |model| self.spoken(model, ask));
        spoken.await.map_err(|nobody| nobody.or("no voice is configured"))
    }

    /// Begins a film.
    ///
    /// # Errors
    ///
    /// [`Nobody`] when no model for films is configured, or none of them begins one.
    pub async fn begin_film(&self, ask: &FilmAsk) -> Result<Filming, Nobody> {
        let begun = self.first_of(&self.parts.cast.video, |model| self.begun(model, ask));
        begun.await.map_err(|nobody| nobody.or(NO_FILMS))
    }

    /// The film that was begun; `None` while it is being made.
    ///
    /// # Errors
    ///
    /// [`Nobody`] when it cannot be asked after, or will never be done.
    pub async fn film(&self, filming: &Filming) -> Result<Option<Film>, Nobody> {
        let is_its =
            |model: &&Model| model.provider == filming.provider && model.name == filming.model;
        let nobody = Nobody { because: String::new(), may_pass: false };
        let model = self.parts.cast.video.iter().find(is_its);
        let model = model.ok_or_else(|| nobody.or(NO_FILMS))?;
        let call = self.call(model, self.deadline(Capability::Image));
        let asked = self.parts.registry.look_after(&call, &filming.name);
        let failed = |error: InferenceError| Nobody::of(&error);
        let Some(bytes) = asked.await.map_err(failed)? else { return Ok(None) };
        let film = self.looked(bytes, film::check).await.map_err(|failure| {
            let provider = self.parts.registry.title(&model.provider);
            failed(InferenceError { provider, failure })
        })?;
        Ok(Some(film))
    }

    /// Whether anyone here makes films.
    #[must_use]
    pub fn can_film(&self) -> bool {
        !self.parts.cast.video.is_empty()
    }

    /// What the first model gives that can.
    async fn first_of<'a, T, F>(
        &self,
        models: &'a [Model],
        ask: impl Fn(&'a Model) -> F,
    ) -> Result<T, Nobody>
    where
        F: Future<Output = Result<Answer<T>, InferenceError>>,
    {
        let mut nobody = Nobody { because: String::new(), may_pass: false };
        for model in models {
            match ask(model).await {
                Ok(answer) => return Ok(answer.value),
                Err(error) => {
                    tracing::warn!(%error, model = model.name, "a model failed");
                    let one = Nobody::of(&error);
                    if !nobody.because.is_empty() {
                        nobody.because.push_str(" and ");
                    }
                    nobody.because.push_str(&one.because);
                    nobody.may_pass |= one.may_pass;
                }
            }
        }
        Err(nobody)
    }

    async fn spoken(
        &self,
        model: &Model,
        ask: &SpeechAsk,
    ) -> Result<Answer<Spoken>, InferenceError> {
        let characters = ask.text.chars().count();
        let seconds = characters as f64 / CHARACTERS_A_SECOND + 1.0;
        let input_tokens = super::tokens(&ask.text);
        let most = Usage { input_tokens, seconds, ..Usage::default() };
        let order = self.order(model, Capability::Speech, most);
        let spoken = self.parts.registry.ask(
            &order,
            |provider| provider.speech.clone(),
            |asked| async move {
                let Answer { value, .. } = asked.speak(&order.call, ask).await?;
                let value = self.looked(value, voice::check).await?;
                let seconds = value.seconds.unwrap_or(seconds);
                Ok(Answer::new(value, Usage { seconds, ..most }))
            },
        );
        spoken.await
    }

    async fn begun(&self, model: &Model, ask: &FilmAsk) -> Result<Answer<Filming>, InferenceError> {
        self.overhear(Capability::Video, model, &ask.prompt);
        let most = Usage { seconds: LONGEST_FILM, ..Usage::default() };
        let order = self.order(model, Capability::Video, most);
        let begun = self.parts.registry.ask(
            &order,
            |provider| provider.video.clone(),
            |asked| async move {
                let Answer { value: name, usage, .. } = asked.begin(&order.call, ask).await?;
                let (provider, model) = (model.provider.clone(), model.name.clone());
                Ok(Answer::new(Filming { provider, model, name }, usage))
            },
        );
        begun.await
    }

    /// What a file is found to be, on a thread for that.
    async fn looked<T: Send + 'static>(
        &self,
        bytes: Bytes,
        check: fn(Bytes) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let looked = self.parts.compute.run(move || check(bytes)).await;
        // Whatever breaks a decoder is no file that a device can play.
        looked.unwrap_or_else(|error| {
            tracing::warn!(%error, "a file broke its decoder");
            Err(Failure::unusable("its file cannot be read"))
        })
    }
}

impl Nobody {
    fn of(error: &InferenceError) -> Self {
        let failure = &error.failure;
        let may_pass =
            failure.is_transient() || failure.is_illness() || *failure == Failure::Resting;
        Self { because: error.to_string(), may_pass }
    }

    fn or(mut self, reason: &str) -> Self {
        if self.because.is_empty() {
            self.because.push_str(reason);
        }
        self
    }
}
