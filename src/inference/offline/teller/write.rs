//! Filling a paragraph's shape, part by part, within its measure.

use super::TIGHT;
use super::arc::EXTRA;
use super::arc::Part::{self, Beat, Bridge, Heard, Intro, Resume, Said, Weave};
use super::chance::Chance;
use super::clean;
use super::english::length;
use super::grammar::Line;
use super::page::{Page, Wish};
use super::scene::Scene;

/// A needed part can be told in so many characters.
const LEAST: usize = 28;

/// The lengths that a frame keeps to, in characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    /// Never more than this.
    pub(super) most: usize,
    /// Nothing is added for its own sake beyond this.
    pub(super) enough: usize,
    /// Nor beyond so many sentences.
    pub(super) sentences: usize,
    /// Parts still to come that must not be squeezed out.
    pub(super) later: usize,
}

/// Writes the parts in order and gives back the line of the beat, if there was room for one.
pub(super) fn write(
    page: &mut Page<'_>,
    mut parts: Vec<Part>,
    scene: &Scene<'_>,
    measure: Measure,
    chance: &mut Chance,
) -> Option<(&'static Line, String)> {
    spare(&mut parts, measure.most);
    let mut beat = None;
    for (at, part) in parts.iter().enumerate() {
        let later = &parts[at + 1..];
        let taken = page.len() + reserve(later, measure.most);
        let crowded = !part.leads() && taken + 60 > measure.enough;
        let waits = later.iter().any(|part| part.needed());
        if !part.needed() && waits && (crowded || measure.most < TIGHT) {
            continue;
        }
        let later = later.iter().filter(|part| part.needed()).count();
        let line = part.write(page, scene, taken, Measure { later, ..measure });
        if *part == Beat {
            beat = line;
        }
    }
    let mut tries = EXTRA;
    chance.shuffle(&mut tries);
    for part in tries.into_iter().filter(|part| !parts.contains(part)) {
        if page.len() + 70 > measure.enough {
            break;
        }
        part.write(page, scene, page.len(), measure);
    }
    if page.len() == 0 {
        let (sections, limit) = (&["short.any".to_owned()], measure.most);
        page.add(&Wish { sections, limit, must: true, again: true, quote: None });
    }
    beat
}

/// Gives up parts for which a small screen has no room, the least needed first.
fn spare(parts: &mut Vec<Part>, most: usize) {
    for part in [Beat, Heard, Said] {
        let needed = parts.iter().filter(|part| part.needed()).count();
        if needed > (most / 30).max(1) && parts.iter().any(|other| *other != part && other.needed())
        {
            parts.retain(|other| *other != part);
        }
    }
}

/// Room to keep for the parts that must still come.
fn reserve(parts: &[Part], most: usize) -> usize {
    let weight = |part: &Part| match part {
        Beat => 150,
        Weave => 105,
        Said | Heard => 120,
        _ => 0,
    };
    let wish: usize = parts.iter().map(weight).sum();
    // Of a narrow frame the parts to come get their share and no more.
    wish.min(most * wish / (wish + 150).max(1))
}

impl Part {
    /// Whether the frame would lack its beginning without it.
    const fn leads(self) -> bool {
        matches!(self, Intro | Resume | Bridge)
    }

    const fn needed(self) -> bool {
        matches!(self, Beat | Weave | Said | Heard)
    }

    fn write(
        self,
        page: &mut Page<'_>,
        scene: &Scene<'_>,
        taken: usize,
        measure: Measure,
    ) -> Option<(&'static Line, String)> {
        let quote = match self {
            Said => scene.senses.said.as_deref(),
            Heard => scene.senses.heard.as_deref(),
            Weave => scene.senses.note.as_deref(),
            _ => None,
        };
        if !self.needed() && page.len() > 0 && page.sentences() >= measure.sentences {
            return None;
        }
        let room = measure.most.saturating_sub(page.len());
        let share = measure.most.saturating_sub(taken);
        if !self.needed() {
            let enough = measure.enough.saturating_sub(page.len()).max(60);
            let limit = if self.leads() { share } else { share.min(enough) };
            let mut sections = self.sections(scene);
            if measure.most < TIGHT {
                sections.push("short.any".to_owned());
            }
            let sections = &sections;
            return page.add(&Wish { sections, limit, must: false, again: false, quote });
        }
        let (long, short) = (self.sections(scene), self.short(scene));
        let both: Vec<_> = long.iter().chain(&short).cloned().collect();
        // A beat told lately is worse than a short one; woven in, old patterns take new facts.
        let (first, second) = match self {
            Beat => (if share < 90 { &both } else { &long }, &short),
            _ => (if share < 90 { &both } else { &long }, &both),
        };
        // Words from outside are not cut where the frame has room for them.
        let around = if measure.most < 130 { 24 } else { 110 };
        let spoken = quote.map_or(0, |words| length(words) + around);
        let share = share.max(spoken.min(room.saturating_sub(LEAST * measure.later)));
        let tries = [
            (first, share, self != Beat, false),
            (second, share, true, false),
            (second, share.max(room.min(60)), true, false),
            (second, room, true, false),
            (second, room, true, true),
        ];
        // A beat can wait for the next frame rather than be told in the same words.
        let mut tries = tries.into_iter().filter(|(.., again)| !again || self != Beat);
        tries.find_map(|(sections, limit, must, again)| {
            let least = limit.saturating_sub(24).max(8);
            let words = quote.and_then(|words| clean::quote(words, least));
            page.add(&Wish { sections, limit, must, again, quote: words.as_deref() })
        })
    }
}
