//! The offline painter: an illustration in washes, from words, colours and chance.
//!
//! The words name a scene, things in it and a light (`words`); the photo's palette or a curated
//! one gives the paints (`palette`); chance composes (`stage`) and moves the hand (`easel`).
//! Washes are laid from far to near on a sheet of rough paper (`canvas`).
//!
//! Everything follows from the commission alone: the same one always gives the same picture.

mod canvas;
mod chance;
mod easel;
mod finish;
mod land;
mod lexicon;
mod manner;
mod mask;
mod motif;
mod noise;
mod paints;
mod palette;
mod scene;
mod shape;
mod sheet;
mod sky;
mod stage;
#[cfg(test)]
mod tests;
mod wash;
mod water;
mod weather;
mod words;

use image::RgbImage;

use self::canvas::Canvas;
use self::chance::Chance;
use self::easel::Easel;
use self::manner::Manner;
use self::palette::Palette;
use self::sheet::Sheet;
use self::words::Reading;
use calliope_domain::{Look, Size};

/// What is to be painted.
#[derive(Debug, Clone, Copy)]
pub struct Commission<'a> {
    /// What it shows, in words, style first.
    pub words: &'a str,
    /// How large the picture is, in pixels.
    pub size: Size,
    /// Chance for this picture alone.
    pub seed: u64,
    /// What a photo looked like, whose colours and composition it takes up.
    pub look: Option<&'a Look>,
}

/// Paints a commission, at exactly its size in pixels.
///
/// The cost is that of a sheet of at most 768 pixels a side, whatever the size; beyond that the
/// picture is enlarged.
#[must_use]
pub fn paint(commission: &Commission<'_>) -> RgbImage {
    let words = words::split(commission.words);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let reading = Reading::of(&words);
    let seed = commission.seed ^ chance::hash(commission.words).rotate_left(17);
    let look = commission.look;

    // Each part draws from its own stream, so that a change to one leaves the others as they were.
    let manner = Manner::of(&words, &mut Chance::new(seed, 1));
    let palette = Palette::choose(&reading, look, &manner, &mut Chance::new(seed, 2));
    let focus = focus(look.map(|l| l.focus), &mut Chance::new(seed, 3));
    let sheet = Sheet::of(commission.size);
    let canvas = Canvas::new(sheet.width, sheet.height, manner.rough, &mut Chance::new(seed, 4));
    let paper = palette.paper;
    let light = reading.light;
    let mut easel = Easel { canvas, chance: Chance::new(seed, 5), palette, manner, light };
    scene::paint(&mut easel, &reading, focus);
    finish::paint(&mut easel);
    sheet.deliver(easel.canvas.dry(paper), focus)
}

/// Where the main thing is drawn to: near the photo's focus, or to one of the thirds.
fn focus(seen: Option<(f32, f32)>, chance: &mut Chance) -> (f32, f32) {
    let third = if chance.happens(0.5) { 0.34 } else { 0.66 };
    let (x, y) = seen.filter(|(x, y)| x.is_finite() && y.is_finite()).unwrap_or((third, 0.5));
    let wander = (chance.sway() * 0.08, chance.sway() * 0.06);
    ((x + wander.0).clamp(0.15, 0.85), (y + wander.1).clamp(0.15, 0.85))
}
