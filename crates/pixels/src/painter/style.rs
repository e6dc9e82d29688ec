//! The manner of painting: which medium, how strong, how loose.

use super::rng::Rng;

/// The material that the picture seems to be made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// Transparent washes.
    Watercolour,
    /// Body colour, opaque and even.
    Gouache,
    /// Grey washes under a pen.
    Ink,
    /// Soft dark grain.
    Charcoal,
    /// Pale chalk.
    Pastel,
}

/// How paint is handled in one picture.
#[derive(Debug, Clone)]
pub struct Style {
    /// The material.
    pub medium: Medium,
    /// True for pictures in one hue.
    pub is_monochrome: bool,
    /// Factor on colourfulness.
    pub chroma: f32,
    /// Exponent on lightness: above 1 is darker.
    pub gamma: f32,
    /// Factor on the pooling at edges.
    pub rim: f32,
    /// Factor on granulation.
    pub grain: f32,
    /// Added to each brush's dryness.
    pub dry: f32,
    /// The least that a shape takes away of what is under it.
    pub lift: f32,
    /// Strength of drawn lines, 0 for none.
    pub line: f32,
    /// How far outlines stray, 1 is usual.
    pub looseness: f32,
    /// Coarseness of the paper.
    pub roughness: f32,
}

impl Style {
    /// The manner that the words ask for; chance settles what they leave open.
    pub fn from_words(words: &[&str], rng: &mut Rng) -> Self {
        let said = |options: &[&str]| options.iter().any(|o| words.contains(o));
        let medium = if said(&["gouache", "tempera", "poster", "acrylic"]) {
            Medium::Gouache
        } else if said(&["charcoal", "graphite", "pencil"]) {
            Medium::Charcoal
        } else if said(&["ink", "engraving", "etching", "woodcut", "linocut"]) {
            Medium::Ink
        } else if said(&["pastel", "pastels", "chalk", "crayon"]) {
            Medium::Pastel
        } else {
            Medium::Watercolour
        };
        let mut manner = Self::default_for(medium, rng);
        if said(&["vivid", "bright", "colourful", "colorful", "bold"]) {
            manner.chroma *= 1.3;
        }
        if said(&["muted", "faded", "pale", "soft", "gentle"]) {
            manner.chroma *= 0.8;
        }
        if said(&["dark", "gloomy", "sombre", "noir", "shadowy"]) {
            manner.gamma = 1.18;
        }
        if said(&["monochrome", "sepia", "grayscale", "greyscale", "colourless"]) {
            manner.is_monochrome = true;
        }
        manner
    }

    fn default_for(medium: Medium, rng: &mut Rng) -> Self {
        // A pen under a third of the watercolours: line and wash.
        let pen = if rng.random_bool(0.4) { rng.range(0.45, 0.85) } else { 0.0 };
        let base = Self {
            medium,
            is_monochrome: false,
            chroma: 1.0,
            gamma: 1.0,
            rim: rng.range(0.8, 1.5),
            grain: rng.range(0.8, 1.5),
            dry: 0.0,
            lift: 0.0,
            line: pen,
            looseness: rng.range(0.7, 1.4),
            roughness: rng.range(0.9, 1.4),
        };
        match medium {
            Medium::Watercolour => base,
            Medium::Gouache => Self { rim: 0.15, grain: 0.4, lift: 0.95, line: 0.0, ..base },
            Medium::Ink => Self { is_monochrome: true, gamma: 1.1, line: 1.1, ..base },
            Medium::Charcoal => Self {
                is_monochrome: true,
                rim: 0.0,
                grain: 2.4,
                dry: 0.12,
                lift: 0.55,
                line: 0.9,
                roughness: 1.2,
                ..base
            },
            Medium::Pastel => Self {
                rim: 0.0,
                grain: 1.9,
                dry: 0.12,
                lift: 0.7,
                line: 0.0,
                roughness: 1.3,
                ..base
            },
        }
    }
}
