//! Paints an illustration in watercolour washes from a text, colours and a seed, without a model.
//!
//! - `prompt` finds a scene, motifs, light, weather and season in the words, with the words of
//!   `lexicon`.
//! - `style` chooses the medium, and `palette` the colours: those of a photo, or a scheme from
//!   `colour_schemes`.
//! - `layout` places the horizon and the motifs; `scene`, `motif`, `sky`, `land`, `water` and
//!   `weather` paint them with the operations of `context`.
//! - `canvas` lays the washes on rough paper, from far to near; `finish` adds drops and a margin.
//!
//! The result depends on the request alone: the same request always gives the same picture.

mod canvas;
mod colour_schemes;
mod context;
mod finish;
mod land;
mod layout;
mod lexicon;
mod mask;
mod motif;
mod noise;
mod palette;
mod prompt;
mod rng;
mod scene;
mod shape;
mod sky;
mod style;
#[cfg(test)]
mod tests;
mod wash;
mod water;
mod weather;
mod working_size;

use image::RgbImage;

use self::canvas::Canvas;
use self::context::PaintContext;
use self::palette::Palette;
use self::prompt::ParsedPrompt;
use self::rng::Rng;
use self::style::Style;
use self::working_size::WorkingSize;
use calliope_domain::{ImageFeatures, Size};

/// A picture to paint.
#[derive(Debug, Clone, Copy)]
pub struct PaintRequest<'a> {
    /// The style and the content of the picture in English words. Unknown words are ignored.
    pub prompt: &'a str,
    /// The size of the picture in pixels.
    pub size: Size,
    /// The seed of all random choices.
    pub seed: u64,
    /// The features of a photo, whose colours and focus the picture takes up; `None` to choose both
    /// at random.
    pub features: Option<&'a ImageFeatures>,
}

/// Paints a picture of exactly the requested size; a side of 0 counts as 1.
///
/// The picture is painted with a longest side of at most 768 pixels and then enlarged, so the time
/// for a larger size grows only with the enlarging.
#[must_use]
pub fn paint(request: &PaintRequest<'_>) -> RgbImage {
    let tokens = prompt::tokenize(request.prompt);
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let prompt = ParsedPrompt::from_words(&tokens);
    let seed = request.seed ^ rng::fnv1a(request.prompt).rotate_left(17);
    let features = request.features;

    // Each part has its own random stream, so that a change to one does not change the others.
    let style = Style::from_words(&tokens, &mut Rng::new(seed, 1));
    let palette = Palette::choose(&prompt, features, &style, &mut Rng::new(seed, 2));
    let focus = focus(features.map(|f| f.focus), &mut Rng::new(seed, 3));
    let working_size = WorkingSize::for_request(request.size);
    let canvas = Canvas::new(
        working_size.width,
        working_size.height,
        style.roughness,
        &mut Rng::new(seed, 4),
    );
    let paper = palette.paper;
    let light = prompt.light;
    let mut context = PaintContext { canvas, rng: Rng::new(seed, 5), palette, style, light };
    scene::paint(&mut context, &prompt, focus);
    finish::paint(&mut context);
    working_size.resize_to_request(context.canvas.render(paper), focus)
}

/// Returns the position of the main motif, as fractions of width and height: near the focus of the
/// photo, or near one or two thirds of the width if there is no photo.
fn focus(photo_focus: Option<(f32, f32)>, rng: &mut Rng) -> (f32, f32) {
    let third = if rng.random_bool(0.5) { 0.34 } else { 0.66 };
    let (x, y) =
        photo_focus.filter(|(x, y)| x.is_finite() && y.is_finite()).unwrap_or((third, 0.5));
    let jitter = (rng.triangular() * 0.08, rng.triangular() * 0.06);
    ((x + jitter.0).clamp(0.15, 0.85), (y + jitter.1).clamp(0.15, 0.85))
}
