//! What reaches the teller from outside in one frame.

use crate::domain::Season;
use crate::inference::request::FrameContext;

use super::grammar::Grammar;
use super::rng::fingerprint;
use super::sanitize;

/// The input of a frame, in words that can be told.
#[derive(Debug, Clone, Default)]
pub(super) struct ComposerInput {
    /// Noun phrases for things seen, most striking first.
    pub(super) things: Vec<String>,
    /// Colour names, most present first.
    pub(super) hues: Vec<String>,
    /// A line from the description, for sights without things and colours.
    pub(super) note: Option<String>,
    /// The words that came with the request.
    pub(super) said: Option<String>,
    /// The words heard.
    pub(super) heard: Option<String>,
    /// The place's name.
    pub(super) place: Option<String>,
    /// `dawn`, `morning`, `noon`, `afternoon`, `dusk` or `night`.
    pub(super) period: &'static str,
    /// The season's name.
    pub(super) season: &'static str,
    /// The manner of telling that was wished for, where it is a known one.
    pub(super) tone: Option<&'static str>,
    /// Whether few words were wished for.
    pub(super) is_terse: bool,
    /// A number that differs as the input differs.
    pub(super) salt: u64,
}

/// The longest quotation, in characters.
pub(super) const MAX_QUOTE_CHARS: usize = 90;

impl ComposerInput {
    /// Reads a brief.
    pub(super) fn from_context(brief: &FrameContext, grammar: &Grammar) -> Self {
        let mut senses = Self {
            said: brief.said.as_deref().and_then(|text| sanitize::quote(text, MAX_QUOTE_CHARS)),
            heard: brief.heard.as_deref().and_then(|text| sanitize::quote(text, MAX_QUOTE_CHARS)),
            place: brief.place.as_deref().and_then(sanitize::place),
            period: period(brief.hour),
            season: season(brief.season),
            ..Self::default()
        };
        let mut description = "";
        if let Some(seen) = &brief.seen {
            description = &seen.description;
            senses.things = seen.things.iter().take(6).filter_map(|s| sanitize::thing(s)).collect();
            let palette = seen.features.iter().flat_map(|look| &look.palette);
            senses.hues =
                palette.take(6).filter_map(|swatch| sanitize::hue(&swatch.name)).collect();
            senses.note = sanitize::quote(description, MAX_QUOTE_CHARS);
        }
        senses.add_like(brief);
        let style = brief.style.as_deref().unwrap_or_default().to_lowercase();
        senses.tone = requested_tone(&style, grammar);
        senses.is_terse =
            ["haiku", "terse", "spare", "brief", "minimal"].iter().any(|word| style.contains(word));
        let (said, heard) = (senses.said.as_deref(), senses.heard.as_deref());
        senses.salt =
            fingerprint(&[description, said.unwrap_or_default(), heard.unwrap_or_default()]);
        if !brief.known.likes.is_empty() {
            senses.salt ^= fingerprint(&[&brief.known.likes.join(" ")]);
        }
        senses
    }

    /// Lets what the listener likes come up now and then: in every other frame, one thing of it beside the most striking one
    /// that was seen.
    fn add_like(&mut self, brief: &FrameContext) {
        let likes: Vec<String> =
            brief.known.likes.iter().take(6).filter_map(|like| sanitize::thing(like)).collect();
        let turn = u64::from(brief.frame_number) + brief.seed % 2;
        let at = usize::try_from(turn / 2).unwrap_or(0) % likes.len().max(1);
        if let Some(like) = likes.into_iter().nth(at).filter(|_| turn.is_multiple_of(2)) {
            self.things.truncate(1);
            self.things.push(like);
        }
    }

    /// Whether there is anything seen that a sentence could name.
    pub(super) const fn has_sight(&self) -> bool {
        !self.things.is_empty() || !self.hues.is_empty() || self.note.is_some()
    }
}

/// The tone whose words share one with the wish; longer words say more than short ones.
fn requested_tone(style: &str, grammar: &Grammar) -> Option<&'static str> {
    let wished: Vec<_> = style.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
    let hits = |tone: &&'static str| {
        let words = grammar.property(&format!("tone.{tone}"), "words").unwrap_or_default();
        words.split(' ').filter(|word| wished.contains(word)).map(str::len).sum::<usize>()
    };
    let best = grammar.children("tone").into_iter().rev().max_by_key(hits)?;
    (hits(&best) > 0).then_some(best)
}

const fn period(hour: u32) -> &'static str {
    match hour % 24 {
        5..=7 => "dawn",
        8..=11 => "morning",
        12..=13 => "noon",
        14..=17 => "afternoon",
        18..=20 => "dusk",
        _ => "night",
    }
}

const fn season(season: Season) -> &'static str {
    match season {
        Season::Spring => "spring",
        Season::Summer => "summer",
        Season::Autumn => "autumn",
        Season::Winter => "winter",
    }
}
