//! Places the horizon, the focus and the motifs on the canvas.

use super::noise::lerp;
use super::prompt::{Light, Motif, PaintedWeather, ParsedPrompt, Setting};
use super::rng::Rng;
use super::shape::{Point, pt};
use calliope_domain::Season;

/// The rectangle of the canvas into which a scene is painted, and the composition of the scene.
#[derive(Debug, Clone)]
pub struct SceneLayout {
    /// The left, top, right and bottom of the rectangle, in pixels of the canvas.
    pub view: (f32, f32, f32, f32),
    /// The horizon, in pixels from the top of the canvas.
    pub horizon: f32,
    /// The unit for sizes: about the shorter side of the view, in pixels.
    pub unit: f32,
    /// The position of the main motif, in pixels of the canvas.
    pub focus: Point,
    /// The place that the scene shows.
    pub setting: Setting,
    /// The light.
    pub light: Light,
    /// The weather; `None` for none in particular.
    pub weather: Option<PaintedWeather>,
    /// The season; `None` if unknown.
    pub season: Option<Season>,
}

/// The position and size of a motif.
#[derive(Debug, Clone, Copy)]
pub struct Placement {
    /// The middle of the motif's foot, in pixels of the canvas.
    pub foot: Point,
    /// The height of the motif in pixels.
    pub height: f32,
    /// The direction that the motif faces: -1 is left, 1 is right.
    pub facing: f32,
}

impl SceneLayout {
    /// Lays out a scene in `view`; `focus` is given as fractions of the view.
    pub fn new(
        prompt: &ParsedPrompt,
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
        // The horizon follows the focus, within the range that suits the setting.
        let preferred = (focus.1 + 0.12).clamp(low, high);
        let level = lerp(rng.range(low, high), preferred, 0.4);
        let unit = (x1 - x0).min((y1 - y0) * 1.1);
        Self {
            view,
            horizon: lerp(y0, y1, level),
            unit,
            focus: pt(lerp(x0, x1, focus.0), lerp(y0, y1, focus.1)),
            setting,
            light: prompt.light,
            weather: prompt.weather,
            season: prompt.season,
        }
    }

    /// Returns the point at fractions of the view's width and height.
    pub fn at(&self, x: f32, y: f32) -> Point {
        pt(lerp(self.view.0, self.view.2, x), lerp(self.view.1, self.view.3, y))
    }

    /// Returns the y coordinate of the ground at a depth from 0 (horizon) to 1 (bottom edge).
    pub fn ground(&self, depth: f32) -> f32 {
        lerp(self.horizon, self.view.3, depth)
    }

    /// Returns the width of the view in pixels.
    pub const fn width(&self) -> f32 {
        self.view.2 - self.view.0
    }

    /// Returns the height of the view in pixels.
    pub const fn height(&self) -> f32 {
        self.view.3 - self.view.1
    }

    /// Reports whether the ground is covered with snow.
    pub fn has_snow(&self) -> bool {
        self.weather == Some(PaintedWeather::Snow)
    }

    /// Places the motif number `order`, counted from 0, on the ground. The first is large and at the
    /// focus; the others are smaller, further away and to its sides.
    pub fn place(&self, motif: Motif, order: usize, rng: &mut Rng) -> Placement {
        let is_main = order == 0;
        let centre = (self.focus.x - self.view.0) / self.width();
        let x = match order {
            0 => centre.clamp(0.24, 0.76),
            1 if centre < 0.5 => rng.range(0.68, 0.84),
            1 => rng.range(0.16, 0.32),
            _ if centre < 0.5 => rng.range(0.42, 0.58),
            _ => rng.range(0.4, 0.55),
        };
        let depth = if is_main { rng.range(0.12, 0.56) } else { rng.range(0.12, 0.4) };
        let size = if is_main { rng.range(0.72, 1.4) } else { rng.range(0.5, 0.75) };
        let height = main_height(motif) * size * self.unit;
        let foot = pt(self.at(x, 0.0).x, self.ground(depth));
        // The motif must not reach beyond the top of the view.
        let max_height = (foot.y - self.view.1) * 0.92;
        let side = if x < 0.5 { 1.0 } else { -1.0 };
        Placement { foot, height: height.min(max_height), facing: side }
    }
}

/// Returns the usual height of the main motif, in units of [`SceneLayout::unit`].
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
