//! The box of paints for one picture: eight colours with a part to play each.

use super::chance::Chance;
use super::manner::{Manner, Medium};
use super::paints::{PAINTS, Paints};
use super::words::{Light, Reading};
use crate::vision::oklab::Lab;
use calliope_domain::{Look, Season};

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
        reading: &Reading,
        look: Option<&Look>,
        manner: &Manner,
        chance: &mut Chance,
    ) -> Self {
        let paints = pick(reading, chance);
        let mut colours = paints.colours.map(Lab::of);
        blend(&mut colours, reading.light, chance);
        match look.map(swatches).filter(|s| !s.is_empty()) {
            Some(swatches) => recolour(&mut colours, &swatches),
            // Without a photo, a small turn of all hues tells two pictures of one mood apart.
            None => turn(&mut colours, chance.sway() * 0.3),
        }
        // Overcast light dulls every colour already; a painter answers with richer mixtures.
        let rich = if reading.light == Light::Grey { 1.35 } else { 1.0 };
        vary(&mut colours, rich, chance);
        manner_of(&mut colours, manner);
        let [high, low, far, mid, near, dark, accent, glow] = colours;
        let warm = Lab { l: 0.985, a: 0.001, b: 0.012 };
        let paper = warm.towards(low.with(0.97, 0.35), 0.4);
        Self { high, low, far, mid, near, dark, accent, glow, paper }
    }

    /// A colour between `far` and `near` for a layer at this depth, 0 (far) to 1 (near).
    pub fn depth(&self, depth: f32) -> Lab {
        if depth < 0.5 {
            self.far.towards(self.mid, depth * 2.0)
        } else {
            self.mid.towards(self.near, depth.mul_add(2.0, -1.0))
        }
    }
}

/// One of the three sets of paints that suit the words best.
fn pick(reading: &Reading, chance: &mut Chance) -> &'static Paints {
    let score = |paints: &Paints| {
        let light = if reading.light == paints.light { 4.0 } else { 0.0 };
        let season = match (reading.season, paints.season) {
            (Some(a), Some(b)) if a == b => 2.5,
            (None, Some(Season::Winter)) if reading.snow() => 2.5,
            (_, None) => 0.5,
            _ => -1.0,
        };
        light + season
    };
    let best = PAINTS.iter().map(score).fold(f32::MIN, f32::max);
    let fit: Vec<&Paints> = PAINTS.iter().filter(|p| score(p) > best - 2.1).collect();
    // The best fit comes first in the table's order only by accident; any of the fitting may serve.
    fit.get(chance.whole(0, fit.len().saturating_sub(1))).copied().unwrap_or(&PAINTS[0])
}

/// Leans a set towards another of the same light, so that two pictures of one mood still differ.
fn blend(colours: &mut [Lab; 8], light: Light, chance: &mut Chance) {
    let kin: Vec<&Paints> = PAINTS.iter().filter(|p| p.light == light).collect();
    let Some(other) = kin.get(chance.whole(0, kin.len().saturating_sub(1))) else { return };
    let lean = chance.range(0.0, 0.5);
    for (colour, &toward) in colours.iter_mut().zip(&other.colours) {
        // Half-way mixtures are duller than their ends; a little more colour makes up for it.
        let mixed = colour.towards(Lab::of(toward), lean);
        *colour = mixed.with(mixed.l, lean.mul_add(0.4, 1.0));
    }
}

/// The photo's colours with their shares.
fn swatches(look: &Look) -> Vec<(Lab, f32)> {
    look.palette.iter().map(|s| (Lab::of(s.rgb), s.share)).collect()
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
        let mut new = swatch.towards(*colour, keep);
        new.l = colour.l * 0.68 + swatch.l * 0.32;
        *colour = new;
    }
}

fn turn(colours: &mut [Lab; 8], angle: f32) {
    let (sin, cos) = angle.sin_cos();
    // Glow stays warm: a green lamp would look wrong.
    for c in &mut colours[..7] {
        (c.a, c.b) = (c.a * cos - c.b * sin, c.a * sin + c.b * cos);
    }
}

fn vary(colours: &mut [Lab; 8], rich: f32, chance: &mut Chance) {
    let richness = rich * chance.range(0.9, 1.2);
    for c in colours {
        c.l = (c.l + chance.sway() * 0.02).clamp(0.05, 0.98);
        c.a = c.a * richness + chance.sway() * 0.006;
        c.b = c.b * richness + chance.sway() * 0.006;
    }
}

fn manner_of(colours: &mut [Lab; 8], manner: &Manner) {
    let tint = colours[3];
    for c in colours {
        let chroma = if manner.one_hue { 0.0 } else { manner.chroma };
        *c = c.with(c.l.powf(manner.gamma).clamp(0.04, 0.98), chroma);
        if manner.one_hue {
            // A breath of the picture's own hue, as ink and charcoal have.
            (c.a, c.b) = (tint.a * 0.25 + 0.002, tint.b * 0.25 + 0.008);
        }
        if manner.medium == Medium::Pastel {
            c.l = c.l * 0.8 + 0.19;
        }
    }
}

/// Whether lamps and windows are lit in this light.
pub const fn lit(light: Light) -> bool {
    matches!(light, Light::Night | Light::Dusk)
}
