//! The composer's memory between frames: a few kilobytes, bounded in size.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cast::{MAX_PEOPLE, Person};
use super::english::{length, truncate};
use super::grammar::Grammar;
use super::stage::Stage;

/// The most recent lines that are remembered, so that they are not used again soon: those of about fifty frames.
const MAX_TOLD_LINES: usize = 200;
/// The most events to look back on.
const MAX_TRACES: usize = 10;
/// The most developments in a frame's state.
const MAX_PAST_EVENTS: usize = 12;
/// The most finished threads that are remembered, so that they do not begin again soon.
const MAX_FINISHED_PLOTS: usize = 6;
/// The most characters of each remembered text.
const MAX_TEXT_CHARS: usize = 140;

/// The story so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// The key of the setting in the grammar.
    pub(super) setting: String,
    /// The place's name.
    pub(super) town: String,
    /// The description of a place from another storyteller's state, if the story was taken over.
    pub(super) locale: Option<String>,
    /// The key of the tone in the grammar.
    pub(super) tone: String,
    /// The key of the conceit, the odd law of the world; `None` if the story was taken over.
    pub(super) conceit: Option<String>,
    /// Three people and an animal.
    pub(super) cast: Vec<Person>,
    /// The current thread.
    pub(super) plot: Plot,
    /// Finished threads, newest last.
    pub(super) done: Vec<Plot>,
    /// Events as noun phrases, newest last.
    pub(super) traces: Vec<String>,
    /// Events as sentences, newest last.
    pub(super) past: Vec<String>,
    /// The index of the spot where the last frame took place, 0 to 4.
    pub(super) spot: usize,
    /// The numbers of the last frames' arcs, newest last.
    pub(super) arcs: Vec<u8>,
    /// The ids of recent lines, newest last.
    pub(super) told: Vec<u32>,
}

/// A thread and its progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plot {
    /// The key of the thread in the grammar.
    pub(super) key: String,
    /// The index of its object.
    pub(super) prop: usize,
    /// The stage of the next beat.
    pub(super) stage: Stage,
    /// The number of beats left in the stage.
    pub(super) left: u8,
    /// Whether the last frame had no beat.
    pub(super) waited: bool,
}

impl Plot {
    /// Returns the object without an article, such as `brass key`.
    pub(super) fn prop<'g>(&self, grammar: &'g Grammar) -> &'g str {
        let props = grammar.properties(&format!("thread.{}", self.key), "prop");
        props.get(self.prop % props.len().max(1)).copied().unwrap_or("thing")
    }
}

impl Memory {
    /// Parses a stored memory; returns `None` if it is malformed or does not fit this build's grammar.
    pub(super) fn parse(value: &Value, grammar: &Grammar) -> Option<Self> {
        let memory = Self::deserialize(value).ok()?;
        memory.is_valid(grammar).then_some(memory)
    }

    fn is_valid(&self, grammar: &Grammar) -> bool {
        let exists = |parent: &str, key: &str| grammar.children(parent).contains(&key);
        let plots = || self.done.iter().chain([&self.plot]);
        let texts = || {
            let people = self.cast.iter().flat_map(|person| [&person.name, &person.role]);
            let events = self.traces.iter().chain(&self.past).chain(self.locale.as_ref());
            people.chain(events).chain([&self.town])
        };
        exists("setting", &self.setting)
            && exists("tone", &self.tone)
            && self.conceit.as_ref().is_none_or(|key| exists("conceit", key))
            && plots().all(|plot| exists("thread", &plot.key))
            && self.cast.len() == MAX_PEOPLE + 1
            && self.cast.iter().all(|person| !person.short_name().is_empty())
            && texts()
                .all(|text| length(text) <= MAX_TEXT_CHARS && !text.contains(char::is_control))
            && self.spot < 5
            && self.traces.len() <= MAX_TRACES
            && self.past.len() <= MAX_PAST_EVENTS
            && self.done.len() <= MAX_FINISHED_PLOTS
            && self.told.len() <= MAX_TOLD_LINES
            && self.arcs.len() <= MAX_TRACES
    }

    /// Records an event as a phrase and as a sentence.
    pub(super) fn record_event(&mut self, trace: Option<String>, sentence: &str) {
        self.traces.extend(trace.filter(|phrase| length(phrase) <= MAX_TEXT_CHARS));
        let sentence = match truncate(sentence, MAX_TEXT_CHARS - 1) {
            same if same.len() == sentence.len() => sentence.to_owned(),
            cut => format!("{cut}…"),
        };
        self.past.push(sentence);
        keep_last(&mut self.traces, MAX_TRACES);
        keep_last(&mut self.past, MAX_PAST_EVENTS);
    }

    /// Records the lines and the arc of a frame.
    pub(super) fn record_lines(&mut self, lines: &[u32], arc: u8) {
        self.told.extend(lines);
        keep_last(&mut self.told, MAX_TOLD_LINES);
        self.arcs.push(arc);
        keep_last(&mut self.arcs, 5);
    }

    /// Moves the current thread to the finished ones and starts another.
    pub(super) fn start_plot(&mut self, plot: Plot) {
        self.done.push(std::mem::replace(&mut self.plot, plot));
        keep_last(&mut self.done, MAX_FINISHED_PLOTS);
    }
}

fn keep_last<T>(items: &mut Vec<T>, limit: usize) {
    items.drain(..items.len().saturating_sub(limit));
}
