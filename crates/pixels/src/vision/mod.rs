//! Describes what a photo looks like in plain English, from its pixels alone and without a model.
//!
//! A description contains only what can be measured: colours, light, bright and dark shapes, and
//! their positions. No objects are recognised, so it never mentions a person, an animal or an object.

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

/// The longest side at which a picture is measured, in pixels. Colours and composition need no more,
/// and a phone photo is measured in a few milliseconds.
const MAX_MEASURED_SIDE: u32 = 72;

/// Measures and describes a picture. The same pixels always give the same result.
#[must_use]
pub fn analyze(picture: &RgbImage) -> ImageAnalysis {
    let image = LabImage::from_image(&downscale(picture));
    let clusters = swatches::clusters(&image);
    let focus = measure::focus(&image, &clusters);
    let palette = swatches::palette(&clusters);
    let features = ImageFeatures {
        palette,
        brightness: image.brightness(),
        warmth: image.warmth(),
        contrast: image.contrast(),
        focus,
    };
    let things = things::find(&image, &clusters, focus);
    let description = describe::description(&features, &things);
    let things = things.into_iter().map(|thing| thing.phrase).collect();
    ImageAnalysis { description, things, features: Some(features), ..ImageAnalysis::default() }
}

/// Returns a copy of at most [`MAX_MEASURED_SIDE`] pixels a side; for an empty picture, one black
/// pixel.
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
