//! Measures brightness, warmth, contrast and the focus of attention.

use image::RgbImage;

use super::oklab::Lab;
use super::swatches::Cluster;
use crate::math;

/// A small picture in `OKLab`, with its luma.
#[derive(Debug)]
pub struct LabImage {
    /// Width in pixels, at least 1.
    pub width: usize,
    /// Height in pixels, at least 1.
    pub height: usize,
    /// The colour of each pixel, row by row.
    pub lab: Vec<Lab>,
    /// The luma of each pixel, row by row, 0-1. The weights are those of ITU-R BT.601, which television
    /// and JPEG use.
    pub luma: Vec<f32>,
}

impl LabImage {
    /// Converts a picture, which must have at least one pixel.
    pub fn from_image(picture: &RgbImage) -> Self {
        let luma = |p: &image::Rgb<u8>| {
            let [r, g, b] = p.0.map(f32::from);
            (0.299 * r + 0.587 * g + 0.114 * b) / 255.0
        };
        Self {
            width: picture.width() as usize,
            height: picture.height() as usize,
            lab: picture.pixels().map(|p| Lab::from_rgb(p.0)).collect(),
            luma: picture.pixels().map(luma).collect(),
        }
    }

    /// Returns the mean luma, 0-1.
    pub fn brightness(&self) -> f32 {
        mean(&self.luma)
    }

    /// Returns the distance between the 5th and the 95th percentile of luma, 0-1. A single bright
    /// pixel does not change it.
    pub fn contrast(&self) -> f32 {
        let mut sorted = self.luma.clone();
        sorted.sort_by(f32::total_cmp);
        let quantile = |p: f32| sorted[((sorted.len() - 1) as f32 * p).round() as usize];
        (quantile(0.95) - quantile(0.05)).clamp(0.0, 1.0)
    }

    /// Returns the mean position of the colours on the axis from blue to orange, from -1 (blues) to 1
    /// (oranges and reds). Greys count as 0.
    pub fn warmth(&self) -> f32 {
        // Orange has a hue of about 60 degrees in OKLab.
        let sum: f32 = self.lab.iter().map(|c| c.a * 0.5 + c.b * 0.866).sum();
        let mean = sum / self.lab.len() as f32;
        (mean / 0.12).clamp(-1.0, 1.0)
    }

    /// Returns the position of pixel `i` as fractions of width and height, 0-1.
    pub fn position(&self, i: usize) -> (f32, f32) {
        let (x, y) = (i % self.width, i / self.width);
        ((x as f32 + 0.5) / self.width as f32, (y as f32 + 0.5) / self.height as f32)
    }
}

/// Returns the mean of `values`, or 0 if there are none.
pub fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

/// Returns the point that draws the eye, as fractions of width and height; the centre of the picture
/// if no point stands out.
///
/// It lies where the colours are rare, vivid or different from their surroundings. The middle counts
/// a little more. The method follows the contrast maps of Itti, Koch and Niebur, "A model of
/// saliency-based visual attention", 1998.
pub fn focus(image: &LabImage, clusters: &[Cluster]) -> (f32, f32) {
    let surroundings = box_blur(&image.luma, image.width, image.width.max(image.height) / 10);
    let saliency: Vec<f32> = (0..image.lab.len())
        .map(|i| {
            let local = (image.luma[i] - surroundings[i]).abs();
            let (x, y) = image.position(i);
            let off_centre = math::hypot(x - 0.5, y - 0.5);
            (local * 0.9 + rarity(image.lab[i], clusters)) * (1.0 - 0.7 * off_centre * off_centre)
        })
        .collect();
    let smooth = box_blur(&saliency, image.width, image.width.max(image.height) / 14);
    let low = smooth.iter().copied().fold(f32::MAX, f32::min);
    let high = smooth.iter().copied().fold(0.0, f32::max);
    if high - low < 0.02 {
        return (0.5, 0.5);
    }
    centre_of_peak(image, &smooth, low, high)
}

/// Returns the weighted mean position of the highest values. The eighth power keeps a second, lower
/// peak from shifting it.
fn centre_of_peak(image: &LabImage, values: &[f32], low: f32, high: f32) -> (f32, f32) {
    let (mut x, mut y, mut total) = (0.0, 0.0, 1e-6);
    for (i, value) in values.iter().enumerate() {
        let weight = ((value - low) / (high - low)).powi(8);
        let at = image.position(i);
        x += at.0 * weight;
        y += at.1 * weight;
        total += weight;
    }
    ((x / total).clamp(0.0, 1.0), (y / total).clamp(0.0, 1.0))
}

/// Returns how much a colour differs from the clusters, weighted by their shares, plus half its
/// chroma.
fn rarity(colour: Lab, clusters: &[Cluster]) -> f32 {
    clusters.iter().map(|c| c.share * c.colour.distance_squared(colour).sqrt()).sum::<f32>()
        + colour.chroma() * 0.5
}

/// Returns the mean of each pixel's neighbourhood: a square of `radius` pixels in each direction, cut
/// off at the borders.
fn box_blur(values: &[f32], width: usize, radius: usize) -> Vec<f32> {
    let height = values.len() / width;
    let line = |get: &dyn Fn(usize) -> f32, length: usize| -> Vec<f32> {
        let mut sums = vec![0.0f32; length + 1];
        for i in 0..length {
            sums[i + 1] = sums[i] + get(i);
        }
        (0..length)
            .map(|i| {
                let (a, b) = (i.saturating_sub(radius), (i + radius + 1).min(length));
                (sums[b] - sums[a]) / (b - a) as f32
            })
            .collect()
    };
    let mut rows = Vec::with_capacity(values.len());
    for y in 0..height {
        rows.extend(line(&|x| values[y * width + x], width));
    }
    let mut out = vec![0.0; values.len()];
    for x in 0..width {
        for (y, value) in line(&|y| rows[y * width + x], height).into_iter().enumerate() {
            out[y * width + x] = value;
        }
    }
    out
}
