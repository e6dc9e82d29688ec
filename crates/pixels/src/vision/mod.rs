//! Offline vision: what a photo looks like, told in plain English from its pixels alone.
//!
//! Only what pixels can prove is said: colours, light, shapes of light and dark, where they lie.
//! Nothing is recognised, so nothing is ever claimed to be a person, an animal or a thing.

mod colour_names;
mod describe;
mod grammar;
mod measure;
pub mod oklab;
mod swatches;
#[cfg(test)]
mod tests;
mod things;

use image::RgbImage;
use image::imageops;

use self::measure::LabImage;
use calliope_domain::{ImageAnalysis, ImageFeatures};

/// The longest side on which a picture is measured, in pixels: colours and composition do not need
/// more, and a phone's photo is read in a few milliseconds.
const MAX_MEASURED_SIDE: u32 = 72;

/// Measures and describes a picture. The same pixels always give the same words.
#[must_use]
pub fn analyze(picture: &RgbImage) -> ImageAnalysis {
    let field = LabImage::from_image(&downscale(picture));
    let clusters = swatches::clusters(&field);
    let focus = measure::focus(&field, &clusters);
    let palette = swatches::palette(&clusters);
    let features = ImageFeatures {
        palette,
        brightness: field.brightness(),
        warmth: field.warmth(),
        contrast: field.contrast(),
        focus,
    };
    let things = things::find(&field, &clusters, focus);
    let description = describe::description(&features, &things);
    let things = things.into_iter().map(|thing| thing.phrase).collect();
    ImageAnalysis { description, things, features: Some(features), ..ImageAnalysis::default() }
}

/// A copy of at most [`MAX_MEASURED_SIDE`] pixels a side; an empty picture counts as one black pixel.
fn downscale(picture: &RgbImage) -> RgbImage {
    let (w, h) = picture.dimensions();
    if w == 0 || h == 0 {
        return RgbImage::new(1, 1);
    }
    let longest = w.max(h);
    if longest <= MAX_MEASURED_SIDE {
        return picture.clone();
    }
    let side = |v: u32| (v * MAX_MEASURED_SIDE / longest).max(1);
    imageops::thumbnail(picture, side(w), side(h))
}
