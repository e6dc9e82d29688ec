//! Groups the colours of a picture into named clusters by k-means in `OKLab`.

use super::colour_names;
use super::measure::LabImage;
use super::oklab::Lab;
use crate::math;
use calliope_domain::Swatch;

/// The number of clusters to start with. Clusters of the same name are merged.
const MAX_CLUSTERS: usize = 9;
/// The number of k-means iterations. More iterations do not change the names.
const ITERATIONS: usize = 6;
/// The largest number of swatches in a palette.
const MAX_SWATCHES: usize = 6;
/// The smallest share of the picture that gets a swatch.
const MIN_SHARE: f32 = 0.012;

/// The pixels of one colour name.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// The mean colour of the pixels.
    pub colour: Lab,
    /// The name of the colour.
    pub name: &'static str,
    /// The share of the picture that the pixels cover, 0-1.
    pub share: f32,
    /// The centre of the pixels, as fractions of width and height.
    pub centre: (f32, f32),
    /// The mean distance of the pixels from the centre, in fractions of width and height: below 0.2 the
    /// colour is a patch, above 0.3 it is everywhere.
    pub spread: f32,
}

/// Groups the pixels by colour; the largest cluster comes first.
pub fn clusters(image: &LabImage) -> Vec<Cluster> {
    let mut means = seeds(&image.lab);
    let mut nearest = vec![0usize; image.lab.len()];
    for _ in 0..ITERATIONS {
        assign(&image.lab, &means, &mut nearest);
        refine(&image.lab, &nearest, &mut means);
    }
    assign(&image.lab, &means, &mut nearest);
    // Clusters of the same name are merged, because a reader could not tell them apart.
    let names: Vec<&'static str> = means.iter().map(|m| colour_names::nearest_name(*m)).collect();
    let mut merged: Vec<Cluster> = Vec::new();
    for (i, name) in names.iter().enumerate() {
        if names[..i].contains(name) {
            continue;
        }
        let members: Vec<usize> =
            (0..nearest.len()).filter(|&p| names[nearest[p]] == *name).collect();
        merged.extend(build_cluster(image, name, &members));
    }
    merged.sort_by(|a, b| b.share.total_cmp(&a.share));
    merged
}

/// Converts the largest clusters to swatches.
pub fn palette(clusters: &[Cluster]) -> Vec<Swatch> {
    clusters
        .iter()
        .enumerate()
        .filter(|(i, c)| *i == 0 || c.share >= MIN_SHARE)
        .take(MAX_SWATCHES)
        .map(|(_, c)| Swatch { name: c.name.to_owned(), rgb: c.colour.to_rgb(), share: c.share })
        .collect()
}

/// Returns the initial means: each is the pixel furthest from those before it.
///
/// This finds a small vivid patch as reliably as a large dull one, and needs no random numbers.
fn seeds(pixels: &[Lab]) -> Vec<Lab> {
    let Some(&first) = pixels.get(pixels.len() / 2) else { return vec![Lab::default()] };
    let mut means = vec![first];
    let mut distance: Vec<f32> = pixels.iter().map(|p| p.distance_squared(first)).collect();
    while means.len() < MAX_CLUSTERS {
        let furthest = (0..pixels.len()).max_by(|&a, &b| distance[a].total_cmp(&distance[b]));
        let Some(next) = furthest.filter(|&i| distance[i] > 4e-4).map(|i| pixels[i]) else { break };
        means.push(next);
        for (d, p) in distance.iter_mut().zip(pixels) {
            *d = d.min(p.distance_squared(next));
        }
    }
    means
}

fn assign(pixels: &[Lab], means: &[Lab], nearest: &mut [usize]) {
    for (slot, pixel) in nearest.iter_mut().zip(pixels) {
        let mut best = (0, f32::MAX);
        for (i, mean) in means.iter().enumerate() {
            let distance = mean.distance_squared(*pixel);
            if distance < best.1 {
                best = (i, distance);
            }
        }
        *slot = best.0;
    }
}

fn refine(pixels: &[Lab], nearest: &[usize], means: &mut [Lab]) {
    let mut sums = vec![(Lab::default(), 0.0f32); means.len()];
    for (pixel, &i) in pixels.iter().zip(nearest) {
        let (sum, count) = &mut sums[i];
        (sum.l, sum.a, sum.b) = (sum.l + pixel.l, sum.a + pixel.a, sum.b + pixel.b);
        *count += 1.0;
    }
    for (mean, (sum, count)) in means.iter_mut().zip(sums) {
        if count > 0.0 {
            *mean = Lab { l: sum.l / count, a: sum.a / count, b: sum.b / count };
        }
    }
}

fn build_cluster(image: &LabImage, name: &'static str, members: &[usize]) -> Option<Cluster> {
    if members.is_empty() {
        return None;
    }
    let count = members.len() as f32;
    let sum = |get: &dyn Fn(usize) -> f32| members.iter().map(|&i| get(i)).sum::<f32>() / count;
    let colour = Lab {
        l: sum(&|i| image.lab[i].l),
        a: sum(&|i| image.lab[i].a),
        b: sum(&|i| image.lab[i].b),
    };
    let centre = (sum(&|i| image.position(i).0), sum(&|i| image.position(i).1));
    let spread = sum(&|i| {
        let (x, y) = image.position(i);
        math::hypot(x - centre.0, y - centre.1)
    });
    Some(Cluster { colour, name, share: count / image.lab.len() as f32, centre, spread })
}
