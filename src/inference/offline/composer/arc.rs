//! The arcs of paragraphs: which parts follow each other.

use super::rng::SeededRng;
use super::scene::Scene;

/// A part of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Begins a story.
    Intro,
    /// Begins a story that is taken over from another storyteller.
    Resume,
    /// Leads from one thread to the next.
    Bridge,
    /// Names the hour or the season.
    Open,
    /// Describes the spot.
    Spot,
    /// Advances the thread.
    Beat,
    /// Weaves in what the photograph shows.
    Weave,
    /// Quotes the request's text.
    Said,
    /// Quotes the request's audio.
    Heard,
    /// Recalls an earlier event.
    Callback,
    /// Muses on the thread's question.
    Muse,
    /// A short exchange between two people.
    Talk,
    /// Small actions with everyday things.
    Scene,
    /// Shows a person's habit.
    Quirk,
    /// Shows the world's odd law.
    Law,
    /// The narrator's own voice.
    Tone,
    /// Shows the animal.
    Creature,
    /// Mentions the Sparrow's place as news from far away.
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

/// Optional parts that may lengthen any frame.
pub(super) const EXTRA: [Part; 9] = [Doing, Talk, Quirk, Tone, Creature, Callback, Law, Spot, Muse];

/// The kind of a frame, which determines its possible arcs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// The first frame of a story.
    First,
    /// The first frame of a story that is taken over from another storyteller.
    TakenOver,
    /// The first frame of a later thread.
    NextThread,
    /// A frame with a beat.
    WithBeat,
    /// A frame without a beat.
    WithoutBeat,
}

/// Chooses the arc of a frame, if possible one that is not in `recent`. Returns its parts and its number.
pub(super) fn choose_arc(kind: FrameKind, recent: &[u8], rng: &mut SeededRng) -> (Vec<Part>, u8) {
    let (arcs, base): (&[&[Part]], usize) = match kind {
        FrameKind::First => return (FIRST.to_vec(), 90),
        FrameKind::TakenOver => return (TAKEN_OVER.to_vec(), 91),
        FrameKind::NextThread => return (NEXT_THREAD.to_vec(), 92),
        FrameKind::WithBeat => (&WITH_BEAT, 0),
        FrameKind::WithoutBeat => (&WITHOUT_BEAT, WITH_BEAT.len()),
    };
    let mut order: Vec<_> = (0..arcs.len()).collect();
    rng.shuffle(&mut order);
    let number = |at: usize| u8::try_from(base + at).unwrap_or(u8::MAX);
    let fresh = order.iter().copied().find(|at| !recent.contains(&number(*at)));
    let at = fresh.or(order.first().copied()).unwrap_or(0);
    (arcs.get(at).map(|arc| arc.to_vec()).unwrap_or_default(), number(at))
}

/// Adapts an arc to the input: replaces [`Part::Weave`] if there is nothing to weave in, inserts the quotes after the
/// first or second part, and may append the place.
pub(super) fn fit_to_input(parts: &mut Vec<Part>, scene: &Scene<'_>, rng: &mut SeededRng) {
    if !scene.input.has_sight() {
        parts.retain(|part| *part != Weave);
        parts.push(*rng.pick(&EXTRA).unwrap_or(&Talk));
    }
    let voices = [(Said, &scene.input.said), (Heard, &scene.input.heard)];
    let voices = voices.into_iter().filter(|(_, words)| words.is_some());
    for (at, (part, _)) in (1 + rng.below(2)..).zip(voices) {
        parts.insert(at.min(parts.len()), part);
    }
    let first = parts.contains(&Intro);
    if scene.input.place.is_some() && (first || rng.percent(25)) {
        parts.push(Place);
    }
}
