//! The offline painter: an illustration in washes, from words, colours and chance.
//!
//! The words name a scene, things in it and a light (`words`); the photo's palette or a curated
//! one gives the paints (`palette`); chance composes (`stage`) and moves the hand (`easel`).
//! Washes are laid from far to near on a sheet of rough paper (`canvas`).
//!
//! Everything follows from the commission alone: the same one always gives the same picture.

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

/// What is to be painted.
#[derive(Debug, Clone, Copy)]
pub struct PaintRequest<'a> {
    /// What it shows, in words, style first.
    pub prompt: &'a str,
    /// How large the picture is, in pixels.
    pub size: Size,
    /// Chance for this picture alone.
    pub seed: u64,
    /// What a photo looked like, whose colours and composition it takes up.
    pub features: Option<&'a ImageFeatures>,
}

/// Paints a commission, at exactly its size in pixels.
///
/// The cost is that of a sheet of at most 768 pixels a side, whatever the size; beyond that the
/// picture is enlarged.
#[must_use]
pub fn paint(request: &PaintRequest<'_>) -> RgbImage {
    let tokens = prompt::tokenize(request.prompt);
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let prompt = ParsedPrompt::from_words(&tokens);
    let seed = request.seed ^ rng::fnv1a(request.prompt).rotate_left(17);
    let features = request.features;

    // Each part draws from its own stream, so that a change to one leaves the others as they were.
    let style = Style::from_words(&tokens, &mut Rng::new(seed, 1));
    let palette = Palette::choose(&prompt, features, &style, &mut Rng::new(seed, 2));
    let focus = focus(features.map(|l| l.focus), &mut Rng::new(seed, 3));
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

/// Where the main thing is drawn to: near the photo's focus, or to one of the thirds.
fn focus(seen: Option<(f32, f32)>, rng: &mut Rng) -> (f32, f32) {
    let third = if rng.random_bool(0.5) { 0.34 } else { 0.66 };
    let (x, y) = seen.filter(|(x, y)| x.is_finite() && y.is_finite()).unwrap_or((third, 0.5));
    let wander = (rng.triangular() * 0.08, rng.triangular() * 0.06);
    ((x + wander.0).clamp(0.15, 0.85), (y + wander.1).clamp(0.15, 0.85))
}
