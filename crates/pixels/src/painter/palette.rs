//! The box of paints for one picture: eight colours with a part to play each.

use super::colour_schemes::{COLOUR_SCHEMES, ColourScheme};
use super::prompt::{Light, ParsedPrompt};
use super::rng::Rng;
use super::style::{Medium, Style};
use crate::vision::oklab::Lab;
use calliope_domain::{ImageFeatures, Season};

/// Colours by their part in a picture, so that light stays right whatever the hues are.
#[derive(Debug, Clone)]
pub struct Palette {
    /// Top of the sky, or the far wall.
    pub high: Lab,
    /// The sky by the horizon, lighter or warmer.
    pub low: Lab,
    /// What is far away.
    pub far: Lab,
    /// The middle ground.
    pub mid: Lab,
    /// The foreground.
    pub near: Lab,
    /// The darkest accents.
    pub dark: Lab,
    /// One colour that stands out.
    pub accent: Lab,
    /// Lamps, windows, moon and sun.
    pub glow: Lab,
    /// The paper itself.
    pub paper: Lab,
}

impl Palette {
    /// Colours for what was read, from the photo's own palette where there is one.
    pub fn choose(
        reading: &ParsedPrompt,
        look: Option<&ImageFeatures>,
        manner: &Style,
        rng: &mut Rng,
    ) -> Self {
        let paints = pick(reading, rng);
        let mut colours = paints.colours.map(Lab::from_rgb);
        blend(&mut colours, reading.light, rng);
        match look.map(weighted_colours).filter(|s| !s.is_empty()) {
            Some(weighted_colours) => recolour(&mut colours, &weighted_colours),
            // Without a photo, a small turn of all hues tells two pictures of one mood apart.
            None => rotate_hues(&mut colours, rng.triangular() * 0.3),
        }
        // Overcast light dulls every colour already; a painter answers with richer mixtures.
        let rich = if reading.light == Light::Overcast { 1.35 } else { 1.0 };
        vary(&mut colours, rich, rng);
        apply_style(&mut colours, manner);
        let [high, low, far, mid, near, dark, accent, glow] = colours;
        let warm = Lab { l: 0.985, a: 0.001, b: 0.012 };
        let paper = warm.lerp(low.with_lightness_and_chroma(0.97, 0.35), 0.4);
        Self { high, low, far, mid, near, dark, accent, glow, paper }
    }

    /// A colour between `far` and `near` for a layer at this depth, 0 (far) to 1 (near).
    pub fn at_depth(&self, depth: f32) -> Lab {
        if depth < 0.5 {
            self.far.lerp(self.mid, depth * 2.0)
        } else {
            self.mid.lerp(self.near, depth.mul_add(2.0, -1.0))
        }
    }
}

/// One of the three sets of paints that suit the words best.
fn pick(reading: &ParsedPrompt, rng: &mut Rng) -> &'static ColourScheme {
    let score = |paints: &ColourScheme| {
        let light = if reading.light == paints.light { 4.0 } else { 0.0 };
        let season = match (reading.season, paints.season) {
            (Some(a), Some(b)) if a == b => 2.5,
            (None, Some(Season::Winter)) if reading.has_snow() => 2.5,
            (_, None) => 0.5,
            _ => -1.0,
        };
        light + season
    };
    let best = COLOUR_SCHEMES.iter().map(score).fold(f32::MIN, f32::max);
    let fit: Vec<&ColourScheme> = COLOUR_SCHEMES.iter().filter(|p| score(p) > best - 2.1).collect();
    // The best fit comes first in the table's order only by accident; any of the fitting may serve.
    fit.get(rng.int_range(0, fit.len().saturating_sub(1))).copied().unwrap_or(&COLOUR_SCHEMES[0])
}

/// Leans a set towards another of the same light, so that two pictures of one mood still differ.
fn blend(colours: &mut [Lab; 8], light: Light, rng: &mut Rng) {
    let kin: Vec<&ColourScheme> = COLOUR_SCHEMES.iter().filter(|p| p.light == light).collect();
    let Some(other) = kin.get(rng.int_range(0, kin.len().saturating_sub(1))) else { return };
    let lean = rng.range(0.0, 0.5);
    for (colour, &toward) in colours.iter_mut().zip(&other.colours) {
        // Half-way mixtures are duller than their ends; a little more colour makes up for it.
        let mixed = colour.lerp(Lab::from_rgb(toward), lean);
        *colour = mixed.with_lightness_and_chroma(mixed.l, lean.mul_add(0.4, 1.0));
    }
}

/// The photo's colours with their shares.
fn weighted_colours(look: &ImageFeatures) -> Vec<(Lab, f32)> {
    look.palette.iter().map(|s| (Lab::from_rgb(s.rgb), s.share)).collect()
}

/// Gives each part the hue of a swatch, mostly keeping the part's own lightness: the photo sets
/// the colours, the scene sets the light.
fn recolour(colours: &mut [Lab; 8], swatches: &[(Lab, f32)]) {
    let mut used = vec![0.0f32; swatches.len()];
    let vivid = swatches.iter().map(|s| s.0).max_by(|a, b| a.chroma().total_cmp(&b.chroma()));
    // Glow and accent come first in importance, the rest from far to near.
    for (part, colour) in colours.iter_mut().enumerate() {
        let cost = |i: usize| {
            let (lab, share) = swatches[i];
            let hue = (lab.a - colour.a).powi(2) + (lab.b - colour.b).powi(2);
            (lab.l - colour.l).powi(2) * 0.5 + hue * 0.8 + used[i] * 0.02 - share * 0.02
        };
        let nearest = (0..swatches.len()).min_by(|&a, &b| cost(a).total_cmp(&cost(b)));
        let Some(chosen) = nearest else { return };
        used[chosen] += 1.0;
        let swatch = match (part, vivid) {
            (6, Some(vivid)) => vivid,
            _ => swatches[chosen].0,
        };
        let keep = if part == 7 { 0.45 } else { 0.17 };
        let mut new = swatch.lerp(*colour, keep);
        new.l = colour.l * 0.68 + swatch.l * 0.32;
        *colour = new;
    }
}

fn rotate_hues(colours: &mut [Lab; 8], angle: f32) {
    let (sin, cos) = angle.sin_cos();
    // Glow stays warm: a green lamp would look wrong.
    for c in &mut colours[..7] {
        (c.a, c.b) = (c.a * cos - c.b * sin, c.a * sin + c.b * cos);
    }
}

fn vary(colours: &mut [Lab; 8], rich: f32, rng: &mut Rng) {
    let richness = rich * rng.range(0.9, 1.2);
    for c in colours {
        c.l = (c.l + rng.triangular() * 0.02).clamp(0.05, 0.98);
        c.a = c.a * richness + rng.triangular() * 0.006;
        c.b = c.b * richness + rng.triangular() * 0.006;
    }
}

fn apply_style(colours: &mut [Lab; 8], manner: &Style) {
    let tint = colours[3];
    for c in colours {
        let chroma = if manner.is_monochrome { 0.0 } else { manner.chroma };
        *c = c.with_lightness_and_chroma(c.l.powf(manner.gamma).clamp(0.04, 0.98), chroma);
        if manner.is_monochrome {
            // A breath of the picture's own hue, as ink and charcoal have.
            (c.a, c.b) = (tint.a * 0.25 + 0.002, tint.b * 0.25 + 0.008);
        }
        if manner.medium == Medium::Pastel {
            c.l = c.l * 0.8 + 0.19;
        }
    }
}

/// Whether lamps and windows are lit in this light.
pub const fn has_lit_lamps(light: Light) -> bool {
    matches!(light, Light::Night | Light::Dusk)
}
