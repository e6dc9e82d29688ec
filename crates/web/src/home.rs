//! The browser Sparrow: the last frame of the browser's story, and the means to continue it.

use askama::Template;

use crate::{FramePart, Shell};

/// A storyteller to choose.
#[derive(Debug, Clone, Default)]
pub struct StorytellerChoice {
    /// Slug of the strategy.
    pub slug: String,
    /// The name that people read.
    pub name: String,
    /// What the stories are like, in a sentence.
    pub description: String,
    /// Address of its picture below the service's root.
    pub picture: String,
    /// Whether this one tells the current story, or else the next.
    pub is_chosen: bool,
}

/// A frame that is being made.
#[derive(Debug, Clone, Default)]
pub struct PendingFrame {
    /// Id of its task.
    pub task_id: String,
    /// What happens at the moment, in words.
    pub step: String,
}

/// The page at `/`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Start of the story's title; empty if there is no story.
    pub title: String,
    /// Slug of the story; empty if it has none.
    pub slug: String,
    /// The last frame of the story.
    pub frame: Option<FramePart>,
    /// Whether a blackout is on, so that nothing is shown.
    pub is_black: bool,
    /// The frame that is being made.
    pub pending: Option<PendingFrame>,
    /// Why the last frame could not be made, or what was wrong with what was sent.
    pub problem: Option<String>,
    /// The words that were sent with what was wrong, so that nobody types them twice.
    pub words: String,
    /// The storytellers.
    pub storytellers: Vec<StorytellerChoice>,
    /// A value that makes a form that is sent twice one order.
    pub idempotency_key: String,
    /// Address of the stream of events, below the service's root; empty if the browser has no story.
    pub events: String,
}
