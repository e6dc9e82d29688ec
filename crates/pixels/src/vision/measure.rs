//! Numbers: light, warmth, contrast, and where the interest lies.

use image::RgbImage;

use super::oklab::Lab;
use super::swatches::Cluster;

/// A small picture in `OKLab`, with its luma.
#[derive(Debug)]
pub struct LabImage {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Colours, row by row.
    pub lab: Vec<Lab>,
    /// Luma of each pixel (Rec. 601 weights, as television and JPEG use), 0-1.
    pub luma: Vec<f32>,
}

impl LabImage {
    /// The field of a picture with at least one pixel.
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

    /// Mean luma, 0-1.
    pub fn brightness(&self) -> f32 {
        mean(&self.luma)
    }

    /// Spread of luma: the distance from the 5th to the 95th of a hundred equal parts, 0-1, which a
    /// single bright pixel does not change.
    pub fn contrast(&self) -> f32 {
        let mut sorted = self.luma.clone();
        sorted.sort_by(f32::total_cmp);
        let at = |part: f32| sorted[((sorted.len() - 1) as f32 * part).round() as usize];
        (at(0.95) - at(0.05)).clamp(0.0, 1.0)
    }

    /// From -1 (blues) to 1 (oranges and reds): the colours' reach along the line from blue to
    /// orange, the plain greys counting for nothing.
    pub fn warmth(&self) -> f32 {
        // Orange lies at about 60 degrees in OKLab's plane of hues.
        let along: f32 = self.lab.iter().map(|c| c.a * 0.5 + c.b * 0.866).sum();
        let mean = along / self.lab.len() as f32;
        (mean / 0.12).clamp(-1.0, 1.0)
    }

    /// The place of pixel `i`, as parts of width and height.
    pub fn position(&self, i: usize) -> (f32, f32) {
        let (x, y) = (i % self.width, i / self.width);
        ((x as f32 + 0.5) / self.width as f32, (y as f32 + 0.5) / self.height as f32)
    }
}

/// The mean of some numbers, 0 for none.
pub fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

/// Where the interest lies, as parts of width and height: the strongest neighbourhood of colours
/// that are rare, vivid or unlike their surroundings, the middle counting a little more (after the
/// contrast maps of Itti, Koch and Niebur, "A model of saliency-based visual attention", 1998).
pub fn focus(field: &LabImage, clusters: &[Cluster]) -> (f32, f32) {
    let around = box_blur(&field.luma, field.width, field.width.max(field.height) / 10);
    let interest: Vec<f32> = (0..field.lab.len())
        .map(|i| {
            let local = (field.luma[i] - around[i]).abs();
            let (x, y) = field.position(i);
            let off = (x - 0.5).hypot(y - 0.5);
            (local * 0.9 + rarity(field.lab[i], clusters)) * (1.0 - 0.7 * off * off)
        })
        .collect();
    let broad = box_blur(&interest, field.width, field.width.max(field.height) / 14);
    let low = broad.iter().copied().fold(f32::MAX, f32::min);
    let high = broad.iter().copied().fold(0.0, f32::max);
    if high - low < 0.02 {
        return (0.5, 0.5);
    }
    centre_of_peak(field, &broad, low, high)
}

/// The centre of the strongest places; squares twice over so that a far second does not pull.
fn centre_of_peak(field: &LabImage, broad: &[f32], low: f32, high: f32) -> (f32, f32) {
    let (mut x, mut y, mut total) = (0.0, 0.0, 1e-6);
    for (i, value) in broad.iter().enumerate() {
        let weight = ((value - low) / (high - low)).powi(8);
        let at = field.position(i);
        x += at.0 * weight;
        y += at.1 * weight;
        total += weight;
    }
    ((x / total).clamp(0.0, 1.0), (y / total).clamp(0.0, 1.0))
}

/// How much a colour stands apart from the other colours, weighed by their shares.
fn rarity(colour: Lab, clusters: &[Cluster]) -> f32 {
    clusters.iter().map(|c| c.share * c.colour.distance_squared(colour).sqrt()).sum::<f32>()
        + colour.chroma() * 0.5
}

/// A running mean over a square of `radius` pixels each way.
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
