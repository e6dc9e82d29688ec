//! The shapes that a paragraph can take.

use super::rng::SeededRng;
use super::scene::Scene;

/// A part of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The first sentence of a story.
    Intro,
    /// The first sentence of a story taken over from another teller.
    Resume,
    /// How one thread grows out of another.
    Bridge,
    /// Hour or season.
    Open,
    /// The place.
    Spot,
    /// The thread goes on.
    Beat,
    /// What was seen.
    Weave,
    /// What was sent.
    Said,
    /// What was heard.
    Heard,
    /// Something earlier.
    Callback,
    /// What everybody would like to know.
    Muse,
    /// A few words between two.
    Talk,
    /// Small doings with things.
    Scene,
    /// Somebody's habit.
    Quirk,
    /// The world's odd law.
    Law,
    /// The teller's own voice.
    Tone,
    /// The animal.
    Creature,
    /// The device's place, as far-off news.
    Place,
}

use Part::{
    Beat, Bridge, Callback, Creature, Heard, Intro, Law, Muse, Open, Place, Quirk, Resume, Said,
    Scene as Doing, Spot, Talk, Tone, Weave,
};

const FIRST: &[Part] = &[Intro, Beat, Weave, Law];
const TAKEN_OVER: &[Part] = &[Resume, Beat, Weave, Talk];
const NEXT_THREAD: &[Part] = &[Bridge, Beat, Weave, Talk];
const WITH_BEAT: [&[Part]; 16] = [
    &[Open, Beat, Weave, Quirk],
    &[Callback, Beat, Weave],
    &[Spot, Weave, Beat, Tone],
    &[Weave, Beat, Callback],
    &[Callback, Beat, Weave, Creature],
    &[Talk, Weave, Beat],
    &[Law, Beat, Weave, Doing],
    &[Open, Weave, Beat, Talk],
    &[Quirk, Beat, Tone, Weave],
    &[Beat, Creature, Weave, Muse],
    &[Spot, Callback, Beat, Weave],
    &[Beat, Weave, Callback],
    &[Creature, Beat, Weave, Tone],
    &[Open, Beat, Doing, Weave],
    &[Muse, Beat, Weave, Quirk],
    &[Weave, Quirk, Beat],
];
const WITHOUT_BEAT: [&[Part]; 9] = [
    &[Open, Weave, Quirk, Callback],
    &[Spot, Doing, Weave, Muse],
    &[Callback, Talk, Weave, Creature],
    &[Quirk, Weave, Muse, Talk],
    &[Talk, Weave, Doing, Tone],
    &[Law, Callback, Weave, Creature],
    &[Weave, Doing, Callback, Tone],
    &[Open, Doing, Weave, Talk],
    &[Spot, Quirk, Weave, Callback],
];
/// Parts that may lengthen any frame.
pub(super) const EXTRA: [Part; 9] = [Doing, Talk, Quirk, Tone, Creature, Callback, Law, Spot, Muse];

/// Which kind of frame is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// The first of a story.
    First,
    /// The first after another teller's.
    TakenOver,
    /// The first of a later thread.
    NextThread,
    /// One with a beat.
    WithBeat,
    /// One without.
    WithoutBeat,
}

/// The parts of a frame, and a number by which the shape is known.
pub(super) fn choose_arc(
    kind: FrameKind,
    recent: &[u8],
    chance: &mut SeededRng,
) -> (Vec<Part>, u8) {
    let (arcs, base): (&[&[Part]], usize) = match kind {
        FrameKind::First => return (FIRST.to_vec(), 90),
        FrameKind::TakenOver => return (TAKEN_OVER.to_vec(), 91),
        FrameKind::NextThread => return (NEXT_THREAD.to_vec(), 92),
        FrameKind::WithBeat => (&WITH_BEAT, 0),
        FrameKind::WithoutBeat => (&WITHOUT_BEAT, WITH_BEAT.len()),
    };
    let mut order: Vec<_> = (0..arcs.len()).collect();
    chance.shuffle(&mut order);
    let number = |at: usize| u8::try_from(base + at).unwrap_or(u8::MAX);
    let fresh = order.iter().copied().find(|at| !recent.contains(&number(*at)));
    let at = fresh.or(order.first().copied()).unwrap_or(0);
    (arcs.get(at).map(|arc| arc.to_vec()).unwrap_or_default(), number(at))
}

/// Fits the input into a shape: no sight, no weaving; words sent and heard come in the middle.
pub(super) fn fit_to_input(parts: &mut Vec<Part>, scene: &Scene<'_>, chance: &mut SeededRng) {
    if !scene.input.has_sight() {
        parts.retain(|part| *part != Weave);
        parts.push(*chance.pick(&EXTRA).unwrap_or(&Talk));
    }
    let voices = [(Said, &scene.input.said), (Heard, &scene.input.heard)];
    let voices = voices.into_iter().filter(|(_, words)| words.is_some());
    for (at, (part, _)) in (1 + chance.below(2)..).zip(voices) {
        parts.insert(at.min(parts.len()), part);
    }
    let first = parts.contains(&Intro);
    if scene.input.place.is_some() && (first || chance.percent(25)) {
        parts.push(Place);
    }
}
