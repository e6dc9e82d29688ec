//! The palette of a picture: eight colours, each with a role, and the colour of the paper.

use super::colour_schemes::{COLOUR_SCHEMES, ColourScheme};
use super::prompt::{Light, ParsedPrompt};
use super::rng::Rng;
use super::style::{Medium, Style};
use crate::math;
use crate::vision::oklab::Lab;
use calliope_domain::{ImageFeatures, Season};

/// The colours of a picture by their role, so that light and depth are right with any hues.
#[derive(Debug, Clone)]
pub struct Palette {
    /// The top of the sky.
    pub high: Lab,
    /// The sky at the horizon, lighter or warmer than the top; pale surfaces.
    pub low: Lab,
    /// Distant things.
    pub far: Lab,
    /// The middle ground.
    pub mid: Lab,
    /// The foreground.
    pub near: Lab,
    /// The darkest accents.
    pub dark: Lab,
    /// The one colour that stands out.
    pub accent: Lab,
    /// Lamps, lit windows, moon and sun.
    pub glow: Lab,
    /// The paper.
    pub paper: Lab,
}

impl Palette {
    /// Chooses the colours for a prompt, with the hues of the photo if there is one.
    pub fn choose(
        prompt: &ParsedPrompt,
        features: Option<&ImageFeatures>,
        style: &Style,
        rng: &mut Rng,
    ) -> Self {
        let scheme = choose_scheme(prompt, rng);
        let mut colours = scheme.colours.map(Lab::from_rgb);
        blend(&mut colours, prompt.light, rng);
        match features.map(weighted_colours).filter(|s| !s.is_empty()) {
            Some(weighted_colours) => recolour(&mut colours, &weighted_colours),
            // Without a photo, a small rotation of all hues makes pictures of the same scheme differ.
            None => rotate_hues(&mut colours, rng.triangular() * 0.3),
        }
        // The schemes for overcast light are dull, so their chroma is raised.
        let chroma = if prompt.light == Light::Overcast { 1.35 } else { 1.0 };
        vary(&mut colours, chroma, rng);
        apply_style(&mut colours, style);
        let [high, low, far, mid, near, dark, accent, glow] = colours;
        let warm = Lab { l: 0.985, a: 0.001, b: 0.012 };
        let paper = warm.lerp(low.with_lightness_and_chroma(0.97, 0.35), 0.4);
        Self { high, low, far, mid, near, dark, accent, glow, paper }
    }

    /// Returns the colour of a layer at a depth from 0 ([`far`](Self::far)) to 1
    /// ([`near`](Self::near)).
    pub fn at_depth(&self, depth: f32) -> Lab {
        if depth < 0.5 {
            self.far.lerp(self.mid, depth * 2.0)
        } else {
            self.mid.lerp(self.near, depth * 2.0 - 1.0)
        }
    }
}

/// Chooses at random one of the schemes that suit the light and the season best.
fn choose_scheme(prompt: &ParsedPrompt, rng: &mut Rng) -> &'static ColourScheme {
    let score = |scheme: &ColourScheme| {
        let light = if prompt.light == scheme.light { 4.0 } else { 0.0 };
        let season = match (prompt.season, scheme.season) {
            (Some(a), Some(b)) if a == b => 2.5,
            (None, Some(Season::Winter)) if prompt.has_snow() => 2.5,
            (_, None) => 0.5,
            _ => -1.0,
        };
        light + season
    };
    let best = COLOUR_SCHEMES.iter().map(score).fold(f32::MIN, f32::max);
    let suitable: Vec<&ColourScheme> =
        COLOUR_SCHEMES.iter().filter(|s| score(s) > best - 2.1).collect();
    let chosen = rng.int_range(0, suitable.len().saturating_sub(1));
    suitable.get(chosen).copied().unwrap_or(&COLOUR_SCHEMES[0])
}

/// Blends the colours with another scheme of the same light, by up to a half, so that pictures of
/// the same scheme differ.
fn blend(colours: &mut [Lab; 8], light: Light, rng: &mut Rng) {
    let same_light: Vec<&ColourScheme> =
        COLOUR_SCHEMES.iter().filter(|s| s.light == light).collect();
    let chosen = rng.int_range(0, same_light.len().saturating_sub(1));
    let Some(other) = same_light.get(chosen) else { return };
    let amount = rng.range(0.0, 0.5);
    for (colour, &target) in colours.iter_mut().zip(&other.colours) {
        // A blend of two colours has less chroma than either; a factor makes up for it.
        let blended = colour.lerp(Lab::from_rgb(target), amount);
        *colour = blended.with_lightness_and_chroma(blended.l, amount * 0.4 + 1.0);
    }
}

/// Returns the colours of the photo with their shares, 0-1.
fn weighted_colours(features: &ImageFeatures) -> Vec<(Lab, f32)> {
    features.palette.iter().map(|s| (Lab::from_rgb(s.rgb), s.share)).collect()
}

/// Gives each role the hue of a swatch and most of its own lightness: the photo sets the colours,
/// the scene sets the light.
fn recolour(colours: &mut [Lab; 8], swatches: &[(Lab, f32)]) {
    const ACCENT: usize = 6;
    const GLOW: usize = 7;
    let mut used = vec![0.0f32; swatches.len()];
    let vivid = swatches.iter().map(|s| s.0).max_by(|a, b| a.chroma().total_cmp(&b.chroma()));
    for (role, colour) in colours.iter_mut().enumerate() {
        let cost = |i: usize| {
            let (lab, share) = swatches[i];
            let hue = (lab.a - colour.a).powi(2) + (lab.b - colour.b).powi(2);
            (lab.l - colour.l).powi(2) * 0.5 + hue * 0.8 + used[i] * 0.02 - share * 0.02
        };
        let nearest = (0..swatches.len()).min_by(|&a, &b| cost(a).total_cmp(&cost(b)));
        let Some(chosen) = nearest else { return };
        used[chosen] += 1.0;
        let swatch = match (role, vivid) {
            (ACCENT, Some(vivid)) => vivid,
            _ => swatches[chosen].0,
        };
        let own_share = if role == GLOW { 0.45 } else { 0.17 };
        let mut recoloured = swatch.lerp(*colour, own_share);
        recoloured.l = colour.l * 0.68 + swatch.l * 0.32;
        *colour = recoloured;
    }
}

fn rotate_hues(colours: &mut [Lab; 8], angle: f32) {
    let (sin, cos) = math::sin_cos(angle);
    // The last colour, glow, stays warm, because a green lamp would look wrong.
    for c in &mut colours[..7] {
        (c.a, c.b) = (c.a * cos - c.b * sin, c.a * sin + c.b * cos);
    }
}

/// Multiplies the chroma by about `chroma` and changes each colour a little at random.
fn vary(colours: &mut [Lab; 8], chroma: f32, rng: &mut Rng) {
    let factor = chroma * rng.range(0.9, 1.2);
    for c in colours {
        c.l = (c.l + rng.triangular() * 0.02).clamp(0.05, 0.98);
        c.a = c.a * factor + rng.triangular() * 0.006;
        c.b = c.b * factor + rng.triangular() * 0.006;
    }
}

fn apply_style(colours: &mut [Lab; 8], style: &Style) {
    let tint = colours[3];
    for c in colours {
        let chroma = if style.is_monochrome { 0.0 } else { style.chroma };
        *c = c.with_lightness_and_chroma(math::powf(c.l, style.gamma).clamp(0.04, 0.98), chroma);
        if style.is_monochrome {
            // Ink and charcoal are not pure grey; they keep a trace of the picture's hue.
            (c.a, c.b) = (tint.a * 0.25 + 0.002, tint.b * 0.25 + 0.008);
        }
        if style.medium == Medium::Pastel {
            c.l = c.l * 0.8 + 0.19;
        }
    }
}

/// Reports whether lamps and windows are lit in this light.
pub const fn has_lit_lamps(light: Light) -> bool {
    matches!(light, Light::Night | Light::Dusk)
}
