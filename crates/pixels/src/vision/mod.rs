//! Offline vision: what a photo looks like, told in plain English from its pixels alone.
//!
//! Only what pixels can prove is said: colours, light, shapes of light and dark, where they lie.
//! Nothing is recognised, so nothing is ever claimed to be a person, an animal or a thing.

mod measure;
mod names;
pub mod oklab;
mod swatches;
mod tell;
#[cfg(test)]
mod tests;
mod things;
mod words;

use image::RgbImage;
use image::imageops;

use self::measure::Field;
use calliope_domain::{Look, Sight};

/// The longest side on which a picture is measured, in pixels: colours and composition do not need
/// more, and a phone's photo is read in a few milliseconds.
const MEASURED: u32 = 72;

/// Measures and describes a picture. The same pixels always give the same words.
#[must_use]
pub fn look(picture: &RgbImage) -> Sight {
    let field = Field::of(&shrunk(picture));
    let clusters = swatches::clusters(&field);
    let focus = measure::focus(&field, &clusters);
    let palette = swatches::palette(&clusters);
    let look = Look {
        palette,
        brightness: field.brightness(),
        warmth: field.warmth(),
        contrast: field.contrast(),
        focus,
    };
    let things = things::find(&field, &clusters, focus);
    let description = tell::description(&look, &things);
    let things = things.into_iter().map(|thing| thing.phrase).collect();
    Sight { description, things, look: Some(look), ..Sight::default() }
}

/// A copy of at most [`MEASURED`] pixels a side; an empty picture counts as one black pixel.
fn shrunk(picture: &RgbImage) -> RgbImage {
    let (w, h) = picture.dimensions();
    if w == 0 || h == 0 {
        return RgbImage::new(1, 1);
    }
    let longest = w.max(h);
    if longest <= MEASURED {
        return picture.clone();
    }
    let side = |v: u32| (v * MEASURED / longest).max(1);
    imageops::thumbnail(picture, side(w), side(h))
}
