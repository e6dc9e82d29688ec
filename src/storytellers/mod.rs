//! Storytellers: each has its own way of turning what was seen, heard and said into the next frame.
//!
//! A new one is one file that implements [`Storyteller`], one line in [`ALL`], and a strategy in
//! `config/seeds.toml` that lets people choose it.

mod fern;
mod literal;
mod narcissus;
mod prompt;
mod simple_one_frame;

pub use prompt::check as check_prompt;

use async_trait::async_trait;
use serde_json::Value;

use crate::domain::Parameters;
use crate::inference::{Brief, InferenceError, Minds};

/// Every storyteller.
pub const ALL: &[&dyn Storyteller] =
    &[&fern::Fern, &literal::Literal, &narcissus::Narcissus, &simple_one_frame::SimpleOneFrame];

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

    /// Tells what comes next: at least one beat.
    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError>;
}

/// What a storyteller is given.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The material of this frame.
    pub brief: &'a Brief,
    /// What was asked for.
    pub parameters: &'a Parameters,
    /// The prompt template for texts, where the strategy's model has one.
    pub text_template: Option<&'a str>,
    /// Models to ask.
    pub minds: &'a Minds,
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
    /// What its illustration shows, in words.
    pub illustration: String,
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

impl Scene<'_> {
    /// An illustration's prompt: the asked style, then what to show.
    fn styled(&self, illustration: &str) -> String {
        match self.parameters.output_image_style.as_deref() {
            Some(style) => format!("{} {illustration}", style.trim()),
            None => illustration.to_owned(),
        }
    }

    /// What to paint when nothing was told: what was seen, or what was said, or the hour.
    fn what_is_there(&self) -> String {
        let seen = self.brief.seen.as_ref().map(|sight| sight.description.clone());
        seen.or_else(|| self.brief.said.clone()).unwrap_or_else(|| {
            let light = match self.brief.hour {
                5..=8 => "early light",
                9..=16 => "daylight",
                17..=20 => "evening light",
                _ => "night",
            };
            format!("An empty room with one window, in {light}.")
        })
    }
}
