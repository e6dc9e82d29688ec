//! The painting operations that scenes and motifs share.

use super::canvas::{Canvas, pigment};
use super::palette::Palette;
use super::prompt::Light;
use super::rng::Rng;
use super::shape::{Point, Shape, pt};
use super::style::{Medium, Style};
use super::wash::Wash;
use crate::math;
use crate::vision::oklab::Lab;

/// The canvas of a picture, with the palette, style and random numbers to paint on it.
#[derive(Debug)]
pub struct PaintContext {
    /// The canvas.
    pub canvas: Canvas,
    /// The random numbers for composition and brush strokes.
    pub rng: Rng,
    /// The colours.
    pub palette: Palette,
    /// The style of painting.
    pub style: Style,
    /// The light of the scene.
    pub light: Light,
}

impl PaintContext {
    /// Returns the shorter side of the canvas in pixels, the unit for sizes.
    pub const fn unit(&self) -> f32 {
        self.canvas.unit
    }

    /// Returns a wash of `colour` with a random noise offset.
    pub fn plain_wash(&mut self, colour: Lab) -> Wash {
        Wash::flat(pigment(colour), self.rng.range(0.0, 256.0))
    }

    /// Returns a wash in which two colours mix.
    pub fn mixed_wash(&mut self, first: Lab, second: Lab) -> Wash {
        self.plain_wash(first).with_pigment(pigment(second), 0.25, 0.6)
    }

    /// Paints a wash in the style of the picture, with a hand-drawn outline.
    pub fn lay(&mut self, shape: &Shape, wash: Wash) {
        let amount = 0.007 * self.unit() * self.style.looseness;
        self.lay_within(shape, wash, amount);
    }

    /// Paints a wash whose outline is moved by about `amount` pixels. Small shapes need small amounts.
    pub fn lay_within(&mut self, shape: &Shape, mut wash: Wash, amount: f32) {
        let style = &self.style;
        wash.rim *= style.rim;
        wash.grain *= style.grain;
        if wash.dry > 0.0 || matches!(style.medium, Medium::Charcoal | Medium::Pastel) {
            wash.dry += style.dry;
        }
        // An opaque medium makes only those washes more opaque that already cover what is below.
        if wash.lift > 0.8 {
            wash.lift = wash.lift.max(style.lift);
        }
        let step = (0.02 * self.canvas.unit).max(2.0);
        let drawn = shape.hand_drawn(&self.canvas.flow, amount, step, wash.offset);
        self.canvas.wash(&drawn, &wash);
    }

    /// Paints the body of a motif in two colours, with a pen line if the style has one. It removes
    /// most of the paint below, so that the motif stands out against any background.
    pub fn paint_form(&mut self, shape: &Shape, colour: Lab, second: Lab) {
        let wash = self.mixed_wash(colour, second).lifting(0.93);
        self.paint_form_with(shape, wash);
    }

    /// Paints the body of a motif like [`Self::paint_form`], with the given wash.
    pub fn paint_form_with(&mut self, shape: &Shape, wash: Wash) {
        let amount = 0.003 * self.unit() * self.style.looseness;
        self.lay_within(shape, wash, amount);
        self.outline(shape, 1.0);
    }

    /// Paints a transparent shadow or tint over what is below.
    pub fn glaze(&mut self, shape: &Shape, colour: Lab, strength: f32) {
        let wash = self.plain_wash(colour).with_strength(strength).rimmed(0.25);
        let amount = 0.003 * self.unit();
        self.lay_within(shape, wash, amount);
    }

    /// Draws a line of about `weight` times the usual width, in every style.
    pub fn line(&mut self, path: &[Point], weight: f32, colour: Lab, strength: f32) {
        if path.len() < 2 {
            return;
        }
        let usual = (0.0042 * self.unit()).max(0.9) * weight;
        let swell = self.rng.range(0.2, 0.5);
        let shape = Shape::stroke(path, |t| {
            usual * (swell * math::sin(t * 7.0) + 1.0) * (0.55 + (t * (1.0 - t)).sqrt() * 0.9)
        });
        let wash = self.plain_wash(colour).with_strength(strength).rimmed(0.0);
        let amount = 0.0035 * self.unit() * self.style.looseness;
        self.lay_within(&shape, wash, amount);
    }

    /// Draws a pen line along the outline of a shape, if the style has pen lines.
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
            // The line starts at a random point and does not always close.
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

    /// Paints the light around a lamp, a window or the moon: thins the paint below and tints it with
    /// `colour`, in four overlapping discs of up to about `radius` pixels.
    pub fn glow(&mut self, centre: Point, radius: f32, colour: Lab, amount: f32) {
        let tint = pigment(colour);
        let rings = [(1.25, 0.2), (0.8, 0.3), (0.5, 0.36), (0.28, 0.45)];
        for (fraction, lift) in rings {
            let reach = radius * fraction;
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

    /// Paints small round drops around a point, up to `reach` pixels away, as from a tapped brush.
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

    /// Reports whether lamps and windows are lit.
    pub const fn has_lit_lamps(&self) -> bool {
        super::palette::has_lit_lamps(self.light)
    }
}
