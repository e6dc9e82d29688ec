//! Parses a prompt: finds its setting, motifs, light, weather and season by known words.

use super::lexicon::{LEXICON, Meaning};
use calliope_domain::Season;

/// The place that a picture shows.
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
    /// Inside a forest.
    Forest,
    /// A river or lake between banks.
    River,
    /// Roofs and a street.
    Town,
    /// Beds of flowers.
    Garden,
    /// A room with a window.
    Room,
}

/// The light of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Light {
    /// Low, pale, rosy light.
    Dawn,
    /// Clear daylight.
    Day,
    /// Low, warm light with deep colours.
    Dusk,
    /// Darkness with lit lamps and windows.
    Night,
    /// Grey light under clouds.
    Overcast,
}

/// The weather of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaintedWeather {
    /// Slanting rain.
    Rain,
    /// Snowflakes and white ground.
    Snow,
    /// Fog that hides the distance.
    Fog,
    /// Wind that carries leaves.
    Wind,
}

/// A thing that can be painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motif {
    /// A hot-air balloon.
    Balloon,
    /// Flying birds.
    Bird,
    /// A sailing or rowing boat.
    Boat,
    /// An open book.
    Book,
    /// A corked bottle.
    Bottle,
    /// A bridge with stone arches.
    Bridge,
    /// A burning candle.
    Candle,
    /// A castle with towers behind a wall.
    Castle,
    /// A sitting cat.
    Cat,
    /// A wooden chair.
    Chair,
    /// A church with a steeple.
    Church,
    /// A round clock.
    Clock,
    /// A steaming cup.
    Cup,
    /// A dog or a fox.
    Dog,
    /// A half-open door.
    Door,
    /// A fence of posts and rails.
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
    /// A rocket taking off.
    Rocket,
    /// A flight of stairs.
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
    /// A person under an umbrella.
    Umbrella,
    /// A few roofs together.
    Village,
    /// A window; outdoors, a house with lit or dark windows.
    Window,
}

impl Motif {
    /// Reports whether the motif belongs in a room.
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

    /// Reports whether the motif belongs in the sky.
    pub const fn is_aerial(self) -> bool {
        matches!(
            self,
            Self::Moon | Self::Sun | Self::Star | Self::Bird | Self::Kite | Self::Balloon
        )
    }
}

/// The content of a picture, found in the words of a prompt.
#[derive(Debug, Clone)]
pub struct ParsedPrompt {
    /// The first setting named; `None` if no word names one.
    pub setting: Option<Setting>,
    /// The motifs in the order in which they are named, each once.
    pub motifs: Vec<Motif>,
    /// The light. If no word names one: overcast in rain and fog, else day.
    pub light: Light,
    /// The first weather named; `None` if no word names one.
    pub weather: Option<PaintedWeather>,
    /// The first season named; `None` if no word names one.
    pub season: Option<Season>,
}

impl ParsedPrompt {
    /// Parses the words of a prompt, which must be in lower case.
    pub fn from_words(words: &[&str]) -> Self {
        let mut prompt = Self {
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
                    Meaning::Setting(setting) => _ = prompt.setting.get_or_insert(*setting),
                    Meaning::Motif(motif) if prompt.motifs.contains(motif) => {}
                    Meaning::Motif(motif) => prompt.motifs.push(*motif),
                    Meaning::Light(named) if overrides(*named, light) => light = Some(*named),
                    Meaning::Light(_) => {}
                    Meaning::Weather(weather) => _ = prompt.weather.get_or_insert(*weather),
                    Meaning::Season(season) => _ = prompt.season.get_or_insert(*season),
                }
            }
        }
        prompt.light = light.unwrap_or_else(|| prompt.default_light());
        prompt
    }

    /// Reports whether the ground is covered with snow.
    pub fn has_snow(&self) -> bool {
        self.weather == Some(PaintedWeather::Snow)
    }

    const fn default_light(&self) -> Light {
        match self.weather {
            Some(PaintedWeather::Rain | PaintedWeather::Fog) => Light::Overcast,
            _ => Light::Day,
        }
    }
}

/// Splits a prompt into words of letters only, in lower case.
pub fn tokenize(prompt: &str) -> Vec<String> {
    prompt
        .split(|c: char| !c.is_alphabetic())
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Reports whether a newly named light replaces the current one. The first named light counts, but
/// night always replaces it, as in "the sun set hours ago, the night is still".
fn overrides(new: Light, current: Option<Light>) -> bool {
    current.is_none() || new == Light::Night
}

/// Reports whether `words[i]` is "book" as in `picture book` or `book illustration`: a word about the
/// medium, not about a motif.
fn is_medium_word(words: &[&str], i: usize) -> bool {
    let at = |j: Option<usize>| j.and_then(|j| words.get(j)).copied().unwrap_or("");
    let (before, after) = (at(i.checked_sub(1)), at(Some(i + 1)));
    matches!(words[i], "book" | "books")
        && (matches!(before, "picture" | "story" | "children" | "s" | "art")
            || after.starts_with("illustration"))
}

/// Returns the meanings of a word, which may be in the plural.
fn meanings(word: &str) -> impl Iterator<Item = &'static Meaning> {
    let stem = word.strip_suffix('s').unwrap_or(word);
    let stem_es = word.strip_suffix("es").unwrap_or(word);
    LEXICON
        .iter()
        .filter(move |(known, _)| known.split(' ').any(|k| k == word || k == stem || k == stem_es))
        .map(|(_, meaning)| meaning)
}
