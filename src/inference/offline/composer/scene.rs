//! The facts of one frame, and how a line's slots are filled from them.

use super::cast::{Person, Pronoun};
use super::english::possessive;
use super::grammar::Grammar;
use super::input::ComposerInput;
use super::memory::Memory;
use super::rng::SeededRng;
use super::template::{CastRole, Fact, Form, Piece, Slot, Template};

/// Frames after which readers may have forgotten what somebody does.
const REINTRODUCE_AFTER: u32 = 12;
/// Facts that would grate if a frame told them twice.
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

/// Everything that a line may ask for.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    /// Sections and words.
    pub(super) grammar: &'static Grammar,
    /// The story so far.
    pub(super) memory: &'a Memory,
    /// The input.
    pub(super) input: &'a ComposerInput,
    /// The frame's number.
    pub(super) frame_number: u32,
    /// Seat of the one who leads the frame.
    pub(super) lead: usize,
    /// Seat of another.
    pub(super) other: usize,
    /// The light of the frame.
    pub(super) light: &'static str,
    /// The weather of the frame.
    pub(super) weather: &'static str,
}

/// What a frame has told already, as far as the next line has to know.
#[derive(Debug, Clone, Default)]
pub(super) struct FrameProgress {
    /// The text so far.
    pub(super) text: String,
    /// Seats named in the latest line, one bit each.
    pub(super) latest: u8,
    /// Seats named in the frame, one bit each.
    pub(super) named: u8,
    /// Facts told in the frame, one bit each.
    pub(super) facts: u32,
    /// How many lines have named the thread's object.
    pub(super) props: u8,
}

/// A line with its slots filled.
#[derive(Debug, Default)]
pub(super) struct FilledLine {
    /// The words.
    pub(super) text: String,
    /// Seats named, one bit each.
    pub(super) named: u8,
    /// Facts told, one bit each.
    pub(super) facts: u32,
    /// Seats by the letter that named them, to keep one person from being two.
    seats: Vec<(CastRole, usize)>,
}

/// How a line is to be filled.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FillOptions<'a> {
    /// Words to quote.
    pub(super) quote: Option<&'a str>,
    /// Names alone, without introductions: for phrases kept and for small screens.
    pub(super) is_bare: bool,
    /// Words to set before the line.
    pub(super) link: &'static str,
}

impl Scene<'_> {
    /// Fills a line; nothing where a fact is missing, told already, or at odds with itself.
    pub(super) fn fill(
        &self,
        line: &Template,
        told: &FrameProgress,
        manner: FillOptions<'_>,
        chance: &mut SeededRng,
    ) -> Option<FilledLine> {
        let mut filled = FilledLine::default();
        if !manner.link.is_empty() {
            filled.text = format!("{} ", manner.link);
        }
        for piece in &line.pieces {
            match piece {
                Piece::Words(words) => filled.text += words,
                Piece::Slot(Slot::Person(who, form)) => {
                    self.fill_person(*who, *form, told, manner, &mut filled)?;
                }
                Piece::Slot(Slot::Fact(fact)) => {
                    let text = self.fact(*fact, told, &filled, manner, chance)?;
                    filled.facts |= bit(*fact);
                    filled.text += &text;
                }
                Piece::Slot(Slot::Word(name)) => {
                    let text = self.word(name, told, &filled, chance)?;
                    filled.text += text;
                }
            }
        }
        let repeated = ONCE.iter().any(|fact| told.facts & filled.facts & bit(*fact) != 0);
        let worn = told.props > 1 && filled.facts & bit(Fact::Prop) != 0;
        (manner.is_bare || !(repeated || worn)).then_some(filled)
    }

    fn fill_person(
        &self,
        who: CastRole,
        form: Form,
        told: &FrameProgress,
        manner: FillOptions<'_>,
        filled: &mut FilledLine,
    ) -> Option<()> {
        let seat = match who {
            CastRole::A => 0,
            CastRole::B => 1,
            CastRole::C => 2,
            CastRole::D => 3,
            CastRole::X => self.lead,
            CastRole::Y => self.other,
        };
        if filled.seats.iter().any(|(other, at)| *at == seat && *other != who) {
            return None;
        }
        filled.seats.push((who, seat));
        let person = self.memory.cast.get(seat)?;
        if let Some(pronoun) = person.pronoun.form(form) {
            filled.text += pronoun;
            return Some(());
        }
        let first = filled.named == 0 && filled.text.trim_end() == manner.link;
        // `They` would be read as everybody; a name is clearer there.
        let clear = person.pronoun != Pronoun::They;
        let again = first && clear && !told.text.is_empty() && told.latest == 1 << seat;
        let capital = manner.link.is_empty();
        filled.text += &match form {
            Form::Name if again => person.pronoun.form(Form::They(capital))?.to_owned(),
            Form::Owner if again => person.pronoun.form(Form::Their(capital))?.to_owned(),
            Form::Role => person.role.clone(),
            Form::Plain => person.short_name().to_owned(),
            Form::Owner => possessive(&self.name(person, seat, told, manner, filled)),
            _ => self.name(person, seat, told, manner, filled),
        };
        filled.named |= 1 << seat;
        Some(())
    }

    /// The first name, introduced where readers need it: `the ferry pilot Idris Okoro`.
    fn name(
        &self,
        person: &Person,
        seat: usize,
        told: &FrameProgress,
        manner: FillOptions<'_>,
        filled: &FilledLine,
    ) -> String {
        let here = (told.named | filled.named) & (1 << seat) != 0;
        let fits = !person.role.is_empty() && person.role.split(' ').count() < 3;
        match person.met {
            _ if here || manner.is_bare => person.short_name().to_owned(),
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
    /// Whether the line names the thread's object.
    pub(super) const fn has_prop(&self) -> bool {
        self.facts & (bit(Fact::Prop) | bit(Fact::FirstProp)) != 0
    }
}

/// The bit of a fact. A spot is one fact however it is put, and so is an object of the past.
pub(super) const fn bit(fact: Fact) -> u32 {
    let fact = match fact {
        Fact::At => Fact::Spot,
        Fact::OldProp => Fact::Keepsake,
        Fact::Carried => Fact::Prop,
        other => other,
    };
    1 << fact as u8
}
