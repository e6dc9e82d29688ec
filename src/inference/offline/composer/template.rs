//! Parses a line of the grammar into words and slots.

use super::english::to_typographic_quotes;

/// A line with slots for the facts of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    /// The words and slots in reading order.
    pub(super) pieces: Vec<Piece>,
}

/// A piece of a template: words, or a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Literal words.
    Words(String),
    /// A slot.
    Slot(Slot),
}

/// The content of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// A member of the cast, in a grammatical form.
    Person(CastRole, Form),
    /// A fact of the world or of the input.
    Fact(Fact),
    /// A word from the section `word.NAME`.
    Word(&'static str),
}

/// A role in the cast. The first four are drawn once for a story, the last two for each frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CastRole {
    /// The seeker.
    A,
    /// The companion.
    B,
    /// The person who has lived there longest.
    C,
    /// The animal.
    D,
    /// The person who leads the frame: A, B or C.
    X,
    /// Another of A, B and C.
    Y,
}

/// A grammatical form of a member of the cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The name, with an introduction if readers have not met the person recently.
    Name,
    /// The possessive of the name, with the same introduction.
    Owner,
    /// The first name alone.
    Plain,
    /// `she`, `he` or `they`; capitalised if the flag is set.
    They(bool),
    /// `her`, `him` or `them`.
    Them,
    /// `her`, `his` or `their`; capitalised if the flag is set.
    Their(bool),
    /// `hers`, `his` or `theirs`.
    Theirs,
    /// `herself`, `himself` or `themself`.
    Oneself,
    /// `was`, or `were` after `they`.
    Was,
    /// The role, such as `lighthouse keeper`.
    Role,
}

/// A fact for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Fact {
    /// The thread's object: `the brass key`.
    Prop,
    /// The same, only if it can be carried.
    Carried,
    /// The same at its first mention: `a brass key`.
    FirstProp,
    /// The object of the previous thread.
    OldProp,
    /// An object of any finished thread.
    Keepsake,
    /// The thread's question as a clause: `which lock it had been cut for`.
    Question,
    /// An earlier event, as a noun phrase.
    Trace,
    /// The spot where the frame takes place: `on the quay`.
    At,
    /// The same as a noun: `the quay`.
    Spot,
    /// Another spot of the place.
    Elsewhere,
    /// The place's name.
    Town,
    /// A description of the place.
    Blurb,
    /// The time of day: `that evening`.
    When,
    /// The season's name.
    Season,
    /// The light of the hour, with its article.
    Light,
    /// The weather of the season, with its article.
    Weather,
    /// A thing in the photograph, as a noun phrase.
    Thing,
    /// A colour in the photograph.
    Hue,
    /// A colour in the photograph, with its article.
    FirstHue,
    /// A second colour in the photograph.
    OtherHue,
    /// Words from the request's text or audio.
    Quote,
    /// The name of the Sparrow's place.
    Place,
}

/// A slot is unknown, or a brace is not closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{{{0}}}` is not a slot")]
pub(super) struct UnknownSlot(pub(super) String);

impl Template {
    /// Parses a line of words, with slots in braces.
    pub(super) fn parse(line: &'static str) -> Result<Self, UnknownSlot> {
        let mut pieces = Vec::new();
        let curled = to_typographic_quotes(&line.replace('{', "\u{1}{"));
        let mut texts = curled.split('\u{1}');
        if let Some(head) = texts.next().filter(|head| !head.is_empty()) {
            pieces.push(Piece::Words(head.to_owned()));
        }
        for (slot, text) in line.split('{').skip(1).zip(texts) {
            let (name, _) = slot.split_once('}').ok_or_else(|| UnknownSlot(slot.to_owned()))?;
            pieces.push(Piece::Slot(Slot::parse(name)?));
            let words = text.split_once('}').map_or("", |(_, words)| words);
            if !words.is_empty() {
                pieces.push(Piece::Words(words.to_owned()));
            }
        }
        Ok(Self { pieces })
    }
}

impl Slot {
    fn parse(name: &'static str) -> Result<Self, UnknownSlot> {
        if let Some(fact) = Fact::from_name(name) {
            return Ok(Self::Fact(fact));
        }
        let (who, form) = name.split_at_checked(1).unwrap_or((name, ""));
        if let (Some(who), Some(form)) = (CastRole::from_name(who), Form::from_name(form)) {
            return Ok(Self::Person(who, form));
        }
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase());
        if plain { Ok(Self::Word(name)) } else { Err(UnknownSlot(name.to_owned())) }
    }
}

impl CastRole {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "a" => Self::A,
            "b" => Self::B,
            "c" => Self::C,
            "d" => Self::D,
            "x" => Self::X,
            "y" => Self::Y,
            _ => return None,
        })
    }
}

impl Form {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "" => Self::Name,
            "'s" => Self::Owner,
            ".name" => Self::Plain,
            ".they" => Self::They(false),
            ".They" => Self::They(true),
            ".them" => Self::Them,
            ".their" => Self::Their(false),
            ".Their" => Self::Their(true),
            ".theirs" => Self::Theirs,
            ".self" => Self::Oneself,
            ".was" => Self::Was,
            ".role" => Self::Role,
            _ => return None,
        })
    }
}

impl Fact {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "prop" => Self::Prop,
            "carried" => Self::Carried,
            "aprop" => Self::FirstProp,
            "oldprop" => Self::OldProp,
            "keepsake" => Self::Keepsake,
            "question" => Self::Question,
            "trace" => Self::Trace,
            "at" => Self::At,
            "spot" => Self::Spot,
            "elsewhere" => Self::Elsewhere,
            "town" => Self::Town,
            "blurb" => Self::Blurb,
            "when" => Self::When,
            "season" => Self::Season,
            "light" => Self::Light,
            "weather" => Self::Weather,
            "thing" => Self::Thing,
            "hue" => Self::Hue,
            "ahue" => Self::FirstHue,
            "huetwo" => Self::OtherHue,
            "quote" => Self::Quote,
            "place" => Self::Place,
            _ => return None,
        })
    }
}
