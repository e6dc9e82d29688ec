//! A storyteller made of a grammar and a memory, for days without network.
//!
//! The words live in `grammar/*.txt`, to be read and added to by whoever writes stories: cast,
//! places, threads with their stages, and the many small sentences around them. The code draws a
//! paragraph's shape, fills it line by line, and remembers what it told so as not to tell it soon
//! again. Everything is a pure function of the [`Brief`]: the same brief gives the same tale.

mod adopt;
mod arc;
mod cast;
mod chance;
mod clean;
mod english;
mod facts;
mod grammar;
mod memory;
mod page;
mod report;
mod scene;
mod sections;
mod senses;
mod stage;
mod start;
mod template;
mod write;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::inference::ask::Brief;

use arc::Kind;
use chance::Chance;
use grammar::{Grammar, Line};
use memory::Memory;
use page::{Page, Past};
use scene::Scene;
use senses::Senses;
use stage::Stage;
use write::Measure;

/// Below this many characters names go without introductions.
const TIGHT: usize = 130;

/// One frame of a story with the state that it leaves behind.
///
/// The fields are those that any storyteller keeps, so that a caller can project them onto the
/// shape it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tale {
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
pub fn compose(brief: &Brief) -> Tale {
    let grammar = Grammar::get();
    let senses = Senses::of(brief, grammar);
    let mut chance = Chance::new(brief.seed ^ senses.salt, u64::from(brief.frame_number) + 2);
    let recalled = Memory::recall(&brief.memory, grammar);
    let fresh = recalled.is_none();
    let mut memory = recalled.unwrap_or_else(|| start::begin(brief, grammar));
    let kind = kind(&memory, fresh, &mut chance);
    if chance.percent(60) {
        memory.spot = memory.spot.wrapping_add(1 + chance.below(4)) % 5;
    }
    let scene = scene(grammar, &memory, &senses, brief.frame_number, kind, &mut chance);
    let (mut parts, arc) = arc::shape(kind, &memory.arcs, &mut chance);
    arc::admit(&mut parts, &scene, &mut chance);
    let measure = measure(brief.max_chars, senses.spare, &mut chance);
    let mut page = Page::new(
        &scene,
        Past::of(&brief.prior),
        Chance::new(brief.seed, chance.salt()),
        measure.most < TIGHT,
    );
    let beat = write::write(&mut page, parts, &scene, measure, &mut chance);
    let text = last_resort(std::mem::take(&mut page.told.text), &scene, measure.most);
    let trace = beat.as_ref().and_then(|(line, _)| page.trace(line));
    let (lines, named) = (std::mem::take(&mut page.lines), page.told.named);
    let mut next = memory.clone();
    remember(&mut next, beat.as_ref(), trace, named, brief.frame_number);
    next.told(&lines, arc);
    next.plot.waited = beat.is_none();
    if beat.is_some() {
        advance(&mut next, grammar, &mut chance);
    }
    let first = || english::sentences(&text).first().map_or("", |first| *first).to_owned();
    let now = beat.map_or_else(first, |(_, told)| told);
    report::tale(&scene, &next, text, now, &mut chance)
}

/// What sort of frame comes next. A later thread's first frame needs a thread before it.
fn kind(memory: &Memory, fresh: bool, chance: &mut Chance) -> Kind {
    let waits = memory.plot.stage.can_wait() && !memory.plot.waited && chance.percent(30);
    match (fresh, memory.plot.stage) {
        (true, _) if memory.conceit.is_none() => Kind::TakenOver,
        (true, _) => Kind::First,
        (_, Stage::Opening) if !memory.done.is_empty() => Kind::NextThread,
        _ if waits => Kind::Calm,
        _ => Kind::Told,
    }
}

/// Draws who leads the frame, and its light and weather.
fn scene<'a>(
    grammar: &'static Grammar,
    memory: &'a Memory,
    senses: &'a Senses,
    frame: u32,
    kind: Kind,
    chance: &mut Chance,
) -> Scene<'a> {
    let drawn = [0, 0, 0, 1, 1, 2].get(chance.below(6)).copied().unwrap_or(0);
    let lead = if matches!(kind, Kind::Told | Kind::Calm) { drawn } else { 0 };
    let other = (lead + 1 + chance.below(2)) % cast::PEOPLE;
    let word = |section: String, chance: &mut Chance| {
        let line: Option<&Line> = chance.pick(grammar.lines(&section));
        line.and_then(|line| line.fields.first().copied()).unwrap_or_default()
    };
    let light = word(format!("light.{}", senses.period), chance);
    let weather = word(format!("weather.{}", senses.season), chance);
    Scene { grammar, memory, senses, frame, lead, other, light, weather }
}

/// How long the frame may and should be.
fn measure(max_chars: Option<usize>, spare: bool, chance: &mut Chance) -> Measure {
    let (most, enough, sentences) = match max_chars {
        _ if spare => (max_chars.unwrap_or(240).min(240), 140, 2),
        None => (470, 260 + chance.below(160), 4),
        Some(most) if most < 450 => (most, most, 5),
        Some(most) => {
            let most = most.min(900);
            (most, most / 2 + chance.below(most / 4), 7)
        }
    };
    Measure { most, enough, sentences, later: 0 }
}

/// A text where nothing else fitted: the shortest there is, cut at a word.
fn last_resort(text: String, scene: &Scene<'_>, most: usize) -> String {
    if !text.is_empty() {
        return text;
    }
    let name = scene.memory.cast.first().map_or("Somebody", cast::Person::first);
    let whole = format!("{name} waited");
    let room = most.saturating_sub(1);
    let cut = english::clip(&whole, room);
    let first: String = whole.chars().take(room).collect();
    let kept = if cut.is_empty() { first } else { cut.to_owned() };
    if most == 0 { String::new() } else { format!("{kept}.") }
}

/// Keeps what the frame told.
fn remember(
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
        memory.happened(trace, first);
    }
}

/// Moves the thread on after a beat, from stage to stage and on to the next thread.
fn advance(memory: &mut Memory, grammar: &Grammar, chance: &mut Chance) {
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
    memory.turn_to(start::next_plot(&before, grammar, chance));
}
