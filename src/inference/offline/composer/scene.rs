//! The facts of one frame, from which the slots of a line are filled.

use super::cast::{Person, Pronoun};
use super::english::possessive;
use super::grammar::Grammar;
use super::input::ComposerInput;
use super::memory::Memory;
use super::rng::SeededRng;
use super::template::{CastRole, Fact, Form, Piece, Slot, Template};

/// The number of frames without a person after which the person's role is mentioned again.
const REINTRODUCE_AFTER: u32 = 12;
/// Facts that a frame mentions at most once.
const ONCE: [Fact; 13] = [
    Fact::Spot,
    Fact::Elsewhere,
    Fact::Town,
    Fact::Light,
    Fact::Weather,
    Fact::Trace,
    Fact::Question,
    Fact::Keepsake,
    Fact::Place,
    Fact::When,
    Fact::Season,
    Fact::FirstProp,
    Fact::OtherHue,
];

/// Everything that a line's slots may need.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    /// The grammar.
    pub(super) grammar: &'static Grammar,
    /// The story so far.
    pub(super) memory: &'a Memory,
    /// The input of the frame.
    pub(super) input: &'a ComposerInput,
    /// The frame's number, from 0.
    pub(super) frame_number: u32,
    /// The cast index of the person who leads the frame.
    pub(super) lead: usize,
    /// The cast index of another person.
    pub(super) other: usize,
    /// The light of the frame.
    pub(super) light: &'static str,
    /// The weather of the frame.
    pub(super) weather: &'static str,
}

/// The text of a frame so far, and what it mentions.
#[derive(Debug, Clone, Default)]
pub(super) struct FrameProgress {
    /// The text so far.
    pub(super) text: String,
    /// The people named in the latest line: one bit per cast index.
    pub(super) latest: u8,
    /// The people named in the frame: one bit per cast index.
    pub(super) named: u8,
    /// The facts mentioned in the frame: one [`bit`] each.
    pub(super) facts: u32,
    /// The number of lines that name the thread's object.
    pub(super) props: u8,
}

/// A line with its slots filled.
#[derive(Debug, Default)]
pub(super) struct FilledLine {
    /// The text.
    pub(super) text: String,
    /// The people named: one bit per cast index.
    pub(super) named: u8,
    /// The facts mentioned: one [`bit`] each.
    pub(super) facts: u32,
    /// The cast index of each role used, so that one person does not fill two roles of a line.
    roles: Vec<(CastRole, usize)>,
}

/// Options for filling a line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FillOptions<'a> {
    /// The words to quote.
    pub(super) quote: Option<&'a str>,
    /// Whether names have no introductions: for remembered phrases and for small screens.
    pub(super) is_bare: bool,
    /// Linking words before the line; empty for none.
    pub(super) link: &'static str,
}

impl Scene<'_> {
    /// Fills a line; returns `None` if a fact is missing or already mentioned, or one person would fill two roles.
    pub(super) fn fill(
        &self,
        line: &Template,
        progress: &FrameProgress,
        options: FillOptions<'_>,
        rng: &mut SeededRng,
    ) -> Option<FilledLine> {
        let mut filled = FilledLine::default();
        if !options.link.is_empty() {
            filled.text = format!("{} ", options.link);
        }
        for piece in &line.pieces {
            match piece {
                Piece::Words(words) => filled.text += words,
                Piece::Slot(Slot::Person(who, form)) => {
                    self.fill_person(*who, *form, progress, options, &mut filled)?;
                }
                Piece::Slot(Slot::Fact(fact)) => {
                    let text = self.fact(*fact, progress, &filled, options, rng)?;
                    filled.facts |= bit(*fact);
                    filled.text += &text;
                }
                Piece::Slot(Slot::Word(name)) => {
                    let text = self.word(name, progress, &filled, rng)?;
                    filled.text += text;
                }
            }
        }
        let repeated = ONCE.iter().any(|fact| progress.facts & filled.facts & bit(*fact) != 0);
        let worn = progress.props > 1 && filled.facts & bit(Fact::Prop) != 0;
        (options.is_bare || !(repeated || worn)).then_some(filled)
    }

    fn fill_person(
        &self,
        who: CastRole,
        form: Form,
        progress: &FrameProgress,
        options: FillOptions<'_>,
        filled: &mut FilledLine,
    ) -> Option<()> {
        let index = match who {
            CastRole::A => 0,
            CastRole::B => 1,
            CastRole::C => 2,
            CastRole::D => 3,
            CastRole::X => self.lead,
            CastRole::Y => self.other,
        };
        if filled.roles.iter().any(|(other, at)| *at == index && *other != who) {
            return None;
        }
        filled.roles.push((who, index));
        let person = self.memory.cast.get(index)?;
        if let Some(pronoun) = person.pronoun.form(form) {
            filled.text += pronoun;
            return Some(());
        }
        let first = filled.named == 0 && filled.text.trim_end() == options.link;
        // A singular `they` would be read as everybody, so the name is used instead.
        let clear = person.pronoun != Pronoun::They;
        let again = first && clear && !progress.text.is_empty() && progress.latest == 1 << index;
        let capital = options.link.is_empty();
        filled.text += &match form {
            Form::Name if again => person.pronoun.form(Form::They(capital))?.to_owned(),
            Form::Owner if again => person.pronoun.form(Form::Their(capital))?.to_owned(),
            Form::Role => person.role.clone(),
            Form::Plain => person.short_name().to_owned(),
            Form::Owner => possessive(&self.name(person, index, progress, options, filled)),
            _ => self.name(person, index, progress, options, filled),
        };
        filled.named |= 1 << index;
        Some(())
    }

    /// Returns the first name, or an introduction such as `the ferry pilot Idris Okoro` if readers need one.
    fn name(
        &self,
        person: &Person,
        index: usize,
        progress: &FrameProgress,
        options: FillOptions<'_>,
        filled: &FilledLine,
    ) -> String {
        let here = (progress.named | filled.named) & (1 << index) != 0;
        let fits = !person.role.is_empty() && person.role.split(' ').count() < 3;
        match person.met {
            _ if here || options.is_bare => person.short_name().to_owned(),
            None if fits => format!("the {} {}", person.role, person.name),
            None => person.name.clone(),
            Some(met) if fits && self.frame_number.saturating_sub(met) > REINTRODUCE_AFTER => {
                format!("the {} {}", person.role, person.short_name())
            }
            Some(_) => person.short_name().to_owned(),
        }
    }
}

impl FilledLine {
    /// Whether the line mentions the thread's object.
    pub(super) const fn has_prop(&self) -> bool {
        self.facts & (bit(Fact::Prop) | bit(Fact::FirstProp)) != 0
    }
}

/// Returns the bit of a fact. The forms of a spot share one bit, and so do those of the object and of past objects.
pub(super) const fn bit(fact: Fact) -> u32 {
    let fact = match fact {
        Fact::At => Fact::Spot,
        Fact::OldProp => Fact::Keepsake,
        Fact::Carried => Fact::Prop,
        other => other,
    };
    1 << fact as u8
}
