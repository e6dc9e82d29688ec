//! Things, each drawn as a simple silhouette in a few washes.
//!
//! A motif is given a [`Spot`] and keeps to it; its own measures run up from its foot in parts of
//! its height, so that it may be painted at any size.

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

/// Paints `motif` at `spot`.
pub fn paint(e: &mut PaintContext, stage: &SceneLayout, motif: Motif, spot: Placement) {
    match motif {
        Motif::Balloon => afloat::balloon(e, spot),
        Motif::Bird => creature::bird(e, spot),
        Motif::Boat => afloat::boat(e, spot),
        Motif::Fish => creature::fish(e, spot),
        Motif::Kite => afloat::kite(e, spot),
        Motif::Rocket => afloat::rocket(e, spot),
        Motif::Bridge => building::bridge(e, stage, spot),
        Motif::Castle => building::castle(e, spot),
        Motif::Church => building::church(e, spot),
        Motif::House | Motif::Window => building::house(e, spot),
        Motif::Lighthouse => building::lighthouse(e, stage, spot),
        Motif::Tower => building::tower(e, spot),
        Motif::Village => building::village(e, spot),
        Motif::Cat => creature::cat(e, spot),
        Motif::Dog => creature::dog(e, spot),
        Motif::Figure => creature::figure(e, spot, false),
        Motif::Umbrella => creature::figure(e, spot, true),
        Motif::Flower => plant::flower(e, spot),
        Motif::Pine => plant::pine(e, spot),
        Motif::Tree => plant::tree(e, stage, spot),
        Motif::Door => outdoor::door(e, spot),
        Motif::Fence => outdoor::fence(e, stage, spot),
        Motif::Ladder => outdoor::ladder(e, spot),
        Motif::Stairs => outdoor::stairs(e, spot),
        Motif::StreetLamp => outdoor::street_lamp(e, spot),
        Motif::Train => outdoor::train(e, stage, spot),
        Motif::Book => indoor::book(e, spot),
        Motif::Bottle => indoor::bottle(e, spot),
        Motif::Candle => indoor::candle(e, spot),
        Motif::Chair => indoor::chair(e, spot),
        Motif::Clock => indoor::clock(e, spot),
        Motif::Cup => indoor::cup(e, spot),
        Motif::Key => indoor::key(e, spot),
        Motif::Lamp => indoor::lamp(e, spot),
        Motif::Letter => indoor::letter(e, spot),
        Motif::Moon | Motif::Sun | Motif::Star | Motif::Road => {}
    }
}

impl Placement {
    /// A point in the thing's own measures: x to the way it faces, y up, 1 its height.
    pub fn at(&self, x: f32, y: f32) -> Point {
        pt(
            (x * self.height).mul_add(self.facing, self.foot.x),
            y.mul_add(-self.height, self.foot.y),
        )
    }

    /// A polygon in the thing's own measures.
    pub fn poly(&self, points: &[(f32, f32)]) -> Shape {
        Shape::local(self.foot, (self.height, self.height), points)
            .mirrored(self.foot.x, self.facing)
    }

    /// An upright box in the thing's own measures.
    pub fn rect(&self, x0: f32, y0: f32, x1: f32, y1: f32) -> Shape {
        self.poly(&[(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    }

    /// A disc in the thing's own measures.
    pub fn ellipse(&self, x: f32, y: f32, rx: f32, ry: f32) -> Shape {
        Shape::ellipse(self.at(x, y), rx * self.height, ry * self.height)
    }

    /// The same place for a thing of another size, moved by parts of this one's height.
    pub fn sub_placement(&self, x: f32, y: f32, size: f32) -> Self {
        Self { foot: self.at(x, y), height: self.height * size, facing: self.facing }
    }
}

/// A soft shadow on the ground, which seats a thing in its place.
pub fn ground_shadow(e: &mut PaintContext, spot: Placement, wide: f32) {
    let dark = e.palette.dark;
    let size = spot.height * wide;
    let middle = pt(spot.foot.x + size * 0.25, spot.foot.y + size * 0.02);
    let shape = Shape::blob(middle, size, size * 0.11, 0.25, &mut e.rng);
    let wash = e.plain_wash(dark).with_strength(0.5).wet(0.01, 1.0).rimmed(0.2);
    e.lay(&shape, wash);
}
