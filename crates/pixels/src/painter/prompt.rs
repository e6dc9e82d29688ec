//! Reading the prompt: which scene, which things, which light, by its words.

use super::lexicon::{LEXICON, Meaning};
use calliope_domain::Season;

/// Where a picture plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Open water to the horizon.
    Sea,
    /// Low hills.
    Hills,
    /// A wide field.
    Field,
    /// High mountains.
    Mountains,
    /// Among trees.
    Forest,
    /// A river or lake between banks.
    River,
    /// Roofs and a street.
    Town,
    /// Beds of flowers.
    Garden,
    /// Indoors.
    Room,
}

/// The light of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Light {
    /// Low, pale and rosy.
    Dawn,
    /// Clear.
    Day,
    /// Low, warm and deep.
    Dusk,
    /// Dark, with lights.
    Night,
    /// Overcast.
    Overcast,
}

/// What falls or drifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Slanting rain.
    Rain,
    /// Flakes, and white ground.
    Snow,
    /// Veils that hide the distance.
    Fog,
    /// Gusts: everything leans.
    Wind,
}

/// A thing that can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motif {
    /// A hot-air balloon.
    Balloon,
    /// Birds on the wing.
    Bird,
    /// A sailing or rowing boat.
    Boat,
    /// An open book.
    Book,
    /// A corked bottle.
    Bottle,
    /// Stone arches.
    Bridge,
    /// A burning candle.
    Candle,
    /// Towers behind a wall.
    Castle,
    /// A sitting cat.
    Cat,
    /// A wooden chair.
    Chair,
    /// A nave and a steeple.
    Church,
    /// A round clock.
    Clock,
    /// A steaming cup.
    Cup,
    /// A dog or a fox.
    Dog,
    /// A door ajar.
    Door,
    /// Posts and rails.
    Fence,
    /// A person in a coat.
    Figure,
    /// A leaping fish.
    Fish,
    /// A single flower.
    Flower,
    /// A house with a pitched roof.
    House,
    /// An old key.
    Key,
    /// A kite with its tail.
    Kite,
    /// A leaning ladder.
    Ladder,
    /// An oil lamp.
    Lamp,
    /// A letter and its envelope.
    Letter,
    /// A lighthouse with its beam.
    Lighthouse,
    /// The moon, full.
    Moon,
    /// A conifer.
    Pine,
    /// A winding road.
    Road,
    /// A rocket on its smoke.
    Rocket,
    /// Rising steps.
    Stairs,
    /// Many stars.
    Star,
    /// A lamp post.
    StreetLamp,
    /// The sun, low or high.
    Sun,
    /// A round tower.
    Tower,
    /// A steam train.
    Train,
    /// A broad-leaved tree.
    Tree,
    /// Someone under an umbrella.
    Umbrella,
    /// A few roofs together.
    Village,
    /// A window.
    Window,
}

impl Motif {
    /// Whether it belongs on a table, a wall or the floor of a room.
    pub const fn is_indoor(self) -> bool {
        matches!(
            self,
            Self::Book
                | Self::Bottle
                | Self::Candle
                | Self::Cat
                | Self::Chair
                | Self::Clock
                | Self::Cup
                | Self::Key
                | Self::Lamp
                | Self::Letter
                | Self::Window
        )
    }

    /// Whether it hangs in the sky.
    pub const fn is_aerial(self) -> bool {
        matches!(
            self,
            Self::Moon | Self::Sun | Self::Star | Self::Bird | Self::Kite | Self::Balloon
        )
    }
}

/// What a prompt asks for.
#[derive(Debug, Clone)]
pub struct ParsedPrompt {
    /// The scene, where the words name one.
    pub setting: Option<Setting>,
    /// Things, in the order of mention, without repeats.
    pub motifs: Vec<Motif>,
    /// The light; by day where no word tells.
    pub light: Light,
    /// What falls or drifts.
    pub weather: Option<Weather>,
    /// The season, where a word tells.
    pub season: Option<Season>,
}

impl ParsedPrompt {
    /// Reads lower-case words.
    pub fn from_words(words: &[&str]) -> Self {
        let mut reading = Self {
            setting: None,
            motifs: Vec::new(),
            light: Light::Day,
            weather: None,
            season: None,
        };
        let mut light = None;
        for (i, word) in words.iter().enumerate() {
            if is_medium_word(words, i) {
                continue;
            }
            for meaning in meanings(word) {
                match meaning {
                    Meaning::Place(setting) => _ = reading.setting.get_or_insert(*setting),
                    Meaning::Thing(motif) if reading.motifs.contains(motif) => {}
                    Meaning::Thing(motif) => reading.motifs.push(*motif),
                    Meaning::Hour(hour) if overrides(*hour, light) => light = Some(*hour),
                    Meaning::Hour(_) => {}
                    Meaning::Sky(weather) => _ = reading.weather.get_or_insert(*weather),
                    Meaning::Time(season) => _ = reading.season.get_or_insert(*season),
                }
            }
        }
        reading.light = light.unwrap_or_else(|| reading.default_light());
        reading
    }

    /// Whether the ground is white.
    pub fn has_snow(&self) -> bool {
        self.weather == Some(Weather::Snow)
    }

    const fn default_light(&self) -> Light {
        match self.weather {
            Some(Weather::Rain | Weather::Fog) => Light::Overcast,
            _ => Light::Day,
        }
    }
}

/// Lower-case words of letters only.
pub fn tokenize(prompt: &str) -> Vec<String> {
    prompt
        .split(|c: char| !c.is_alphabetic())
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Whether a newly named hour takes the place of the known one: the first counts, but night
/// outweighs it, as in "the sun set hours ago, the night is still".
fn overrides(new: Light, known: Option<Light>) -> bool {
    known.is_none() || new == Light::Night
}

/// `picture book`, `book illustration`: words about the medium, not about a thing in the scene.
fn is_medium_word(words: &[&str], i: usize) -> bool {
    let at = |j: Option<usize>| j.and_then(|j| words.get(j)).copied().unwrap_or("");
    let (before, after) = (at(i.checked_sub(1)), at(Some(i + 1)));
    matches!(words[i], "book" | "books")
        && (matches!(before, "picture" | "story" | "children" | "s" | "art")
            || after.starts_with("illustration"))
}

/// What a word means, also in its plural or possessive form.
fn meanings(word: &str) -> impl Iterator<Item = &'static Meaning> {
    let stem = word.strip_suffix('s').unwrap_or(word);
    let stem_es = word.strip_suffix("es").unwrap_or(word);
    LEXICON
        .iter()
        .filter(move |(known, _)| known.split(' ').any(|k| k == word || k == stem || k == stem_es))
        .map(|(_, meaning)| meaning)
}
