//! Writes the parts of a paragraph within its limits.

use super::SMALL_SCREEN_CHARS;
use super::arc::EXTRA;
use super::arc::Part::{self, Beat, Bridge, Heard, Intro, Resume, Said, Weave};
use super::draft::{Draft, LineRequest};
use super::english::length;
use super::grammar::Line;
use super::rng::SeededRng;
use super::sanitize;
use super::scene::Scene;

/// The number of characters that suffice for a required part.
const MIN_PART_CHARS: usize = 28;

/// The limits of a frame's length.
#[derive(Debug, Clone, Copy)]
pub(super) struct LengthLimits {
    /// The most characters of the frame.
    pub(super) max_chars: usize,
    /// The number of characters from which only required parts are added.
    pub(super) target_chars: usize,
    /// The number of sentences from which only required parts are added.
    pub(super) max_sentences: usize,
    /// The number of required parts that are still to be written and need room.
    pub(super) required_parts_left: usize,
}

/// Writes the parts in order. Returns the line of the beat with its text, if there was room for it.
pub(super) fn write(
    draft: &mut Draft<'_>,
    mut parts: Vec<Part>,
    scene: &Scene<'_>,
    limits: LengthLimits,
    rng: &mut SeededRng,
) -> Option<(&'static Line, String)> {
    drop_parts(&mut parts, limits.max_chars);
    let mut beat = None;
    for (at, part) in parts.iter().enumerate() {
        let later = &parts[at + 1..];
        let taken = draft.len() + reserved_chars(later, limits.max_chars);
        let crowded = !part.is_opening() && taken + 60 > limits.target_chars;
        let waits = later.iter().any(|part| part.is_required());
        if !part.is_required() && waits && (crowded || limits.max_chars < SMALL_SCREEN_CHARS) {
            continue;
        }
        let later = later.iter().filter(|part| part.is_required()).count();
        let line =
            part.write(draft, scene, taken, LengthLimits { required_parts_left: later, ..limits });
        if *part == Beat {
            beat = line;
        }
    }
    let mut tries = EXTRA;
    rng.shuffle(&mut tries);
    for part in tries.into_iter().filter(|part| !parts.contains(part)) {
        if draft.len() + 70 > limits.target_chars {
            break;
        }
        part.write(draft, scene, draft.len(), limits);
    }
    if draft.len() == 0 {
        let (sections, limit) = (&["short.any".to_owned()], limits.max_chars);
        draft.add(&LineRequest {
            sections,
            limit,
            can_reuse_line: true,
            can_repeat_sentence: true,
            quote: None,
        });
    }
    beat
}

/// Removes the parts for which a small screen has no room, the least important first.
fn drop_parts(parts: &mut Vec<Part>, max_chars: usize) {
    for part in [Beat, Heard, Said] {
        let needed = parts.iter().filter(|part| part.is_required()).count();
        if needed > (max_chars / 30).max(1)
            && parts.iter().any(|other| *other != part && other.is_required())
        {
            parts.retain(|other| *other != part);
        }
    }
}

/// Returns the number of characters to reserve for the parts that are still to be written.
fn reserved_chars(parts: &[Part], max_chars: usize) -> usize {
    let weight = |part: &Part| match part {
        Beat => 150,
        Weave => 105,
        Said | Heard => 120,
        _ => 0,
    };
    let ideal: usize = parts.iter().map(weight).sum();
    // In a short frame, the reserve is only a share of the room.
    ideal.min(max_chars * ideal / (ideal + 150).max(1))
}

impl Part {
    /// Whether the part begins a story or a thread.
    const fn is_opening(self) -> bool {
        matches!(self, Intro | Resume | Bridge)
    }

    /// Whether the part takes precedence over optional ones.
    const fn is_required(self) -> bool {
        matches!(self, Beat | Weave | Said | Heard)
    }

    fn write(
        self,
        draft: &mut Draft<'_>,
        scene: &Scene<'_>,
        taken: usize,
        limits: LengthLimits,
    ) -> Option<(&'static Line, String)> {
        let quote = match self {
            Said => scene.input.said.as_deref(),
            Heard => scene.input.heard.as_deref(),
            Weave => scene.input.note.as_deref(),
            _ => None,
        };
        if !self.is_required() && draft.len() > 0 && draft.sentences() >= limits.max_sentences {
            return None;
        }
        let room = limits.max_chars.saturating_sub(draft.len());
        let share = limits.max_chars.saturating_sub(taken);
        if !self.is_required() {
            let enough = limits.target_chars.saturating_sub(draft.len()).max(60);
            let limit = if self.is_opening() { share } else { share.min(enough) };
            let mut sections = self.sections(scene);
            if limits.max_chars < SMALL_SCREEN_CHARS {
                sections.push("short.any".to_owned());
            }
            let sections = &sections;
            return draft.add(&LineRequest {
                sections,
                limit,
                can_reuse_line: false,
                can_repeat_sentence: false,
                quote,
            });
        }
        let (long, short) = (self.sections(scene), self.short_sections(scene));
        let both: Vec<_> = long.iter().chain(&short).cloned().collect();
        // A short beat is better than a recent one again. Recent lines that weave in the input have new facts.
        let (first, second) = match self {
            Beat => (if share < 90 { &both } else { &long }, &short),
            _ => (if share < 90 { &both } else { &long }, &both),
        };
        // Quoted words are not cut if the frame has room for them.
        let around = if limits.max_chars < 130 { 24 } else { 110 };
        let spoken = quote.map_or(0, |words| length(words) + around);
        let share =
            share.max(spoken.min(room.saturating_sub(MIN_PART_CHARS * limits.required_parts_left)));
        let tries = [
            (first, share, self != Beat, false),
            (second, share, true, false),
            (second, share.max(room.min(60)), true, false),
            (second, room, true, false),
            (second, room, true, true),
        ];
        // A beat waits for the next frame instead of being repeated word for word.
        let mut tries = tries.into_iter().filter(|(.., again)| !again || self != Beat);
        tries.find_map(|(sections, limit, must, again)| {
            let least = limit.saturating_sub(24).max(8);
            let words = quote.and_then(|words| sanitize::quote(words, least));
            draft.add(&LineRequest {
                sections,
                limit,
                can_reuse_line: must,
                can_repeat_sentence: again,
                quote: words.as_deref(),
            })
        })
    }
}
