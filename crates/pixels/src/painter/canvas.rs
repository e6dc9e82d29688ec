//! The canvas: paper, and the effects of water and pigment on it.
//!
//! The canvas stores *optical density*, not colour. Pigment adds to the density (Beer-Lambert law),
//! so layers look like transparent paint; only the finished canvas is converted to pixels.
//!
//! The effects are darkened edges, backruns, granulation and dry brush, as in Curtis, Anderson, Seims,
//! Fleischer and Salesin, "Computer-generated watercolor" (1997). They are made with filtered masks
//! and noise, as in Bousseau, Kaplan, Thollot and Sillion, "Interactive watercolor rendering" (2006),
//! because a fluid simulation would take seconds.

use image::{Rgb, RgbImage};

use super::mask::Mask;
use super::noise::{NoiseTile, lerp, smoothstep};
use super::rng::Rng;
use super::shape::Shape;
use super::wash::Wash;
use crate::math;
use crate::vision::oklab::Lab;

/// The optical density of the red, green and blue channel; 0 is white paper.
pub type Density = [f32; 3];

/// Returns the pigment that looks like `colour` in a single layer on white paper.
pub fn pigment(colour: Lab) -> Density {
    // No channel is absorbed completely, because a glaze on top would be invisible.
    colour.to_srgb().map(|v| -math::ln(v.clamp(0.02, 0.995)))
}

/// A sheet of paper with paint on it.
#[derive(Debug)]
pub struct Canvas {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// The shorter side in pixels, the unit for sizes of strokes and motifs.
    pub unit: f32,
    /// The low-frequency noise for the flow of water and for hand-drawn outlines.
    pub flow: NoiseTile,
    /// The height of the paper's surface at each pixel, 0-1, row by row.
    paper: Vec<f32>,
    density: Vec<Density>,
}

impl Canvas {
    /// Creates white paper. `roughness` scales the grain of the paper; 1 is cold-pressed paper.
    pub fn new(width: usize, height: usize, roughness: f32, rng: &mut Rng) -> Self {
        let unit = width.min(height) as f32;
        let grain = NoiseTile::grain(rng);
        let scale = 1.0 / (roughness * (unit / 512.0).max(0.6));
        let row = |y: usize| (0..width).map(move |x| (x as f32 * scale, y as f32 * scale));
        let paper = (0..height).flat_map(row).map(|(x, y)| grain.at(x, y)).collect();
        let density = vec![[0.0; 3]; width * height];
        Self { width, height, unit, flow: NoiseTile::flow(rng), paper, density }
    }

    /// Fills `shape` with a wash.
    pub fn wash(&mut self, shape: &Shape, wash: &Wash) {
        let bleed = (wash.bleed * self.unit).round().max(0.0) as usize;
        let rim = (0.006 * self.unit).round().max(1.0) as usize;
        let Some(mask) = Mask::rasterize(shape, (self.width, self.height), bleed * 2 + 1) else {
            return;
        };
        // Glows and snowflakes have no rim, and this blur would be most of their cost.
        let narrow = if wash.rim > 0.0 { mask.blurred(rim) } else { Vec::new() };
        let wide = if bleed > 0 { mask.blurred(bleed) } else { Vec::new() };
        let brush = Brush::new(wash, self.unit);
        for row in 0..mask.height {
            let y = mask.y + row;
            for column in 0..mask.width {
                let i = row * mask.width + column;
                let soft = wide.get(i).copied().unwrap_or(mask.cover[i]);
                if mask.cover[i].max(soft) < 0.004 {
                    continue;
                }
                let x = mask.x + column;
                let cell = y * self.width + x;
                let sample = brush.sample_noise(&self.flow, x as f32, y as f32);
                let cover = brush.coverage(mask.cover[i], soft, self.paper[cell], &sample);
                let pool = narrow.get(i).map_or(0.0, |n| mask.cover[i] * (1.0 - n) * 2.0);
                let amount = cover * brush.pigment_load(pool, self.paper[cell], &sample);
                let old = self.density[cell];
                self.density[cell] = brush.blend_density(old, cover, amount, sample.mix);
            }
        }
    }

    /// Returns the density at a point, so that a motif can be painted to contrast with it.
    pub fn density_at(&self, x: f32, y: f32) -> Density {
        let cx = (x.max(0.0) as usize).min(self.width - 1);
        let cy = (y.max(0.0) as usize).min(self.height - 1);
        self.density[cy * self.width + cx]
    }

    /// Replaces the density of each pixel with the result of `change(x, y, paper height, density)`.
    pub fn map_density(&mut self, mut change: impl FnMut(usize, usize, f32, Density) -> Density) {
        for (i, cell) in self.density.iter_mut().enumerate() {
            *cell = change(i % self.width, i / self.width, self.paper[i], *cell);
        }
    }

    /// Converts the canvas to pixels: dry, on paper of the given colour, lit from the upper left.
    pub fn render(&self, paper: Lab) -> RgbImage {
        let base = pigment(paper);
        // The 8-bit value for each density from 0 to 4, in steps of 1/256.
        let value = |i: i32| (math::exp(-(i as f32) / 256.0) * 255.0).round() as u8;
        let values: Vec<u8> = (0..=1024).map(value).collect();
        RgbImage::from_fn(self.width as u32, self.height as u32, |x, y| {
            let i = y as usize * self.width + x as usize;
            let upper_left =
                if x > 0 && y > 0 { self.paper[i - self.width - 1] } else { self.paper[i] };
            // Slopes of the grain towards the light are a little lighter.
            let relief = (upper_left - self.paper[i]) * 0.045;
            let channel = |c: usize| {
                let d = (self.density[i][c] + base[c] + relief).clamp(0.0, 4.0);
                values[(d * 256.0) as usize]
            };
            Rgb([channel(0), channel(1), channel(2)])
        })
    }
}

/// The values of one pixel of a wash that do not depend on its shape.
struct NoiseSample {
    /// The position on the gradient axis, 0 (start) to 1 (end).
    gradient: f32,
    /// The eddies and bristle marks, about -1 to 1.
    flow: f32,
    /// How wet an edge is at this pixel, 0-1.
    wet: f32,
    /// The share of the second pigment, 0-1.
    mix: f32,
}

/// A wash with its parameters converted to the pixels of a canvas.
struct Brush<'a> {
    wash: &'a Wash,
    along: (f32, f32),
    across: (f32, f32),
    slow: f32,
    gradient: (f32, f32, f32),
}

impl<'a> Brush<'a> {
    fn new(wash: &'a Wash, unit: f32) -> Self {
        let (sin, cos) = math::sin_cos(wash.angle);
        // At scale 1, one tile of noise covers about the shorter side of the canvas.
        let scale = 300.0 / unit * wash.scale;
        let (long, short) = (scale / wash.streak.max(1.0), scale * wash.streak.max(1.0).sqrt());
        let (a, b) = wash.gradient_axis;
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let square = dx * dx + dy * dy;
        let gradient = if square > 1e-3 {
            (dx / square, dy / square, -(a.x * dx + a.y * dy) / square)
        } else {
            (0.0, 0.0, 0.0)
        };
        Self {
            wash,
            along: (cos * long, sin * long),
            across: (-sin * short, cos * short),
            slow: 120.0 / unit,
            gradient,
        }
    }

    #[inline]
    fn sample_noise(&self, noise: &NoiseTile, x: f32, y: f32) -> NoiseSample {
        let w = self.wash;
        let u = x * self.along.0 + y * self.along.1 + w.offset;
        let v = x * self.across.0 + y * self.across.1 + w.offset * 0.37;
        let flow = (noise.at(u, v) - 0.5) * 2.6;
        let slow = noise.at(x * self.slow + w.offset * 1.7, y * self.slow + w.offset);
        let gradient =
            (x * self.gradient.0 + y * self.gradient.1 + self.gradient.2).clamp(0.0, 1.0);
        let variation = (slow - 0.5) * 2.6 * w.mingle;
        let mix = (w.mix + w.mix_gradient * gradient + variation + flow * 0.25 * w.mingle)
            .clamp(0.0, 1.0);
        NoiseSample { gradient, flow, wet: smoothstep(0.42, 0.62, slow), mix }
    }

    #[inline]
    fn coverage(&self, hard: f32, soft: f32, paper: f32, sample: &NoiseSample) -> f32 {
        let w = self.wash;
        let mut cover = hard;
        if w.bleed > 0.0 {
            // A wet edge spreads along the eddies; a dry edge stays sharp.
            let reach = smoothstep(0.28, 0.72, soft + sample.flow * 0.16);
            cover = lerp(hard, lerp(soft, reach, 0.55), (w.wetness * (0.4 + sample.wet)).min(1.0));
        }
        if w.dry > 0.0 {
            let height = paper * 0.6 + sample.flow * 0.22 + 0.2;
            cover *= smoothstep(w.dry - 0.14, w.dry + 0.14, height);
        }
        cover
    }

    #[inline]
    fn pigment_load(&self, pool: f32, paper: f32, sample: &NoiseSample) -> f32 {
        let w = self.wash;
        let strength = lerp(w.strength.0, w.strength.1, sample.gradient);
        let eddies = (w.flow * sample.flow + 1.0).max(0.05);
        let grain = (w.grain * ((0.5 - paper) * 2.0) + 1.0).max(0.1);
        strength * eddies * grain * (w.rim * pool + 1.0)
    }

    #[inline]
    fn blend_density(&self, old: Density, cover: f32, amount: f32, mix: f32) -> Density {
        let w = self.wash;
        let keep = 1.0 - w.lift * cover;
        let add = |c: usize| old[c] * keep + lerp(w.pigments.0[c], w.pigments.1[c], mix) * amount;
        [add(0), add(1), add(2)]
    }
}
