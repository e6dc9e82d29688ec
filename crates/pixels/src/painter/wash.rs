//! The parameters of a wash: its pigments, and how wet and even it is.

use super::canvas::Density;
use super::shape::{Point, pt};

/// The way in which a shape is filled. Start from [`Wash::flat`] and change what differs.
#[derive(Debug, Clone)]
pub struct Wash {
    /// The two pigments that mix in the wash.
    pub pigments: (Density, Density),
    /// The share of the second pigment at the start of the gradient, 0-1.
    pub mix: f32,
    /// The increase of that share up to the end of the gradient.
    pub mix_gradient: f32,
    /// How unevenly the two pigments mix, 0-1.
    pub mingle: f32,
    /// The amount of pigment at the start and at the end of the gradient; 1 gives its full colour.
    pub strength: (f32, f32),
    /// The start and the end of the gradient, in pixels of the canvas. If they are equal, there is no
    /// gradient.
    pub gradient_axis: (Point, Point),
    /// The share of the paint below that is removed first, 0 (a transparent glaze) to 1 (opaque paint).
    pub lift: f32,
    /// The amount of extra pigment at the edge, where it collects as the wash dries.
    pub rim: f32,
    /// The amount of extra pigment in the valleys of the paper.
    pub grain: f32,
    /// The unevenness caused by flowing water, 0-1.
    pub flow: f32,
    /// The frequency of that unevenness: larger is finer.
    pub scale: f32,
    /// The elongation of eddies into bristle marks: 1 is round.
    pub streak: f32,
    /// The direction of the bristle marks, in radians.
    pub angle: f32,
    /// The distance that a wet edge spreads, in units of the canvas's shorter side.
    pub bleed: f32,
    /// How wet the edge is: 0 keeps it sharp, and 2.5 softens all of it.
    pub wetness: f32,
    /// The dryness of the brush: from about 0.3 on, the valleys of the paper stay white.
    pub dry: f32,
    /// The position in the noise; each wash should have another one.
    pub offset: f32,
}

impl Wash {
    /// Creates a wash of one pigment with crisp edges, a slight rim and a slight grain.
    pub const fn flat(pigment: Density, offset: f32) -> Self {
        Self {
            pigments: (pigment, pigment),
            mix: 0.0,
            mix_gradient: 0.0,
            mingle: 0.35,
            strength: (1.0, 1.0),
            gradient_axis: (pt(0.0, 0.0), pt(0.0, 0.0)),
            lift: 0.0,
            rim: 0.55,
            grain: 0.23,
            flow: 0.28,
            scale: 1.0,
            streak: 1.0,
            angle: 0.0,
            bleed: 0.0,
            wetness: 0.0,
            dry: 0.0,
            offset,
        }
    }

    /// Adds a second pigment with the given share and unevenness.
    #[must_use]
    pub const fn with_pigment(mut self, second: Density, mix: f32, mingle: f32) -> Self {
        self.pigments.1 = second;
        self.mix = mix;
        self.mingle = mingle;
        self
    }

    /// Sets the same amount of pigment for the whole wash.
    #[must_use]
    pub const fn with_strength(mut self, strength: f32) -> Self {
        self.strength = (strength, strength);
        self
    }

    /// Sets a vertical gradient between two y coordinates, in pixels, with the strength at each.
    #[must_use]
    pub const fn with_gradient(mut self, top: f32, bottom: f32, strength: (f32, f32)) -> Self {
        self.gradient_axis = (pt(0.0, top), pt(0.0, bottom));
        self.strength = strength;
        self
    }

    /// Makes the edges wet: they spread up to `bleed` units, where `wetness` allows it.
    #[must_use]
    pub const fn wet(mut self, bleed: f32, wetness: f32) -> Self {
        self.bleed = bleed;
        self.wetness = wetness;
        self
    }

    /// Stretches the eddies into bristle marks in the direction `angle`, in radians.
    #[must_use]
    pub const fn streaked(mut self, streak: f32, angle: f32) -> Self {
        self.streak = streak;
        self.angle = angle;
        self
    }

    /// Makes the brush dry, so that the grain of the paper breaks up the stroke.
    #[must_use]
    pub const fn dry(mut self, dry: f32) -> Self {
        self.dry = dry;
        self
    }

    /// Removes this share of the paint below first.
    #[must_use]
    pub const fn lifting(mut self, lift: f32) -> Self {
        self.lift = lift;
        self
    }

    /// Sets the amount of extra pigment at the edge.
    #[must_use]
    pub const fn rimmed(mut self, rim: f32) -> Self {
        self.rim = rim;
        self
    }
}
