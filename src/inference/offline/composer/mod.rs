//! Composes frames from a grammar and a memory, without a network or a model.
//!
//! The text is in `grammar/*.txt`, which writers can read and extend: the cast, places, threads with their stages, and
//! many small sentences around them. The code draws an arc for the paragraph, fills it line by line, and remembers what
//! it used so as not to repeat it soon. The result is a pure function of the [`FrameContext`]: the same context gives
//! the same frame.

mod arc;
mod cast;
mod draft;
mod english;
mod facts;
mod grammar;
mod input;
mod memory;
mod report;
mod rng;
mod sanitize;
mod scene;
mod sections;
mod stage;
mod start;
mod takeover;
mod template;
mod write;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::inference::request::FrameContext;

use arc::FrameKind;
use draft::{Draft, RecentTexts};
use grammar::{Grammar, Line};
use input::ComposerInput;
use memory::Memory;
use rng::SeededRng;
use scene::Scene;
use stage::Stage;
use write::LengthLimits;

/// The limit in characters below which names have no introductions.
const SMALL_SCREEN_CHARS: usize = 130;

/// One frame of a story, with the state that it leaves.
///
/// The fields are those that storytellers keep as their state, so that a caller can select the ones that its schema
/// names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComposedFrame {
    /// The frame's prose.
    pub text: String,
    /// The prompt for the illustration, one sentence of concrete nouns.
    pub illustration: String,
    /// The genre.
    pub genre: String,
    /// The odd law of the story's world.
    pub conceit: String,
    /// The members of the cast, each with name, role and habit.
    pub cast: Vec<String>,
    /// The place, then its spots.
    pub settings: Vec<String>,
    /// The sources of conflict.
    pub sources_of_conflict: Vec<String>,
    /// The past events, newest last; at most twelve entries.
    pub past_developments: Vec<String>,
    /// The event of this frame.
    pub current_development: String,
    /// Events that may happen next.
    pub possible_developments: Vec<String>,
    /// A summary of the story, at most 600 characters.
    pub summary: String,
    /// The composer's [`FrameContext::memory`] for the next frame; a few kilobytes at most.
    pub memory: Value,
}

/// Composes the next frame of a story.
#[must_use]
pub fn compose(context: &FrameContext) -> ComposedFrame {
    let grammar = Grammar::shared();
    let input = ComposerInput::from_context(context, grammar);
    let mut rng = SeededRng::new(context.seed ^ input.salt, u64::from(context.frame_number) + 2);
    let recalled = Memory::parse(&context.memory, grammar);
    let is_new = recalled.is_none();
    let mut memory = recalled.unwrap_or_else(|| start::initial_memory(context, grammar));
    let kind = choose_kind(&memory, is_new, &mut rng);
    if rng.percent(60) {
        memory.spot = memory.spot.wrapping_add(1 + rng.below(4)) % 5;
    }
    let scene = draw_scene(grammar, &memory, &input, context.frame_number, kind, &mut rng);
    let (mut parts, arc) = arc::choose_arc(kind, &memory.arcs, &mut rng);
    arc::fit_to_input(&mut parts, &scene, &mut rng);
    let limits = choose_limits(context.max_chars, input.is_terse, &mut rng);
    let mut draft = Draft::new(
        &scene,
        RecentTexts::from_frames(&context.prior),
        SeededRng::new(context.seed, rng.next_seed()),
        limits.max_chars < SMALL_SCREEN_CHARS,
    );
    let beat = write::write(&mut draft, parts, &scene, limits, &mut rng);
    let text = text_or_fallback(std::mem::take(&mut draft.progress.text), &scene, limits.max_chars);
    let trace = beat.as_ref().and_then(|(line, _)| draft.trace(line));
    let (lines, named) = (std::mem::take(&mut draft.lines), draft.progress.named);
    let mut next = memory.clone();
    update_memory(&mut next, beat.as_ref(), trace, named, context.frame_number);
    next.record_lines(&lines, arc);
    next.plot.waited = beat.is_none();
    if beat.is_some() {
        advance_plot(&mut next, grammar, &mut rng);
    }
    let first = || english::sentences(&text).first().map_or("", |first| *first).to_owned();
    let development = beat.map_or_else(first, |(_, sentence)| sentence);
    report::build_frame(&scene, &next, text, development, &mut rng)
}

/// Chooses the kind of the next frame. [`FrameKind::NextThread`] requires a finished thread.
fn choose_kind(memory: &Memory, is_new: bool, rng: &mut SeededRng) -> FrameKind {
    let waits = memory.plot.stage.can_wait() && !memory.plot.waited && rng.percent(30);
    match (is_new, memory.plot.stage) {
        (true, _) if memory.conceit.is_none() => FrameKind::TakenOver,
        (true, _) => FrameKind::First,
        (_, Stage::Opening) if !memory.done.is_empty() => FrameKind::NextThread,
        _ if waits => FrameKind::WithoutBeat,
        _ => FrameKind::WithBeat,
    }
}

/// Draws the leading person of the frame, and its light and weather.
fn draw_scene<'a>(
    grammar: &'static Grammar,
    memory: &'a Memory,
    input: &'a ComposerInput,
    frame_number: u32,
    kind: FrameKind,
    rng: &mut SeededRng,
) -> Scene<'a> {
    let drawn = [0, 0, 0, 1, 1, 2].get(rng.below(6)).copied().unwrap_or(0);
    let lead = if matches!(kind, FrameKind::WithBeat | FrameKind::WithoutBeat) { drawn } else { 0 };
    let other = (lead + 1 + rng.below(2)) % cast::MAX_PEOPLE;
    let word = |section: String, rng: &mut SeededRng| {
        let line: Option<&Line> = rng.pick(grammar.lines(&section));
        line.and_then(|line| line.fields.first().copied()).unwrap_or_default()
    };
    let light = word(format!("light.{}", input.period), rng);
    let weather = word(format!("weather.{}", input.season), rng);
    Scene { grammar, memory, input, frame_number, lead, other, light, weather }
}

/// Chooses the limits of the frame's length.
fn choose_limits(max_chars: Option<usize>, is_terse: bool, rng: &mut SeededRng) -> LengthLimits {
    let (max_chars, target_chars, max_sentences) = match max_chars {
        _ if is_terse => (max_chars.unwrap_or(240).min(240), 140, 2),
        None => (470, 260 + rng.below(160), 4),
        Some(max_chars) if max_chars < 450 => (max_chars, max_chars, 5),
        Some(max_chars) => {
            let max_chars = max_chars.min(900);
            (max_chars, max_chars / 2 + rng.below(max_chars / 4), 7)
        }
    };
    LengthLimits { max_chars, target_chars, max_sentences, required_parts_left: 0 }
}

/// Returns the text, or a very short sentence, cut to fit, if no line of the grammar fitted.
fn text_or_fallback(text: String, scene: &Scene<'_>, max_chars: usize) -> String {
    if !text.is_empty() {
        return text;
    }
    let name = scene.memory.cast.first().map_or("Somebody", cast::Person::short_name);
    let sentence = format!("{name} waited");
    let room = max_chars.saturating_sub(1);
    let at_word = english::truncate(&sentence, room);
    let at_character: String = sentence.chars().take(room).collect();
    let clipped = if at_word.is_empty() { at_character } else { at_word.to_owned() };
    if max_chars == 0 { String::new() } else { format!("{clipped}.") }
}

/// Records the people and the event of the frame.
fn update_memory(
    memory: &mut Memory,
    beat: Option<&(&'static Line, String)>,
    trace: Option<String>,
    named: u8,
    frame: u32,
) {
    for (index, person) in memory.cast.iter_mut().enumerate() {
        if named & (1 << index) != 0 {
            person.met = Some(frame);
        }
    }
    if let Some((_, text)) = beat {
        let first = english::sentences(text).first().copied().unwrap_or_default();
        memory.record_event(trace, first);
    }
}

/// Advances the thread after a beat: to the next stage, or to the next thread after the last stage.
fn advance_plot(memory: &mut Memory, grammar: &Grammar, rng: &mut SeededRng) {
    let plot = &mut memory.plot;
    plot.left = plot.left.saturating_sub(1);
    if plot.left > 0 {
        return;
    }
    if let Some(stage) = plot.stage.next() {
        plot.stage = stage;
        plot.left = stage.beats(rng);
        return;
    }
    let mut before = memory.done.clone();
    before.push(memory.plot.clone());
    memory.start_plot(start::next_plot(&before, grammar, rng));
}
