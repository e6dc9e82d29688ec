//! Storytellers: each has its own way of turning what was seen, heard and said into the next frame.
//!
//! To add one, write a file that implements [`Storyteller`], add a line to [`ALL`], and add a strategy to
//! `config/seeds.toml` so that people can choose it. The module `clean` cleans what models write before it is told.

mod clean;
mod continuous_v0;
mod continuous_v1;
mod fern;
mod lavender;
mod literal;
mod muse;
mod narcissus;
mod prompt;
mod show_this_frame;
mod simple_one_frame;
mod tamarisk;
mod template;

pub use prompt::{check as check_prompt, render_reword as reword_prompt};
pub use template::TemplateError;

use async_trait::async_trait;
use serde_json::Value;

use crate::domain::FrameParameters;
use crate::inference::{FrameContext, InferenceError, ModelSession};

/// Every storyteller.
pub const ALL: &[&dyn Storyteller] = &[
    &continuous_v0::ContinuousV0,
    &continuous_v1::ContinuousV1,
    &fern::Fern,
    &lavender::Lavender,
    &literal::Literal,
    &narcissus::Narcissus,
    &show_this_frame::ShowThisFrame,
    &simple_one_frame::SimpleOneFrame,
    &tamarisk::Tamarisk,
];

/// Default maximum length of a frame's text, in characters: as much as a small screen shows at once.
const DEFAULT_MAX_CHARS: usize = 700;

/// Number of words of the last text that [`last_words`] returns for prompts.
const LAST_WORD_COUNT: usize = 12;

/// Finds a storyteller by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Storyteller> {
    ALL.iter().copied().find(|storyteller| storyteller.name() == name)
}

/// A way of telling stories.
#[async_trait]
pub trait Storyteller: Send + Sync {
    /// Returns the storyteller's name in strategy configurations.
    fn name(&self) -> &'static str;

    /// Returns whether its frames follow each other; otherwise each frame replaces the last. True by default.
    fn appends(&self) -> bool {
        true
    }

    /// Tells what comes next. Returns at least one beat, unless there is nothing new to tell.
    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError>;
}

/// The input of a storyteller.
#[derive(Debug)]
pub struct Scene<'a> {
    /// What the storyteller knows: the earlier texts, the inputs, the place and the time.
    pub context: &'a FrameContext,
    /// Where and when the frame is told, in words.
    pub situation: &'a str,
    /// A hash of the photograph that came with the request; `None` without a photograph.
    pub photograph: Option<&'a str>,
    /// The frame's parameters.
    pub parameters: &'a FrameParameters,
    /// The strategy's prompt templates.
    pub prompts: Prompts<'a>,
    /// The models to ask.
    pub session: &'a ModelSession,
}

/// The prompt templates of a strategy; `None` for those that its configuration does not set.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prompts<'a> {
    /// Template for the next text.
    pub text: Option<&'a str>,
    /// Template for a story's first text; if `None`, the template for the next text is used.
    pub seed: Option<&'a str>,
    /// Template for editing a text.
    pub editor: Option<&'a str>,
    /// Template for a sentence that says what to paint.
    pub illustration: Option<&'a str>,
    /// The language to tell in; `None` for English.
    pub language: Option<&'a str>,
}

/// The output of a storyteller.
#[derive(Debug, Clone, PartialEq)]
pub struct Telling {
    /// The frames to add to the story, in order.
    pub beats: Vec<Beat>,
    /// Data to store with the story; the next frame finds it in [`FrameContext::state`].
    pub state: Value,
}

/// One frame before it is drawn and saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// The frame's text; `None` for a frame without words.
    pub text: Option<String>,
    /// The frame's illustration.
    pub illustration: Illustration,
}

/// The source of a frame's picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Illustration {
    /// A painting that an image model makes of this description.
    Painting(String),
    /// The photograph that came with the request.
    Photograph,
}

impl Illustration {
    /// Returns the description to paint; empty for a photograph.
    #[must_use]
    pub fn description(&self) -> &str {
        match self {
            Self::Painting(description) => description,
            Self::Photograph => "",
        }
    }
}

/// A storyteller failed to tell a frame.
#[derive(Debug, thiserror::Error)]
pub enum StorytellerError {
    /// No model answered, not even the offline provider.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// The strategy's prompt template cannot be rendered.
    #[error("the prompt template cannot be used: {0}")]
    Prompt(#[from] TemplateError),
}

/// Minimum number of words in a frame's text.
const MIN_WORDS: usize = 4;

impl Scene<'_> {
    /// Asks a model for prose with the strategy's prompt, cleans it, and chooses what to paint.
    async fn tell_prose(
        &self,
        context: &FrameContext,
        is_continuation: bool,
    ) -> Result<Beat, StorytellerError> {
        let prompt = prompt::render(self).await?;
        let instructions = self.instructions();
        let rules = clean::TextRules { is_continuation, ..self.text_rules(&prompt, &instructions) };
        let check = |text: String| clean::clean(&text, &rules);
        let text = self.session.generate_text(&prompt, context, &check).await?;
        self.illustrate(text).await
    }

    /// Makes a beat of a text. A model is asked for a sentence that says what to paint; without one, the text itself is
    /// painted.
    async fn illustrate(&self, text: String) -> Result<Beat, StorytellerError> {
        let mut answer = None;
        if let Some(template) = self.prompts.illustration
            && !self.session.was_offline()
        {
            let prompt = prompt::render_about(self, template, &text).await?;
            answer = self.session.try_text(&prompt, self.context).await;
        }
        let description = answer.and_then(|answer| clean::clean_picture_prompt(&answer).ok());
        let illustration = self.painting(description.as_deref().unwrap_or(&text));
        Ok(Beat { text: Some(text), illustration })
    }

    /// Returns the rules by which a text is cleaned.
    fn text_rules<'a>(&'a self, prompt: &'a str, instructions: &'a str) -> clean::TextRules<'a> {
        let max_chars = self.context.max_chars.unwrap_or(DEFAULT_MAX_CHARS);
        let prior = &self.context.prior;
        clean::TextRules {
            prior,
            prompt,
            instructions,
            max_chars,
            min_words: MIN_WORDS,
            is_continuation: false,
        }
    }

    /// Returns the literal text of the strategy's prompt template, without what is filled in.
    fn instructions(&self) -> String {
        prompt::literal_text(self.prompts.text.unwrap_or_default())
    }

    /// Returns a painting of `description`, with the requested style before it.
    fn painting(&self, description: &str) -> Illustration {
        Illustration::Painting(match self.parameters.output_image_style.as_deref() {
            Some(style) => format!("{} {description}", style.trim()),
            None => description.to_owned(),
        })
    }

    /// Describes what to paint if there is no text: what is seen, or what was said, or a room in the light of the hour.
    fn fallback_description(&self) -> String {
        let seen = self.context.seen.as_ref().map(|analysis| analysis.description.clone());
        seen.or_else(|| self.context.said.clone()).unwrap_or_else(|| {
            let light = match self.context.hour {
                5..=8 => "early light",
                9..=16 => "daylight",
                17..=20 => "evening light",
                _ => "night",
            };
            format!("An empty room with one window, in {light}.")
        })
    }
}

/// Returns the last `max` words of a story's last text; empty without a text.
fn last_words(prior: &[String], max: usize) -> String {
    let Some(last) = prior.last() else { return String::new() };
    let words: Vec<&str> = last.split_whitespace().collect();
    words[words.len().saturating_sub(max)..].join(" ")
}
