//! The painter at work: a sheet, a box of paints, a manner and a hand.

use super::canvas::{Canvas, pigment};
use super::palette::Palette;
use super::prompt::Light;
use super::rng::Rng;
use super::shape::{Point, Shape, pt};
use super::style::{Medium, Style};
use super::wash::Wash;
use crate::vision::oklab::Lab;

/// Everything that scenes and motifs paint with.
#[derive(Debug)]
pub struct PaintContext {
    /// The sheet.
    pub canvas: Canvas,
    /// The hand's chance.
    pub rng: Rng,
    /// The paints.
    pub palette: Palette,
    /// The manner.
    pub style: Style,
    /// The light of the scene.
    pub light: Light,
}

impl PaintContext {
    /// The sheet's shorter side in pixels: sizes are parts of it.
    pub const fn unit(&self) -> f32 {
        self.canvas.unit
    }

    /// A plain wash of `colour`, looked up somewhere new in the noise.
    pub fn plain_wash(&mut self, colour: Lab) -> Wash {
        Wash::flat(pigment(colour), self.rng.range(0.0, 256.0))
    }

    /// A wash of two colours mingling.
    pub fn mixed_wash(&mut self, first: Lab, second: Lab) -> Wash {
        self.plain_wash(first).with_pigment(pigment(second), 0.25, 0.6)
    }

    /// Lays a wash in this picture's manner, its outline drawn by hand.
    pub fn lay(&mut self, shape: &Shape, wash: Wash) {
        let amount = 0.007 * self.unit() * self.style.looseness;
        self.lay_within(shape, wash, amount);
    }

    /// Lays a wash whose outline strays by at most `amount` pixels; small things need steady hands.
    pub fn lay_within(&mut self, shape: &Shape, mut wash: Wash, amount: f32) {
        let m = &self.style;
        wash.rim *= m.rim;
        wash.grain *= m.grain;
        if wash.dry > 0.0 || matches!(m.medium, Medium::Charcoal | Medium::Pastel) {
            wash.dry += m.dry;
        }
        // Body colour covers where paint is meant to cover; what is soft stays soft.
        if wash.lift > 0.8 {
            wash.lift = wash.lift.max(m.lift);
        }
        let step = (0.02 * self.canvas.unit).max(2.0);
        let drawn = shape.hand_drawn(&self.canvas.flow, amount, step, wash.offset);
        self.canvas.wash(&drawn, &wash);
    }

    /// A thing's body: the ground below is mostly lifted, so that it reads against anything; then
    /// perhaps a pen line.
    pub fn paint_form(&mut self, shape: &Shape, colour: Lab, second: Lab) {
        let wash = self.mixed_wash(colour, second).lifting(0.93);
        self.paint_form_with(shape, wash);
    }

    /// As [`Self::form`], with a wash of one's own.
    pub fn paint_form_with(&mut self, shape: &Shape, wash: Wash) {
        let amount = 0.003 * self.unit() * self.style.looseness;
        self.lay_within(shape, wash, amount);
        self.outline(shape, 1.0);
    }

    /// A transparent shadow or tint over what is there.
    pub fn glaze(&mut self, shape: &Shape, colour: Lab, strength: f32) {
        let wash = self.plain_wash(colour).with_strength(strength).rimmed(0.25);
        let amount = 0.003 * self.unit();
        self.lay_within(shape, wash, amount);
    }

    /// A drawn line of about `weight` times the usual width, whatever the manner.
    pub fn line(&mut self, path: &[Point], weight: f32, colour: Lab, strength: f32) {
        if path.len() < 2 {
            return;
        }
        let usual = (0.0042 * self.unit()).max(0.9) * weight;
        let swell = self.rng.range(0.2, 0.5);
        let shape = Shape::stroke(path, |t| {
            usual * swell.mul_add((t * 7.0).sin(), 1.0) * (0.55 + (t * (1.0 - t)).sqrt() * 0.9)
        });
        let wash = self.plain_wash(colour).with_strength(strength).rimmed(0.0);
        let amount = 0.0035 * self.unit() * self.style.looseness;
        self.lay_within(&shape, wash, amount);
    }

    /// The pen's line along a shape's outline, where this manner draws.
    pub fn outline(&mut self, shape: &Shape, weight: f32) {
        if self.style.line <= 0.0 {
            return;
        }
        let strength = self.style.line;
        let ink = self.palette.dark.with_lightness_and_chroma(0.2, 0.6);
        let slip = 0.004 * self.unit();
        for contour in &shape.contours {
            let (dx, dy) = (self.rng.triangular() * slip, self.rng.triangular() * slip);
            let mut path: Vec<Point> = contour.iter().map(|p| pt(p.x + dx, p.y + dy)).collect();
            // The pen starts anywhere and does not always close its round.
            let start = self.rng.int_range(0, path.len().saturating_sub(1));
            path.rotate_left(start);
            if let Some(&first) = path.first()
                && self.rng.random_bool(0.7)
            {
                path.push(first);
            }
            self.line(&path, 0.62 * weight, ink, strength);
        }
    }

    /// Light spreading from a lamp, a window or the moon: paint thins out and takes its colour.
    pub fn glow(&mut self, centre: Point, radius: f32, colour: Lab, amount: f32) {
        let tint = pigment(colour);
        let rings = [(1.25, 0.2), (0.8, 0.3), (0.5, 0.36), (0.28, 0.45)];
        for (part, lift) in rings {
            let reach = radius * part;
            let lumpy = Shape::blob(centre, reach * 0.8, reach * 0.8, 0.16, &mut self.rng);
            let offset = self.rng.range(0.0, 256.0);
            let wash = Wash::flat(tint, offset)
                .with_strength(0.55 * lift * amount)
                .lifting(lift * amount)
                .rimmed(0.0)
                .wet(reach * 0.34 / self.unit(), 1.6);
            self.canvas.wash(&lumpy, &wash);
        }
    }

    /// Small round drops around a place, as from a tapped brush.
    pub fn spatter(&mut self, centre: Point, reach: f32, count: usize, wash: &Wash) {
        for _ in 0..count {
            let x = centre.x + self.rng.triangular() * reach;
            let y = centre.y + self.rng.triangular() * reach;
            let size = self.unit() * 0.0012 / self.rng.range(0.18, 1.0);
            let drop = Shape::ellipse(pt(x, y), size, size * self.rng.range(0.8, 1.3));
            let mut wash = wash.clone();
            wash.offset = self.rng.range(0.0, 256.0);
            self.canvas.wash(&drop, &wash);
        }
    }

    /// Whether lamps and windows are lit.
    pub const fn has_lit_lamps(&self) -> bool {
        super::palette::has_lit_lamps(self.light)
    }
}
