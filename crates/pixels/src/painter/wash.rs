//! One laying-on of paint: which pigments, how wet, how even.

use super::canvas::Density;
use super::shape::{Point, pt};

/// How a shape is filled. Start from one of the named handlings and change what differs.
#[derive(Debug, Clone)]
pub struct Wash {
    /// Two pigments that mingle in the wash.
    pub pigments: (Density, Density),
    /// The part of the second pigment at the start of the fall, 0-1.
    pub mix: f32,
    /// How much more of the second pigment there is at the end of the fall.
    pub mix_gradient: f32,
    /// How unevenly the two mingle, 0-1.
    pub mingle: f32,
    /// How much paint is laid at the start and at the end of the fall; 1 shows the pigment's colour.
    pub strength: (f32, f32),
    /// From where to where on the sheet the wash changes, in pixels.
    pub gradient_axis: (Point, Point),
    /// The part of what lies below that the brush takes away first, 0 (a glaze) to 1 (body colour).
    pub lift: f32,
    /// Pigment carried to the edge as the wash dries.
    pub rim: f32,
    /// Pigment settled in the valleys of the paper.
    pub grain: f32,
    /// Unevenness from water, 0-1.
    pub flow: f32,
    /// Size of that unevenness: larger is finer.
    pub scale: f32,
    /// How far eddies are drawn out into bristle marks: 1 is round.
    pub streak: f32,
    /// Direction of the bristle marks, in radians.
    pub angle: f32,
    /// How far a wet edge spreads, in units of the sheet's shorter side.
    pub bleed: f32,
    /// How much of the edge is wet, 0-1.
    pub wetness: f32,
    /// How dry the brush is: from about 0.3 the paper's valleys stay white.
    pub dry: f32,
    /// Where in the noise the wash is looked up; different for each wash.
    pub offset: f32,
}

impl Wash {
    /// A plain wash of one pigment: crisp, a little pooled and granulated.
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

    /// With a second pigment running into the first.
    #[must_use]
    pub const fn with_pigment(mut self, second: Density, mix: f32, mingle: f32) -> Self {
        self.pigments.1 = second;
        self.mix = mix;
        self.mingle = mingle;
        self
    }

    /// Stronger or weaker as a whole.
    #[must_use]
    pub const fn with_strength(mut self, strength: f32) -> Self {
        self.strength = (strength, strength);
        self
    }

    /// Changing from one strength to another between two heights on the sheet, in pixels.
    #[must_use]
    pub const fn with_gradient(mut self, top: f32, bottom: f32, strength: (f32, f32)) -> Self {
        self.gradient_axis = (pt(0.0, top), pt(0.0, bottom));
        self.strength = strength;
        self
    }

    /// Wet in wet: edges spread up to `bleed` units, `wetness` of them.
    #[must_use]
    pub const fn wet(mut self, bleed: f32, wetness: f32) -> Self {
        self.bleed = bleed;
        self.wetness = wetness;
        self
    }

    /// Drawn out into bristle marks along `angle`.
    #[must_use]
    pub const fn streaked(mut self, streak: f32, angle: f32) -> Self {
        self.streak = streak;
        self.angle = angle;
        self
    }

    /// With a brush so dry that the paper's grain breaks the stroke.
    #[must_use]
    pub const fn dry(mut self, dry: f32) -> Self {
        self.dry = dry;
        self
    }

    /// Taking this part of the paint below away first.
    #[must_use]
    pub const fn lifting(mut self, lift: f32) -> Self {
        self.lift = lift;
        self
    }

    /// With this much pooling at the edge.
    #[must_use]
    pub const fn rimmed(mut self, rim: f32) -> Self {
        self.rim = rim;
        self
    }
}
