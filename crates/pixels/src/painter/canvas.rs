//! The sheet of paper and what water and pigment do on it.
//!
//! The sheet keeps *optical density*, not colour: pigment adds to it (Beer and Lambert), so layers
//! glaze over each other as transparent paint does, and only the finished sheet is turned into
//! pixels. The effects - darkened edges, backruns, granulation, dry brush - are those that Curtis,
//! Anderson, Seims, Fleischer and Salesin simulate in "Computer-generated watercolor" (1997), here
//! made with filtered masks and noise as Bousseau, Kaplan, Thollot and Sillion do in "Interactive
//! watercolor rendering" (2006), because a fluid simulation would take seconds.

use image::{Rgb, RgbImage};

use super::mask::Mask;
use super::noise::{NoiseTile, lerp, smoothstep};
use super::rng::Rng;
use super::shape::Shape;
use super::wash::Wash;
use crate::vision::oklab::Lab;

/// Optical density of each colour channel: 0 leaves the paper white.
pub type Density = [f32; 3];

/// The pigment that shows as `colour` when laid once over white paper.
pub fn pigment(colour: Lab) -> Density {
    // No channel is fully absorbed, or a glaze could never be seen on top.
    colour.to_srgb().map(|v| -v.clamp(0.02, 0.995).ln())
}

/// A sheet in work.
#[derive(Debug)]
pub struct Canvas {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// The shorter side: the unit in which sizes of strokes and things are thought of.
    pub unit: f32,
    /// Slow noise, for flowing water and unsteady hands.
    pub flow: NoiseTile,
    /// Height of the paper's surface, 0-1, pixel by pixel.
    paper: Vec<f32>,
    density: Vec<Density>,
}

impl Canvas {
    /// A white sheet. `roughness` stretches the paper's grain: 1 is cold-pressed.
    pub fn new(width: usize, height: usize, roughness: f32, rng: &mut Rng) -> Self {
        let unit = width.min(height) as f32;
        let grain = NoiseTile::grain(rng);
        let scale = 1.0 / (roughness * (unit / 512.0).max(0.6));
        let row = |y: usize| (0..width).map(move |x| (x as f32 * scale, y as f32 * scale));
        let paper = (0..height).flat_map(row).map(|(x, y)| grain.at(x, y)).collect();
        let density = vec![[0.0; 3]; width * height];
        Self { width, height, unit, flow: NoiseTile::flow(rng), paper, density }
    }

    /// Lays a wash into `shape`.
    pub fn wash(&mut self, shape: &Shape, wash: &Wash) {
        let bleed = (wash.bleed * self.unit).round().max(0.0) as usize;
        let rim = (0.006 * self.unit).round().max(1.0) as usize;
        let Some(mask) = Mask::rasterize(shape, (self.width, self.height), bleed * 2 + 1) else {
            return;
        };
        // Glows and flakes have no rim; most of their cost would be this blur.
        let near = if wash.rim > 0.0 { mask.blurred(rim) } else { Vec::new() };
        let far = if bleed > 0 { mask.blurred(bleed) } else { Vec::new() };
        let brush = Brush::new(wash, self.unit);
        for row in 0..mask.height {
            let y = mask.y + row;
            for column in 0..mask.width {
                let i = row * mask.width + column;
                let soft = far.get(i).copied().unwrap_or(mask.cover[i]);
                if mask.cover[i].max(soft) < 0.004 {
                    continue;
                }
                let x = mask.x + column;
                let cell = y * self.width + x;
                let spot = brush.sample_noise(&self.flow, x as f32, y as f32);
                let cover = brush.coverage(mask.cover[i], soft, self.paper[cell], &spot);
                let pool = near.get(i).map_or(0.0, |n| mask.cover[i] * (1.0 - n) * 2.0);
                let amount = cover * brush.pigment_load(pool, self.paper[cell], &spot);
                let old = self.density[cell];
                self.density[cell] = brush.blend_density(old, cover, amount, spot.mix);
            }
        }
    }

    /// The density at a point, for painting with what is already there.
    pub fn density_at(&self, x: f32, y: f32) -> Density {
        let cx = (x.max(0.0) as usize).min(self.width - 1);
        let cy = (y.max(0.0) as usize).min(self.height - 1);
        self.density[cy * self.width + cx]
    }

    /// Changes every pixel's density by `change(x, y, paper height, density)`.
    pub fn map_density(&mut self, mut change: impl FnMut(usize, usize, f32, Density) -> Density) {
        for (i, cell) in self.density.iter_mut().enumerate() {
            *cell = change(i % self.width, i / self.width, self.paper[i], *cell);
        }
    }

    /// The dry sheet under even light from the upper left, on paper of the given colour.
    pub fn render(&self, paper: Lab) -> RgbImage {
        let base = pigment(paper);
        let through: Vec<f32> = (0..=1024).map(|i| (-(i as f32) / 256.0).exp() * 255.0).collect();
        RgbImage::from_fn(self.width as u32, self.height as u32, |x, y| {
            let i = y as usize * self.width + x as usize;
            let behind =
                if x > 0 && y > 0 { self.paper[i - self.width - 1] } else { self.paper[i] };
            // The grain's slopes catch the light a little.
            let relief = (behind - self.paper[i]) * 0.045;
            let shown = |c: usize| {
                let d = (self.density[i][c] + base[c] + relief).clamp(0.0, 4.0);
                through[(d * 256.0) as usize].round() as u8
            };
            Rgb([shown(0), shown(1), shown(2)])
        })
    }
}

/// What the noise says about one pixel of a wash.
struct NoiseSample {
    /// How far the fall from one end of the wash to the other has come, 0-1.
    gradient: f32,
    /// Eddies and bristle marks, about -1 to 1.
    flow: f32,
    /// Where the edge is wet, 0-1.
    wet: f32,
    /// The part of the second pigment, 0-1.
    mix: f32,
}

/// A wash made ready for a canvas: its numbers in pixels.
struct Brush<'a> {
    wash: &'a Wash,
    along: (f32, f32),
    across: (f32, f32),
    slow: f32,
    gradient: (f32, f32, f32),
}

impl<'a> Brush<'a> {
    fn new(wash: &'a Wash, unit: f32) -> Self {
        let (sin, cos) = wash.angle.sin_cos();
        // At scale 1 a tile spans the sheet's shorter side about once.
        let scale = 300.0 / unit * wash.scale;
        let (long, short) = (scale / wash.streak.max(1.0), scale * wash.streak.max(1.0).sqrt());
        let (a, b) = wash.gradient_axis;
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let square = dx.mul_add(dx, dy * dy);
        let fall = if square > 1e-3 {
            (dx / square, dy / square, -(a.x * dx + a.y * dy) / square)
        } else {
            (0.0, 0.0, 0.0)
        };
        Self {
            wash,
            along: (cos * long, sin * long),
            across: (-sin * short, cos * short),
            slow: 120.0 / unit,
            gradient: fall,
        }
    }

    #[inline]
    fn sample_noise(&self, noise: &NoiseTile, x: f32, y: f32) -> NoiseSample {
        let w = self.wash;
        let u = x.mul_add(self.along.0, y * self.along.1) + w.offset;
        let v = x.mul_add(self.across.0, y * self.across.1) + w.offset * 0.37;
        let flow = (noise.at(u, v) - 0.5) * 2.6;
        let slow = noise.at(x.mul_add(self.slow, w.offset * 1.7), y * self.slow + w.offset);
        let fall =
            x.mul_add(self.gradient.0, y.mul_add(self.gradient.1, self.gradient.2)).clamp(0.0, 1.0);
        let wander = (slow - 0.5) * 2.6 * w.mingle;
        let mix = (w.mix + w.mix_gradient * fall + wander + flow * 0.25 * w.mingle).clamp(0.0, 1.0);
        NoiseSample { gradient: fall, flow, wet: smoothstep(0.42, 0.62, slow), mix }
    }

    #[inline]
    fn coverage(&self, hard: f32, soft: f32, paper: f32, spot: &NoiseSample) -> f32 {
        let w = self.wash;
        let mut cover = hard;
        if w.bleed > 0.0 {
            // Wet edges reach along the eddies; where the paper was dry the edge stays.
            let reach = smoothstep(0.28, 0.72, soft + spot.flow * 0.16);
            cover = lerp(hard, lerp(soft, reach, 0.55), (w.wetness * (0.4 + spot.wet)).min(1.0));
        }
        if w.dry > 0.0 {
            let height = paper * 0.6 + spot.flow * 0.22 + 0.2;
            cover *= smoothstep(w.dry - 0.14, w.dry + 0.14, height);
        }
        cover
    }

    #[inline]
    fn pigment_load(&self, pool: f32, paper: f32, spot: &NoiseSample) -> f32 {
        let w = self.wash;
        let fall = lerp(w.strength.0, w.strength.1, spot.gradient);
        let eddies = w.flow.mul_add(spot.flow, 1.0).max(0.05);
        let grain = w.grain.mul_add((0.5 - paper) * 2.0, 1.0).max(0.1);
        fall * eddies * grain * w.rim.mul_add(pool, 1.0)
    }

    #[inline]
    fn blend_density(&self, old: Density, cover: f32, amount: f32, mix: f32) -> Density {
        let w = self.wash;
        let keep = 1.0 - w.lift * cover;
        let add =
            |c: usize| old[c].mul_add(keep, lerp(w.pigments.0[c], w.pigments.1[c], mix) * amount);
        [add(0), add(1), add(2)]
    }
}
