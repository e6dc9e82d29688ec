//! Filling a paragraph's shape, part by part, within its measure.

use super::SMALL_SCREEN_CHARS;
use super::arc::EXTRA;
use super::arc::Part::{self, Beat, Bridge, Heard, Intro, Resume, Said, Weave};
use super::draft::{Draft, LineRequest};
use super::english::length;
use super::grammar::Line;
use super::rng::SeededRng;
use super::sanitize;
use super::scene::Scene;

/// A needed part can be told in so many characters.
const MIN_PART_CHARS: usize = 28;

/// The lengths that a frame keeps to, in characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct LengthLimits {
    /// Never more than this.
    pub(super) max_chars: usize,
    /// Nothing is added for its own sake beyond this.
    pub(super) target_chars: usize,
    /// Nor beyond so many sentences.
    pub(super) max_sentences: usize,
    /// Parts still to come that must not be squeezed out.
    pub(super) required_parts_left: usize,
}

/// Writes the parts in order and gives back the line of the beat, if there was room for one.
pub(super) fn write(
    page: &mut Draft<'_>,
    mut parts: Vec<Part>,
    scene: &Scene<'_>,
    measure: LengthLimits,
    chance: &mut SeededRng,
) -> Option<(&'static Line, String)> {
    drop_parts(&mut parts, measure.max_chars);
    let mut beat = None;
    for (at, part) in parts.iter().enumerate() {
        let later = &parts[at + 1..];
        let taken = page.len() + reserved_chars(later, measure.max_chars);
        let crowded = !part.is_opening() && taken + 60 > measure.target_chars;
        let waits = later.iter().any(|part| part.is_required());
        if !part.is_required() && waits && (crowded || measure.max_chars < SMALL_SCREEN_CHARS) {
            continue;
        }
        let later = later.iter().filter(|part| part.is_required()).count();
        let line =
            part.write(page, scene, taken, LengthLimits { required_parts_left: later, ..measure });
        if *part == Beat {
            beat = line;
        }
    }
    let mut tries = EXTRA;
    chance.shuffle(&mut tries);
    for part in tries.into_iter().filter(|part| !parts.contains(part)) {
        if page.len() + 70 > measure.target_chars {
            break;
        }
        part.write(page, scene, page.len(), measure);
    }
    if page.len() == 0 {
        let (sections, limit) = (&["short.any".to_owned()], measure.max_chars);
        page.add(&LineRequest {
            sections,
            limit,
            can_reuse_line: true,
            can_repeat_sentence: true,
            quote: None,
        });
    }
    beat
}

/// Gives up parts for which a small screen has no room, the least needed first.
fn drop_parts(parts: &mut Vec<Part>, most: usize) {
    for part in [Beat, Heard, Said] {
        let needed = parts.iter().filter(|part| part.is_required()).count();
        if needed > (most / 30).max(1)
            && parts.iter().any(|other| *other != part && other.is_required())
        {
            parts.retain(|other| *other != part);
        }
    }
}

/// Room to keep for the parts that must still come.
fn reserved_chars(parts: &[Part], most: usize) -> usize {
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
    const fn is_opening(self) -> bool {
        matches!(self, Intro | Resume | Bridge)
    }

    const fn is_required(self) -> bool {
        matches!(self, Beat | Weave | Said | Heard)
    }

    fn write(
        self,
        page: &mut Draft<'_>,
        scene: &Scene<'_>,
        taken: usize,
        measure: LengthLimits,
    ) -> Option<(&'static Line, String)> {
        let quote = match self {
            Said => scene.input.said.as_deref(),
            Heard => scene.input.heard.as_deref(),
            Weave => scene.input.note.as_deref(),
            _ => None,
        };
        if !self.is_required() && page.len() > 0 && page.sentences() >= measure.max_sentences {
            return None;
        }
        let room = measure.max_chars.saturating_sub(page.len());
        let share = measure.max_chars.saturating_sub(taken);
        if !self.is_required() {
            let enough = measure.target_chars.saturating_sub(page.len()).max(60);
            let limit = if self.is_opening() { share } else { share.min(enough) };
            let mut sections = self.sections(scene);
            if measure.max_chars < SMALL_SCREEN_CHARS {
                sections.push("short.any".to_owned());
            }
            let sections = &sections;
            return page.add(&LineRequest {
                sections,
                limit,
                can_reuse_line: false,
                can_repeat_sentence: false,
                quote,
            });
        }
        let (long, short) = (self.sections(scene), self.short_sections(scene));
        let both: Vec<_> = long.iter().chain(&short).cloned().collect();
        // A beat told lately is worse than a short one; woven in, old patterns take new facts.
        let (first, second) = match self {
            Beat => (if share < 90 { &both } else { &long }, &short),
            _ => (if share < 90 { &both } else { &long }, &both),
        };
        // Words from outside are not cut where the frame has room for them.
        let around = if measure.max_chars < 130 { 24 } else { 110 };
        let spoken = quote.map_or(0, |words| length(words) + around);
        let share = share
            .max(spoken.min(room.saturating_sub(MIN_PART_CHARS * measure.required_parts_left)));
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
            let words = quote.and_then(|words| sanitize::quote(words, least));
            page.add(&LineRequest {
                sections,
                limit,
                can_reuse_line: must,
                can_repeat_sentence: again,
                quote: words.as_deref(),
            })
        })
    }
}
