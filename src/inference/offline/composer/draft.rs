//! A frame's text while it is being written: which line comes next, and whether it may.

use std::collections::HashSet;

use super::english::{capitalise, length, sentences, words};
use super::grammar::Line;
use super::rng::{SeededRng, fingerprint};
use super::scene::{FillOptions, FilledLine, FrameProgress, Scene};
use super::template::{Form, Piece, Slot, Template};

/// Earlier frames whose first words are not used again at once.
const RECENT_OPENINGS: usize = 8;
/// So many words in a row may not come twice in one frame.
const REPEATED_RUN_WORDS: usize = 4;
/// Of the lines that could be tied to the one before, so many in a hundred are.
const LINK_PERCENT: usize = 45;

/// What earlier frames have said.
#[derive(Debug, Default)]
pub(super) struct RecentTexts {
    sentences: HashSet<Vec<String>>,
    openings: HashSet<Vec<String>>,
}

/// A wish for a line.
#[derive(Debug)]
pub(super) struct LineRequest<'a> {
    /// Sections to draw from.
    pub(super) sections: &'a [String],
    /// The most characters that the line may have.
    pub(super) limit: usize,
    /// Whether a line told lately, with other facts, is better than none.
    pub(super) can_reuse_line: bool,
    /// Whether even the same sentence is.
    pub(super) can_repeat_sentence: bool,
    /// Words to quote.
    pub(super) quote: Option<&'a str>,
}

/// A frame being written.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    scene: &'a Scene<'a>,
    past: RecentTexts,
    chance: SeededRng,
    echoes: HashSet<u64>,
    /// Whether names go without introductions, on a small screen.
    is_bare: bool,
    is_linked: bool,
    /// What has been told.
    pub(super) progress: FrameProgress,
    /// Numbers of the lines that told it.
    pub(super) lines: Vec<u32>,
}

impl RecentTexts {
    /// Reads the latest frames.
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
    /// An empty page.
    pub(super) fn new(
        scene: &'a Scene<'a>,
        past: RecentTexts,
        chance: SeededRng,
        bare: bool,
    ) -> Self {
        let (told, lines, echoes) = (FrameProgress::default(), Vec::new(), HashSet::new());
        Self { scene, past, chance, echoes, is_bare: bare, is_linked: false, progress: told, lines }
    }

    /// Characters on the page.
    pub(super) fn len(&self) -> usize {
        length(&self.progress.text)
    }

    /// Sentences on the page.
    pub(super) fn sentences(&self) -> usize {
        sentences(&self.progress.text).len()
    }

    /// Adds a line as wished for, and gives it back; nothing where none is fit.
    pub(super) fn add(&mut self, wish: &LineRequest<'_>) -> Option<(&'static Line, String)> {
        let limit = wish.limit.saturating_sub(usize::from(!self.progress.text.is_empty()));
        let mut fallback: Option<(bool, &'static Line, FilledLine, String)> = None;
        for line in self.candidates(wish) {
            for _ in 0..2 {
                let Some((filled, text)) = self.try_line(line, limit, wish.quote) else {
                    continue;
                };
                let first = self.progress.text.is_empty();
                let fresh = !self.past.has_sentence_of(&text);
                if fresh && !(first && self.past.has_opening_of(&text)) {
                    return Some(self.accept(line, &filled, text));
                }
                if (fresh && wish.can_reuse_line || wish.can_repeat_sentence)
                    && fallback.as_ref().is_none_or(|(known, ..)| fresh && *known)
                {
                    fallback = Some((!fresh, line, filled, text));
                }
            }
        }
        let (_, line, filled, text) = fallback?;
        Some(self.accept(line, &filled, text))
    }

    /// The lines of the sections: those not told lately in random order, then, where one must be
    /// found, the others from the longest ago.
    fn candidates(&mut self, wish: &LineRequest<'_>) -> Vec<&'static Line> {
        let grammar = self.scene.grammar;
        let mut lines: Vec<_> = wish.sections.iter().flat_map(|name| grammar.lines(name)).collect();
        self.chance.shuffle(&mut lines);
        let told = &self.scene.memory.told;
        let age = |line: &&Line| told.iter().rposition(|id| *id == line.id).map_or(0, |at| at + 1);
        lines.sort_by_cached_key(age);
        lines.retain(|line| {
            !self.lines.contains(&line.id) && (wish.can_reuse_line || age(line) == 0)
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
        let tie = self.link(template);
        let manner = FillOptions { quote, is_bare: self.is_bare, link: tie };
        let mut told = std::mem::take(&mut self.progress);
        if manner.is_bare {
            told.facts = 0;
        }
        let filled = self.scene.fill(template, &told, manner, &mut self.chance);
        self.progress = told;
        let filled = filled?;
        let text = fix_sentence_starts(&filled.text);
        let fits = length(&text) <= limit && !self.has_repeated_run(&text);
        self.is_linked |= fits && !tie.is_empty();
        fits.then_some((filled, text))
    }

    /// Words that tie a line to the one before; once a frame, and before somebody's deed only.
    fn link(&mut self, template: &Template) -> &'static str {
        let deed = match template.pieces.as_slice() {
            [Piece::Slot(Slot::Person(_, Form::Name)), Piece::Words(words), ..] => {
                !["had ", "was ", "would ", "could ", "’s", "knew ", "said"]
                    .iter()
                    .any(|state| words.trim_start().starts_with(state))
            }
            _ => false,
        };
        let may = deed && !self.is_bare && !self.is_linked && !self.progress.text.is_empty();
        if !may || !self.chance.percent(LINK_PERCENT) {
            return "";
        }
        let lines = self.scene.grammar.lines("link");
        self.chance.pick(lines).and_then(|line| line.fields.first().copied()).unwrap_or_default()
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

    /// The phrase by which later frames remember the line.
    pub(super) fn trace(&mut self, line: &Line) -> Option<String> {
        let manner = FillOptions { is_bare: true, ..FillOptions::default() };
        let template = line.templates.get(1)?;
        let told = FrameProgress::default();
        Some(self.scene.fill(template, &told, manner, &mut self.chance)?.text)
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

/// Capital letters where sentences begin, and no comma after a quoted question.
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
