//! The input of one frame, sanitized for use in sentences.

use crate::domain::Season;
use crate::inference::request::FrameContext;

use super::grammar::Grammar;
use super::rng::fingerprint;
use super::sanitize;

/// The input of a frame, in words that fit into sentences.
#[derive(Debug, Clone, Default)]
pub(super) struct ComposerInput {
    /// Noun phrases for things in the photograph, most striking first.
    pub(super) things: Vec<String>,
    /// Colour names, most frequent first.
    pub(super) hues: Vec<String>,
    /// A sentence of the photograph's description, used if there are no things and colours.
    pub(super) note: Option<String>,
    /// The text of the request.
    pub(super) said: Option<String>,
    /// The transcript of the request's audio.
    pub(super) heard: Option<String>,
    /// The place's name.
    pub(super) place: Option<String>,
    /// The part of the day: `dawn`, `morning`, `noon`, `afternoon`, `dusk` or `night`.
    pub(super) period: &'static str,
    /// The season's name.
    pub(super) season: &'static str,
    /// The key of the requested tone in the grammar; `None` if none was requested or recognised.
    pub(super) tone: Option<&'static str>,
    /// Whether the requested style asks for few words.
    pub(super) is_terse: bool,
    /// A fingerprint of the input, for the random generator.
    pub(super) salt: u64,
}

/// The longest quotation, in characters.
pub(super) const MAX_QUOTE_CHARS: usize = 90;

impl ComposerInput {
    /// Reads the input from a frame's context.
    pub(super) fn from_context(context: &FrameContext, grammar: &Grammar) -> Self {
        let mut input = Self {
            said: context.said.as_deref().and_then(|text| sanitize::quote(text, MAX_QUOTE_CHARS)),
            heard: context.heard.as_deref().and_then(|text| sanitize::quote(text, MAX_QUOTE_CHARS)),
            place: context.place.as_deref().and_then(sanitize::place),
            period: period(context.hour),
            season: season(context.season),
            ..Self::default()
        };
        let mut description = "";
        if let Some(analysis) = &context.seen {
            description = &analysis.description;
            input.things =
                analysis.things.iter().take(6).filter_map(|s| sanitize::thing(s)).collect();
            let palette = analysis.features.iter().flat_map(|features| &features.palette);
            input.hues = palette.take(6).filter_map(|swatch| sanitize::hue(&swatch.name)).collect();
            input.note = sanitize::quote(description, MAX_QUOTE_CHARS);
        }
        input.add_like(context);
        let style = context.style.as_deref().unwrap_or_default().to_lowercase();
        input.tone = requested_tone(&style, grammar);
        input.is_terse =
            ["haiku", "terse", "spare", "brief", "minimal"].iter().any(|word| style.contains(word));
        let (said, heard) = (input.said.as_deref(), input.heard.as_deref());
        input.salt =
            fingerprint(&[description, said.unwrap_or_default(), heard.unwrap_or_default()]);
        if !context.known.likes.is_empty() {
            input.salt ^= fingerprint(&[&context.known.likes.join(" ")]);
        }
        input
    }

    /// Adds something that the audience likes, in every other frame. It joins the most striking thing in the photograph
    /// and replaces the rest.
    fn add_like(&mut self, context: &FrameContext) {
        let likes: Vec<String> =
            context.known.likes.iter().take(6).filter_map(|like| sanitize::thing(like)).collect();
        let turn = u64::from(context.frame_number) + context.seed % 2;
        let at = usize::try_from(turn / 2).unwrap_or(0) % likes.len().max(1);
        if let Some(like) = likes.into_iter().nth(at).filter(|_| turn.is_multiple_of(2)) {
            self.things.truncate(1);
            self.things.push(like);
        }
    }

    /// Whether the photograph offers anything that a sentence could name.
    pub(super) const fn has_sight(&self) -> bool {
        !self.things.is_empty() || !self.hues.is_empty() || self.note.is_some()
    }
}

/// Finds the tone whose words match the requested style best. Longer words count more than short ones.
fn requested_tone(style: &str, grammar: &Grammar) -> Option<&'static str> {
    let requested: Vec<_> = style.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
    let hits = |tone: &&'static str| {
        let words = grammar.property(&format!("tone.{tone}"), "words").unwrap_or_default();
        words.split(' ').filter(|word| requested.contains(word)).map(str::len).sum::<usize>()
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
