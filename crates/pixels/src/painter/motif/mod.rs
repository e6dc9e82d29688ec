//! Paints motifs, each as a simple silhouette in a few washes.
//!
//! A motif is painted at a [`Placement`]. Its local coordinates start at its foot, with x in the
//! direction that it faces and y up, in units of its height, so that it can be painted at any size.

mod afloat;
mod building;
mod creature;
mod indoor;
mod outdoor;
mod plant;

pub use indoor::window_panes;
pub use outdoor::street_lamp;
pub use plant::{flower, pine};

use super::context::PaintContext;
use super::layout::{Placement, SceneLayout};
use super::prompt::Motif;
use super::shape::{Point, Shape, pt};

/// Paints `motif` at `spot`. Moon, sun, stars and roads are painted with the sky and the ground
/// instead.
pub fn paint(ctx: &mut PaintContext, layout: &SceneLayout, motif: Motif, spot: Placement) {
    match motif {
        Motif::Balloon => afloat::balloon(ctx, spot),
        Motif::Bird => creature::bird(ctx, spot),
        Motif::Boat => afloat::boat(ctx, spot),
        Motif::Fish => creature::fish(ctx, spot),
        Motif::Kite => afloat::kite(ctx, spot),
        Motif::Rocket => afloat::rocket(ctx, spot),
        Motif::Bridge => building::bridge(ctx, layout, spot),
        Motif::Castle => building::castle(ctx, spot),
        Motif::Church => building::church(ctx, spot),
        Motif::House | Motif::Window => building::house(ctx, spot),
        Motif::Lighthouse => building::lighthouse(ctx, layout, spot),
        Motif::Tower => building::tower(ctx, spot),
        Motif::Village => building::village(ctx, spot),
        Motif::Cat => creature::cat(ctx, spot),
        Motif::Dog => creature::dog(ctx, spot),
        Motif::Figure => creature::figure(ctx, spot, false),
        Motif::Umbrella => creature::figure(ctx, spot, true),
        Motif::Flower => plant::flower(ctx, spot),
        Motif::Pine => plant::pine(ctx, spot),
        Motif::Tree => plant::tree(ctx, layout, spot),
        Motif::Door => outdoor::door(ctx, spot),
        Motif::Fence => outdoor::fence(ctx, layout, spot),
        Motif::Ladder => outdoor::ladder(ctx, spot),
        Motif::Stairs => outdoor::stairs(ctx, spot),
        Motif::StreetLamp => outdoor::street_lamp(ctx, spot),
        Motif::Train => outdoor::train(ctx, layout, spot),
        Motif::Book => indoor::book(ctx, spot),
        Motif::Bottle => indoor::bottle(ctx, spot),
        Motif::Candle => indoor::candle(ctx, spot),
        Motif::Chair => indoor::chair(ctx, spot),
        Motif::Clock => indoor::clock(ctx, spot),
        Motif::Cup => indoor::cup(ctx, spot),
        Motif::Key => indoor::key(ctx, spot),
        Motif::Lamp => indoor::lamp(ctx, spot),
        Motif::Letter => indoor::letter(ctx, spot),
        Motif::Moon | Motif::Sun | Motif::Star | Motif::Road => {}
    }
}

impl Placement {
    /// Converts a point from local coordinates.
    pub fn at(&self, x: f32, y: f32) -> Point {
        pt(x * self.height * self.facing + self.foot.x, self.foot.y - y * self.height)
    }

    /// Creates a polygon from local coordinates.
    pub fn poly(&self, points: &[(f32, f32)]) -> Shape {
        Shape::local(self.foot, (self.height, self.height), points)
            .mirrored(self.foot.x, self.facing)
    }

    /// Creates an axis-aligned rectangle from local coordinates.
    pub fn rect(&self, x0: f32, y0: f32, x1: f32, y1: f32) -> Shape {
        self.poly(&[(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    }

    /// Creates an ellipse from a centre and radii in local coordinates.
    pub fn ellipse(&self, x: f32, y: f32, rx: f32, ry: f32) -> Shape {
        Shape::ellipse(self.at(x, y), rx * self.height, ry * self.height)
    }

    /// Returns a placement for a part of the motif: its foot in local coordinates, and its height as a
    /// fraction of this one's.
    pub fn sub_placement(&self, x: f32, y: f32, size: f32) -> Self {
        Self { foot: self.at(x, y), height: self.height * size, facing: self.facing }
    }
}

/// Paints a soft shadow on the ground, so that the motif does not seem to float. `wide` is half its
/// width, in units of the motif's height.
pub fn ground_shadow(ctx: &mut PaintContext, spot: Placement, wide: f32) {
    let dark = ctx.palette.dark;
    let size = spot.height * wide;
    let middle = pt(spot.foot.x + size * 0.25, spot.foot.y + size * 0.02);
    let shape = Shape::blob(middle, size, size * 0.11, 0.25, &mut ctx.rng);
    let wash = ctx.plain_wash(dark).with_strength(0.5).wet(0.01, 1.0).rimmed(0.2);
    ctx.lay(&shape, wash);
}
