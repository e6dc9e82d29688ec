//! The style of a picture: its medium, and how strongly and loosely it is painted.

use super::rng::Rng;

/// The material that the picture imitates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// Transparent washes.
    Watercolour,
    /// Opaque, even colour.
    Gouache,
    /// Grey washes with pen lines.
    Ink,
    /// Soft dark grain.
    Charcoal,
    /// Pale chalk.
    Pastel,
}

/// The way in which one picture is painted.
#[derive(Debug, Clone)]
pub struct Style {
    /// The material that the picture imitates.
    pub medium: Medium,
    /// Whether the picture has one hue only.
    pub is_monochrome: bool,
    /// A factor on the chroma of the palette.
    pub chroma: f32,
    /// An exponent on the lightness of the palette; above 1 is darker.
    pub gamma: f32,
    /// A factor on [`Wash::rim`](super::wash::Wash::rim).
    pub rim: f32,
    /// A factor on [`Wash::grain`](super::wash::Wash::grain).
    pub grain: f32,
    /// A term added to [`Wash::dry`](super::wash::Wash::dry).
    pub dry: f32,
    /// The smallest [`Wash::lift`](super::wash::Wash::lift) of a wash that covers what is below.
    pub lift: f32,
    /// The strength of pen lines; 0 for none.
    pub line: f32,
    /// A factor on the irregularity of outlines; 1 is usual.
    pub looseness: f32,
    /// The coarseness of the paper; 1 is cold-pressed paper.
    pub roughness: f32,
}

impl Style {
    /// Chooses the style that the words name. The rest is random.
    pub fn from_words(words: &[&str], rng: &mut Rng) -> Self {
        let has_any = |options: &[&str]| options.iter().any(|o| words.contains(o));
        let medium = if has_any(&["gouache", "tempera", "poster", "acrylic"]) {
            Medium::Gouache
        } else if has_any(&["charcoal", "graphite", "pencil"]) {
            Medium::Charcoal
        } else if has_any(&["ink", "engraving", "etching", "woodcut", "linocut"]) {
            Medium::Ink
        } else if has_any(&["pastel", "pastels", "chalk", "crayon"]) {
            Medium::Pastel
        } else {
            Medium::Watercolour
        };
        let mut style = Self::default_for(medium, rng);
        if has_any(&["vivid", "bright", "colourful", "colorful", "bold"]) {
            style.chroma *= 1.3;
        }
        if has_any(&["muted", "faded", "pale", "soft", "gentle"]) {
            style.chroma *= 0.8;
        }
        if has_any(&["dark", "gloomy", "sombre", "noir", "shadowy"]) {
            style.gamma = 1.18;
        }
        if has_any(&["monochrome", "sepia", "grayscale", "greyscale", "colourless"]) {
            style.is_monochrome = true;
        }
        style
    }

    fn default_for(medium: Medium, rng: &mut Rng) -> Self {
        // 40 % of the watercolours have pen lines.
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
