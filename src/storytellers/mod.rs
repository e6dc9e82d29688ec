//! Storytellers: each has its own way of turning what was seen, heard and said into the next frame.
//!
//! A new one is one file that implements [`Storyteller`], one line in [`ALL`], and a strategy in
//! `config/seeds.toml` that lets people choose it. What models write goes through `clean.rs` before it is told.

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

pub use prompt::{check as check_prompt, render_reword as reword_prompt};

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

/// Characters at most of a frame's text when nobody says how long: what a small screen shows at once.
const DEFAULT_MAX_CHARS: usize = 700;

/// Words that an exquisite corpse is handed on with.
const LAST_WORD_COUNT: usize = 12;

/// The storyteller of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Storyteller> {
    ALL.iter().copied().find(|storyteller| storyteller.name() == name)
}

/// A way of telling stories.
#[async_trait]
pub trait Storyteller: Send + Sync {
    /// Its name in strategy configurations.
    fn name(&self) -> &'static str;

    /// Whether its frames follow each other; otherwise each one takes the place of the last.
    fn appends(&self) -> bool {
        true
    }

    /// Tells what comes next: at least one beat, unless nothing is new.
    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError>;
}

/// What a storyteller is given.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The material of this frame.
    pub context: &'a FrameContext,
    /// Where and when it is, in words.
    pub situation: &'a str,
    /// A name for the photograph that came with the request, by its bytes, where one came.
    pub photograph: Option<&'a str>,
    /// What was asked for.
    pub parameters: &'a FrameParameters,
    /// What to ask models with.
    pub prompts: Prompts<'a>,
    /// Models to ask.
    pub session: &'a ModelSession,
}

/// The prompt templates of a strategy; those that its configuration lacks are `None`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prompts<'a> {
    /// For the next text.
    pub text: Option<&'a str>,
    /// For a story's first text, where it is another one.
    pub seed: Option<&'a str>,
    /// For tidying a text.
    pub editor: Option<&'a str>,
    /// For a sentence that says what to paint.
    pub illustration: Option<&'a str>,
    /// The language to tell in; English where none is given.
    pub language: Option<&'a str>,
}

/// What a storyteller gives back.
#[derive(Debug, Clone, PartialEq)]
pub struct Telling {
    /// What the story adds, in order.
    pub beats: Vec<Beat>,
    /// What to keep with the story, found again in [`Brief::state`].
    pub state: Value,
}

/// One frame to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// Its prose.
    pub text: Option<String>,
    /// What its illustration shows.
    pub illustration: Illustration,
}

/// What a frame's picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Illustration {
    /// A painting of this, in words.
    Painting(String),
    /// The photograph that came with the request.
    Photograph,
}

impl Illustration {
    /// What to paint; empty for a photograph, which nobody painted.
    #[must_use]
    pub fn description(&self) -> &str {
        match self {
            Self::Painting(words) => words,
            Self::Photograph => "",
        }
    }
}

/// A storyteller could not tell.
#[derive(Debug, thiserror::Error)]
pub enum StorytellerError {
    /// No model answered, not even the offline one.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// The strategy's prompt template cannot be rendered.
    #[error("the prompt template cannot be used: {0}")]
    Prompt(#[from] minijinja::Error),
}

/// The fewest words that make a frame.
const MIN_WORDS: usize = 4;

impl Scene<'_> {
    /// Prose for the strategy's prompt, tidied up, with what to paint of it.
    async fn tell_prose(
        &self,
        context: &FrameContext,
        is_continuation: bool,
    ) -> Result<Beat, StorytellerError> {
        let prompt = prompt::render(self)?;
        let instructions = self.instructions();
        let rules = clean::TextRules { is_continuation, ..self.text_rules(&prompt, &instructions) };
        let check = |text: String| clean::clean(&text, &rules);
        let text = self.session.generate_text(&prompt, context, &check).await?;
        self.illustrate(text).await
    }

    /// A beat of a text: what to paint is one sentence of a model's, or the text itself.
    async fn illustrate(&self, text: String) -> Result<Beat, StorytellerError> {
        let mut words = None;
        if let Some(template) = self.prompts.illustration
            && !self.session.was_offline()
        {
            let prompt = prompt::render_about(self, template, &text)?;
            words = self.session.try_text(&prompt, self.context).await;
        }
        let words = words.and_then(|description| clean::clean_picture_prompt(&description).ok());
        let illustration = self.painting(words.as_deref().unwrap_or(&text));
        Ok(Beat { text: Some(text), illustration })
    }

    /// What a text is measured against.
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

    /// What the strategy's prompt says in its own words.
    fn instructions(&self) -> String {
        prompt::literal_text(self.prompts.text.unwrap_or_default())
    }

    /// A painting: the asked style, then what to show.
    fn painting(&self, of: &str) -> Illustration {
        Illustration::Painting(match self.parameters.output_image_style.as_deref() {
            Some(style) => format!("{} {of}", style.trim()),
            None => of.to_owned(),
        })
    }

    /// What to paint when nothing was told: what was seen, or what was said, or the hour.
    fn fallback_description(&self) -> String {
        let seen = self.context.seen.as_ref().map(|sight| sight.description.clone());
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

/// The last words of a story.
fn last_words(prior: &[String], max: usize) -> String {
    let Some(last) = prior.last() else { return String::new() };
    let words: Vec<&str> = last.split_whitespace().collect();
    words[words.len().saturating_sub(max)..].join(" ")
}
