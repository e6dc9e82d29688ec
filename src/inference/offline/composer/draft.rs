//! A frame's text while it is being written: picks the next line and checks that it is not a repetition.

use std::collections::HashSet;

use super::english::{capitalise, length, sentences, words};
use super::grammar::Line;
use super::rng::{SeededRng, fingerprint};
use super::scene::{FillOptions, FilledLine, FrameProgress, Scene};
use super::template::{Form, Piece, Slot, Template};

/// The number of earlier frames whose first two words are not used to begin this one.
const RECENT_OPENINGS: usize = 8;
/// The number of consecutive words that must not occur twice in one frame.
const REPEATED_RUN_WORDS: usize = 4;
/// The percentage of eligible lines that get linking words.
const LINK_PERCENT: usize = 45;

/// The sentences and openings of earlier frames, as lower-case words.
#[derive(Debug, Default)]
pub(super) struct RecentTexts {
    sentences: HashSet<Vec<String>>,
    /// The first two words of each of the latest frames.
    openings: HashSet<Vec<String>>,
}

/// The requirements for the next line.
#[derive(Debug)]
pub(super) struct LineRequest<'a> {
    /// The sections to draw from.
    pub(super) sections: &'a [String],
    /// The most characters of the line.
    pub(super) limit: usize,
    /// Whether a recent line may be used again, with other facts, if there is no other.
    pub(super) can_reuse_line: bool,
    /// Whether even a recent sentence may be repeated if there is no other.
    pub(super) can_repeat_sentence: bool,
    /// The words to quote.
    pub(super) quote: Option<&'a str>,
}

/// A frame being written.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    scene: &'a Scene<'a>,
    past: RecentTexts,
    rng: SeededRng,
    /// Fingerprints of the phrases of the text so far.
    echoes: HashSet<u64>,
    /// Whether names have no introductions, for a small screen.
    is_bare: bool,
    /// Whether a line of this frame already has linking words.
    is_linked: bool,
    /// The text so far, and what it mentions.
    pub(super) progress: FrameProgress,
    /// The ids of the lines in the text.
    pub(super) lines: Vec<u32>,
}

impl RecentTexts {
    /// Collects the sentences and openings of earlier frames.
    pub(super) fn from_frames(prior: &[String]) -> Self {
        let mut past = Self::default();
        for text in prior {
            past.sentences.extend(sentences(text).into_iter().map(words));
        }
        let latest = prior.iter().rev().take(RECENT_OPENINGS);
        past.openings = latest.map(|text| words(text).into_iter().take(2).collect()).collect();
        past
    }

    fn has_sentence_of(&self, text: &str) -> bool {
        sentences(text).into_iter().any(|sentence| self.sentences.contains(&words(sentence)))
    }

    fn has_opening_of(&self, text: &str) -> bool {
        self.openings.contains(&words(text).into_iter().take(2).collect::<Vec<_>>())
    }
}

impl<'a> Draft<'a> {
    /// Creates an empty draft.
    pub(super) fn new(
        scene: &'a Scene<'a>,
        past: RecentTexts,
        rng: SeededRng,
        is_bare: bool,
    ) -> Self {
        let (progress, lines, echoes) = (FrameProgress::default(), Vec::new(), HashSet::new());
        Self { scene, past, rng, echoes, is_bare, is_linked: false, progress, lines }
    }

    /// Returns the number of characters.
    pub(super) fn len(&self) -> usize {
        length(&self.progress.text)
    }

    /// Returns the number of sentences.
    pub(super) fn sentences(&self) -> usize {
        sentences(&self.progress.text).len()
    }

    /// Adds a line that meets the requirements. Returns it with its text; `None` if no line does.
    pub(super) fn add(&mut self, request: &LineRequest<'_>) -> Option<(&'static Line, String)> {
        let limit = request.limit.saturating_sub(usize::from(!self.progress.text.is_empty()));
        let mut fallback: Option<(bool, &'static Line, FilledLine, String)> = None;
        for line in self.candidates(request) {
            for _ in 0..2 {
                let Some((filled, text)) = self.try_line(line, limit, request.quote) else {
                    continue;
                };
                let first = self.progress.text.is_empty();
                let fresh = !self.past.has_sentence_of(&text);
                if fresh && !(first && self.past.has_opening_of(&text)) {
                    return Some(self.accept(line, &filled, text));
                }
                if (fresh && request.can_reuse_line || request.can_repeat_sentence)
                    && fallback.as_ref().is_none_or(|(is_repeat, ..)| fresh && *is_repeat)
                {
                    fallback = Some((!fresh, line, filled, text));
                }
            }
        }
        let (_, line, filled, text) = fallback?;
        Some(self.accept(line, &filled, text))
    }

    /// Returns the lines of the sections: first those not used recently in random order, then, if reuse is allowed, the
    /// others from the least recent on.
    fn candidates(&mut self, request: &LineRequest<'_>) -> Vec<&'static Line> {
        let grammar = self.scene.grammar;
        let mut lines: Vec<_> =
            request.sections.iter().flat_map(|name| grammar.lines(name)).collect();
        self.rng.shuffle(&mut lines);
        let recent_lines = &self.scene.memory.told;
        let age = |line: &&Line| {
            recent_lines.iter().rposition(|id| *id == line.id).map_or(0, |at| at + 1)
        };
        lines.sort_by_cached_key(age);
        lines.retain(|line| {
            !self.lines.contains(&line.id) && (request.can_reuse_line || age(line) == 0)
        });
        lines
    }

    fn try_line(
        &mut self,
        line: &Line,
        limit: usize,
        quote: Option<&str>,
    ) -> Option<(FilledLine, String)> {
        let template = line.templates.first()?;
        let link = self.link(template);
        let options = FillOptions { quote, is_bare: self.is_bare, link };
        let mut progress = std::mem::take(&mut self.progress);
        if options.is_bare {
            progress.facts = 0;
        }
        let filled = self.scene.fill(template, &progress, options, &mut self.rng);
        self.progress = progress;
        let filled = filled?;
        let text = fix_sentence_starts(&filled.text);
        let fits = length(&text) <= limit && !self.has_repeated_run(&text);
        self.is_linked |= fits && !link.is_empty();
        fits.then_some((filled, text))
    }

    /// Returns words that link a line to the one before it, or an empty text. They are used once per frame, and only
    /// before a sentence in which somebody acts.
    fn link(&mut self, template: &Template) -> &'static str {
        let is_deed = match template.pieces.as_slice() {
            [Piece::Slot(Slot::Person(_, Form::Name)), Piece::Words(words), ..] => {
                !["had ", "was ", "would ", "could ", "’s", "knew ", "said"]
                    .iter()
                    .any(|state| words.trim_start().starts_with(state))
            }
            _ => false,
        };
        let can_link =
            is_deed && !self.is_bare && !self.is_linked && !self.progress.text.is_empty();
        if !can_link || !self.rng.percent(LINK_PERCENT) {
            return "";
        }
        let lines = self.scene.grammar.lines("link");
        self.rng.pick(lines).and_then(|line| line.fields.first().copied()).unwrap_or_default()
    }

    fn accept(
        &mut self,
        line: &'static Line,
        filled: &FilledLine,
        text: String,
    ) -> (&'static Line, String) {
        self.echoes.extend(phrases(&text));
        self.progress.latest = filled.named;
        self.progress.named |= filled.named;
        self.progress.facts |= filled.facts;
        self.progress.props += u8::from(filled.has_prop());
        if !self.progress.text.is_empty() {
            self.progress.text.push(' ');
        }
        self.progress.text += &text;
        self.lines.push(line.id);
        (line, text)
    }

    /// Returns the phrase by which later frames recall the line.
    pub(super) fn trace(&mut self, line: &Line) -> Option<String> {
        let options = FillOptions { is_bare: true, ..FillOptions::default() };
        let template = line.templates.get(1)?;
        let progress = FrameProgress::default();
        Some(self.scene.fill(template, &progress, options, &mut self.rng)?.text)
    }

    fn has_repeated_run(&self, text: &str) -> bool {
        phrases(text).any(|phrase| self.echoes.contains(&phrase))
    }
}

fn phrases(text: &str) -> impl Iterator<Item = u64> {
    let words = words(text);
    let prints: Vec<_> = words
        .windows(REPEATED_RUN_WORDS)
        .map(|run| fingerprint(&run.iter().map(String::as_str).collect::<Vec<_>>()))
        .collect();
    prints.into_iter()
}

/// Capitalises the first letter of each sentence, and removes the comma after a quoted question or exclamation.
fn fix_sentence_starts(text: &str) -> String {
    let text = text.replace("?”,", "?”").replace("!”,", "!”");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = [". ", "! ", "? ", ".” "]
        .iter()
        .filter_map(|end| rest.find(end).map(|at| at + end.len()))
        .min()
    {
        out += &capitalise(&rest[..at]);
        rest = &rest[at..];
    }
    out + &capitalise(rest)
}
