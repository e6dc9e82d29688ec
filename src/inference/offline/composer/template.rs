//! One line of the grammar, read into words and slots.

use super::english::to_typographic_quotes;

/// A line in which slots wait for the facts of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    /// Words and slots in reading order.
    pub(super) pieces: Vec<Piece>,
}

/// A stretch of words or a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words as they are told.
    Words(String),
    /// A place for a fact.
    Slot(Slot),
}

/// What a slot asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Somebody of the cast, in a grammatical form.
    Person(CastRole, Form),
    /// A fact of the world or of the input.
    Fact(Fact),
    /// A word from the section `word.NAME`.
    Word(&'static str),
}

/// A seat in the cast: who sits there is drawn once for a story, the last two for each frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CastRole {
    /// The one who seeks.
    A,
    /// The companion.
    B,
    /// The one who has been there longest.
    C,
    /// The animal.
    D,
    /// Whoever leads this frame: one of the first three.
    X,
    /// Another than the one who leads.
    Y,
}

/// A grammatical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The name, with an introduction where readers have not met its bearer lately.
    Name,
    /// The same, as an owner.
    Owner,
    /// The first name, bare.
    Plain,
    /// she, he, they, it; the flag asks for a capital.
    They(bool),
    /// her, him, them, it.
    Them,
    /// her, his, their, its; the flag asks for a capital.
    Their(bool),
    /// hers, his, theirs, its.
    Theirs,
    /// herself and so on.
    Oneself,
    /// `was`, or `were` after `they`.
    Was,
    /// What the person does: `lighthouse keeper`.
    Role,
}

/// A fact that a line can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Fact {
    /// The thread's object: `the brass key`.
    Prop,
    /// The same, where it is a thing that can be carried about.
    Carried,
    /// The same at first sight: `a brass key`.
    FirstProp,
    /// The object of the thread before.
    OldProp,
    /// An object of any earlier thread.
    Keepsake,
    /// What the thread asks, as a clause: `which lock it had been cut for`.
    Question,
    /// An event told earlier, as a noun phrase.
    Trace,
    /// Where the frame plays: `on the quay`.
    At,
    /// The same, as a noun: `the quay`.
    Spot,
    /// Another spot of the place.
    Elsewhere,
    /// The place's name.
    Town,
    /// What sort of place it is.
    Blurb,
    /// The time of day: `that evening`.
    When,
    /// The season's name.
    Season,
    /// The light of the hour, with its article.
    Light,
    /// The weather of the season, with its article.
    Weather,
    /// A thing seen, as given.
    Thing,
    /// A colour seen.
    Hue,
    /// A colour seen, with its article.
    FirstHue,
    /// A second colour seen.
    OtherHue,
    /// Words heard or sent.
    Quote,
    /// Where the device stands, by name.
    Place,
}

/// A slot that nobody knows, or a brace without its partner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{{{0}}}` is not a slot")]
pub(super) struct UnknownSlot(pub(super) String);

impl Template {
    /// Reads a line: words, and slots in braces.
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
