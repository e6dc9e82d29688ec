//! Where things are on the sheet: horizon, places to stand, the point of interest.

use super::noise::lerp;
use super::prompt::{Light, Motif, ParsedPrompt, Setting, Weather};
use super::rng::Rng;
use super::shape::{Point, pt};
use calliope_domain::Season;

/// A rectangle of the sheet that a scene is painted into, and its lie.
#[derive(Debug, Clone)]
pub struct SceneLayout {
    /// Left, top, right and bottom in pixels.
    pub view: (f32, f32, f32, f32),
    /// The height of the horizon on the sheet, in pixels from its top.
    pub horizon: f32,
    /// Size of things: about the view's shorter side, in pixels.
    pub unit: f32,
    /// Where the main thing is drawn to.
    pub focus: Point,
    /// The scene.
    pub setting: Setting,
    /// The light.
    pub light: Light,
    /// What falls or drifts.
    pub weather: Option<Weather>,
    /// The season, where known.
    pub season: Option<Season>,
}

/// A place for one thing.
#[derive(Debug, Clone, Copy)]
pub struct Placement {
    /// The middle of its foot.
    pub foot: Point,
    /// Its height in pixels.
    pub height: f32,
    /// The way it faces: -1 left, 1 right.
    pub facing: f32,
}

impl SceneLayout {
    /// A stage over `view`, its interest at `focus` (parts of the view).
    pub fn new(
        reading: &ParsedPrompt,
        setting: Setting,
        view: (f32, f32, f32, f32),
        focus: (f32, f32),
        rng: &mut Rng,
    ) -> Self {
        let (x0, y0, x1, y1) = view;
        let (low, high) = match setting {
            Setting::Sea => (0.38, 0.76),
            Setting::Mountains => (0.6, 0.76),
            Setting::Forest | Setting::Garden => (0.5, 0.64),
            Setting::Town => (0.62, 0.74),
            _ => (0.42, 0.76),
        };
        // The horizon follows the photo's point of interest, within what the scene can bear.
        let wish = (focus.1 + 0.12).clamp(low, high);
        let level = lerp(rng.range(low, high), wish, 0.4);
        let unit = (x1 - x0).min((y1 - y0) * 1.1);
        Self {
            view,
            horizon: lerp(y0, y1, level),
            unit,
            focus: pt(lerp(x0, x1, focus.0), lerp(y0, y1, focus.1)),
            setting,
            light: reading.light,
            weather: reading.weather,
            season: reading.season,
        }
    }

    /// A point at parts of the view's width and height.
    pub fn at(&self, x: f32, y: f32) -> Point {
        pt(lerp(self.view.0, self.view.2, x), lerp(self.view.1, self.view.3, y))
    }

    /// The sheet height of ground at a depth from 0 (horizon) to 1 (bottom edge).
    pub fn ground(&self, depth: f32) -> f32 {
        lerp(self.horizon, self.view.3, depth)
    }

    /// Width of the view in pixels.
    pub const fn width(&self) -> f32 {
        self.view.2 - self.view.0
    }

    /// Height of the view in pixels.
    pub const fn height(&self) -> f32 {
        self.view.3 - self.view.1
    }

    /// Whether the ground is white.
    pub fn has_snow(&self) -> bool {
        self.weather == Some(Weather::Snow)
    }

    /// A place for the `order`-th of the things on the ground: the first at the focus and large, the
    /// others further away on alternating sides.
    pub fn place(&self, motif: Motif, order: usize, rng: &mut Rng) -> Placement {
        let main = order == 0;
        let centre = (self.focus.x - self.view.0) / self.width();
        let x = match order {
            0 => centre.clamp(0.24, 0.76),
            1 if centre < 0.5 => rng.range(0.68, 0.84),
            1 => rng.range(0.16, 0.32),
            _ if centre < 0.5 => rng.range(0.42, 0.58),
            _ => rng.range(0.4, 0.55),
        };
        let depth = if main { rng.range(0.12, 0.56) } else { rng.range(0.12, 0.4) };
        let size = if main { rng.range(0.72, 1.4) } else { rng.range(0.5, 0.75) };
        let height = main_height(motif) * size * self.unit;
        let foot = pt(self.at(x, 0.0).x, self.ground(depth));
        // Nothing may grow out of the sheet's top.
        let room = (foot.y - self.view.1) * 0.92;
        let side = if x < 0.5 { 1.0 } else { -1.0 };
        Placement { foot, height: height.min(room), facing: side }
    }
}

/// How tall a thing stands when it is the main one, in units of the view.
const fn main_height(motif: Motif) -> f32 {
    match motif {
        Motif::Lighthouse | Motif::Tower | Motif::Rocket => 0.5,
        Motif::Tree | Motif::Church | Motif::Pine => 0.46,
        Motif::Castle | Motif::StreetLamp | Motif::Ladder => 0.42,
        Motif::Door | Motif::Stairs => 0.38,
        Motif::Boat | Motif::Flower | Motif::Umbrella => 0.33,
        Motif::House | Motif::Figure | Motif::Lamp => 0.3,
        Motif::Village | Motif::Bridge | Motif::Cat => 0.22,
        Motif::Dog | Motif::Fish => 0.18,
        Motif::Train | Motif::Fence => 0.13,
        _ => 0.26,
    }
}
