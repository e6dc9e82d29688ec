//! A storyteller made of a grammar and a memory, for days without network.
//!
//! The words live in `grammar/*.txt`, to be read and added to by whoever writes stories: cast,
//! places, threads with their stages, and the many small sentences around them. The code draws a
//! paragraph's shape, fills it line by line, and remembers what it told so as not to tell it soon
//! again. Everything is a pure function of the [`Brief`]: the same brief gives the same tale.

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

/// Below this many characters names go without introductions.
const SMALL_SCREEN_CHARS: usize = 130;

/// One frame of a story with the state that it leaves behind.
///
/// The fields are those that any storyteller keeps, so that a caller can project them onto the
/// shape it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComposedFrame {
    /// The frame's prose.
    pub text: String,
    /// What a painter should show, in one sentence of concrete nouns.
    pub illustration: String,
    /// The manner of telling.
    pub genre: String,
    /// The odd law of the story's world.
    pub conceit: String,
    /// Each of the cast: name, role and habit.
    pub cast: Vec<String>,
    /// The place and its spots.
    pub settings: Vec<String>,
    /// What stands in the way.
    pub sources_of_conflict: Vec<String>,
    /// What has happened, newest last; at most twelve entries.
    pub past_developments: Vec<String>,
    /// What happens in this frame.
    pub current_development: String,
    /// What might happen next.
    pub possible_developments: Vec<String>,
    /// The story in at most 600 characters.
    pub summary: String,
    /// What the teller wants to find in [`Brief::memory`] next time; a few kilobytes at most.
    pub memory: Value,
}

/// Tells the next frame.
#[must_use]
pub fn compose(brief: &FrameContext) -> ComposedFrame {
    let grammar = Grammar::shared();
    let senses = ComposerInput::from_context(brief, grammar);
    let mut chance = SeededRng::new(brief.seed ^ senses.salt, u64::from(brief.frame_number) + 2);
    let recalled = Memory::parse(&brief.memory, grammar);
    let fresh = recalled.is_none();
    let mut memory = recalled.unwrap_or_else(|| start::initial_memory(brief, grammar));
    let kind = choose_kind(&memory, fresh, &mut chance);
    if chance.percent(60) {
        memory.spot = memory.spot.wrapping_add(1 + chance.below(4)) % 5;
    }
    let scene = draw_scene(grammar, &memory, &senses, brief.frame_number, kind, &mut chance);
    let (mut parts, arc) = arc::choose_arc(kind, &memory.arcs, &mut chance);
    arc::fit_to_input(&mut parts, &scene, &mut chance);
    let measure = choose_limits(brief.max_chars, senses.is_terse, &mut chance);
    let mut page = Draft::new(
        &scene,
        RecentTexts::from_frames(&brief.prior),
        SeededRng::new(brief.seed, chance.next_seed()),
        measure.max_chars < SMALL_SCREEN_CHARS,
    );
    let beat = write::write(&mut page, parts, &scene, measure, &mut chance);
    let text = text_or_fallback(std::mem::take(&mut page.progress.text), &scene, measure.max_chars);
    let trace = beat.as_ref().and_then(|(line, _)| page.trace(line));
    let (lines, named) = (std::mem::take(&mut page.lines), page.progress.named);
    let mut next = memory.clone();
    update_memory(&mut next, beat.as_ref(), trace, named, brief.frame_number);
    next.record_lines(&lines, arc);
    next.plot.waited = beat.is_none();
    if beat.is_some() {
        advance_plot(&mut next, grammar, &mut chance);
    }
    let first = || english::sentences(&text).first().map_or("", |first| *first).to_owned();
    let now = beat.map_or_else(first, |(_, told)| told);
    report::build_frame(&scene, &next, text, now, &mut chance)
}

/// What sort of frame comes next. A later thread's first frame needs a thread before it.
fn choose_kind(memory: &Memory, fresh: bool, chance: &mut SeededRng) -> FrameKind {
    let waits = memory.plot.stage.can_wait() && !memory.plot.waited && chance.percent(30);
    match (fresh, memory.plot.stage) {
        (true, _) if memory.conceit.is_none() => FrameKind::TakenOver,
        (true, _) => FrameKind::First,
        (_, Stage::Opening) if !memory.done.is_empty() => FrameKind::NextThread,
        _ if waits => FrameKind::WithoutBeat,
        _ => FrameKind::WithBeat,
    }
}

/// Draws who leads the frame, and its light and weather.
fn draw_scene<'a>(
    grammar: &'static Grammar,
    memory: &'a Memory,
    senses: &'a ComposerInput,
    frame: u32,
    kind: FrameKind,
    chance: &mut SeededRng,
) -> Scene<'a> {
    let drawn = [0, 0, 0, 1, 1, 2].get(chance.below(6)).copied().unwrap_or(0);
    let lead = if matches!(kind, FrameKind::WithBeat | FrameKind::WithoutBeat) { drawn } else { 0 };
    let other = (lead + 1 + chance.below(2)) % cast::MAX_PEOPLE;
    let word = |section: String, chance: &mut SeededRng| {
        let line: Option<&Line> = chance.pick(grammar.lines(&section));
        line.and_then(|line| line.fields.first().copied()).unwrap_or_default()
    };
    let light = word(format!("light.{}", senses.period), chance);
    let weather = word(format!("weather.{}", senses.season), chance);
    Scene { grammar, memory, input: senses, frame_number: frame, lead, other, light, weather }
}

/// How long the frame may and should be.
fn choose_limits(max_chars: Option<usize>, spare: bool, chance: &mut SeededRng) -> LengthLimits {
    let (most, enough, sentences) = match max_chars {
        _ if spare => (max_chars.unwrap_or(240).min(240), 140, 2),
        None => (470, 260 + chance.below(160), 4),
        Some(most) if most < 450 => (most, most, 5),
        Some(most) => {
            let most = most.min(900);
            (most, most / 2 + chance.below(most / 4), 7)
        }
    };
    LengthLimits {
        max_chars: most,
        target_chars: enough,
        max_sentences: sentences,
        required_parts_left: 0,
    }
}

/// A text where nothing else fitted: the shortest there is, cut at a word.
fn text_or_fallback(text: String, scene: &Scene<'_>, most: usize) -> String {
    if !text.is_empty() {
        return text;
    }
    let name = scene.memory.cast.first().map_or("Somebody", cast::Person::short_name);
    let whole = format!("{name} waited");
    let room = most.saturating_sub(1);
    let cut = english::truncate(&whole, room);
    let first: String = whole.chars().take(room).collect();
    let kept = if cut.is_empty() { first } else { cut.to_owned() };
    if most == 0 { String::new() } else { format!("{kept}.") }
}

/// Keeps what the frame told.
fn update_memory(
    memory: &mut Memory,
    beat: Option<&(&'static Line, String)>,
    trace: Option<String>,
    named: u8,
    frame: u32,
) {
    for (seat, person) in memory.cast.iter_mut().enumerate() {
        if named & (1 << seat) != 0 {
            person.met = Some(frame);
        }
    }
    if let Some((_, text)) = beat {
        let first = english::sentences(text).first().copied().unwrap_or_default();
        memory.record_event(trace, first);
    }
}

/// Moves the thread on after a beat, from stage to stage and on to the next thread.
fn advance_plot(memory: &mut Memory, grammar: &Grammar, chance: &mut SeededRng) {
    let plot = &mut memory.plot;
    plot.left = plot.left.saturating_sub(1);
    if plot.left > 0 {
        return;
    }
    if let Some(stage) = plot.stage.next() {
        plot.stage = stage;
        plot.left = stage.beats(chance);
        return;
    }
    let mut before = memory.done.clone();
    before.push(memory.plot.clone());
    memory.start_plot(start::next_plot(&before, grammar, chance));
}
