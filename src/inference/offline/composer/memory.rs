//! What the teller keeps between frames: a few kilobytes that never grow beyond their bounds.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cast::{MAX_PEOPLE, Person};
use super::english::{length, truncate};
use super::grammar::Grammar;
use super::stage::Stage;

/// Lines told lately, which are not told again soon: about fifty frames of them.
const MAX_TOLD_LINES: usize = 200;
/// Phrases to look back on.
const MAX_TRACES: usize = 10;
/// Developments that a reader of the state can see.
const MAX_PAST_EVENTS: usize = 12;
/// Finished threads that are not begun again.
const MAX_FINISHED_PLOTS: usize = 6;
/// The longest text of each kind, in characters.
const MAX_TEXT_CHARS: usize = 140;

/// The story so far, as its teller knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// Key of the setting in the grammar.
    pub(super) setting: String,
    /// The place's name.
    pub(super) town: String,
    /// A place taken over from another teller, in its words.
    pub(super) locale: Option<String>,
    /// Key of the manner of telling.
    pub(super) tone: String,
    /// Key of the world's odd law; none in a world taken over.
    pub(super) conceit: Option<String>,
    /// Three people and an animal.
    pub(super) cast: Vec<Person>,
    /// The thread being told.
    pub(super) plot: Plot,
    /// Threads told before, newest last.
    pub(super) done: Vec<Plot>,
    /// Events as noun phrases, newest last.
    pub(super) traces: Vec<String>,
    /// Events as sentences, newest last.
    pub(super) past: Vec<String>,
    /// Where the last frame played.
    pub(super) spot: usize,
    /// The arcs of the last frames.
    pub(super) arcs: Vec<u8>,
    /// Numbers of the lines told lately, newest last.
    pub(super) told: Vec<u32>,
}

/// A thread and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plot {
    /// Key of the thread in the grammar.
    pub(super) key: String,
    /// Which of its objects it is about.
    pub(super) prop: usize,
    /// The stage of the next beat.
    pub(super) stage: Stage,
    /// Beats that the stage still has.
    pub(super) left: u8,
    /// Whether the last frame went by without a beat.
    pub(super) waited: bool,
}

impl Plot {
    /// The object as in `the brass key`, without the article.
    pub(super) fn prop<'g>(&self, grammar: &'g Grammar) -> &'g str {
        let props = grammar.properties(&format!("thread.{}", self.key), "prop");
        props.get(self.prop % props.len().max(1)).copied().unwrap_or("thing")
    }
}

impl Memory {
    /// Reads what was kept; nothing where it is not (or no longer) of this grammar's making.
    pub(super) fn parse(kept: &Value, grammar: &Grammar) -> Option<Self> {
        let memory = Self::deserialize(kept).ok()?;
        memory.is_valid(grammar).then_some(memory)
    }

    fn is_valid(&self, grammar: &Grammar) -> bool {
        let known = |parent: &str, key: &str| grammar.children(parent).contains(&key);
        let plots = || self.done.iter().chain([&self.plot]);
        let texts = || {
            let people = self.cast.iter().flat_map(|person| [&person.name, &person.role]);
            let kept = self.traces.iter().chain(&self.past).chain(self.locale.as_ref());
            people.chain(kept).chain([&self.town])
        };
        known("setting", &self.setting)
            && known("tone", &self.tone)
            && self.conceit.as_ref().is_none_or(|key| known("conceit", key))
            && plots().all(|plot| known("thread", &plot.key))
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

    /// Keeps an event, as a phrase and as a sentence.
    pub(super) fn record_event(&mut self, trace: Option<String>, sentence: &str) {
        self.traces.extend(trace.filter(|phrase| length(phrase) <= MAX_TEXT_CHARS));
        let sentence = match truncate(sentence, MAX_TEXT_CHARS - 1) {
            whole if whole.len() == sentence.len() => sentence.to_owned(),
            cut => format!("{cut}…"),
        };
        self.past.push(sentence);
        keep_last(&mut self.traces, MAX_TRACES);
        keep_last(&mut self.past, MAX_PAST_EVENTS);
    }

    /// Keeps which lines and which arc made a frame.
    pub(super) fn record_lines(&mut self, lines: &[u32], arc: u8) {
        self.told.extend(lines);
        keep_last(&mut self.told, MAX_TOLD_LINES);
        self.arcs.push(arc);
        keep_last(&mut self.arcs, 5);
    }

    /// Puts the finished thread away and takes up another.
    pub(super) fn start_plot(&mut self, plot: Plot) {
        self.done.push(std::mem::replace(&mut self.plot, plot));
        keep_last(&mut self.done, MAX_FINISHED_PLOTS);
    }
}

fn keep_last<T>(items: &mut Vec<T>, most: usize) {
    items.drain(..items.len().saturating_sub(most));
}
