//! The colours of a picture: clusters in `OKLab`, named.

use super::colour_names;
use super::measure::LabImage;
use super::oklab::Lab;
use calliope_domain::Swatch;

/// Clusters that are looked for; those of one name become one.
const MAX_CLUSTERS: usize = 9;
/// Rounds of refinement; more no longer change names.
const ITERATIONS: usize = 6;
/// The most swatches told.
const MAX_SWATCHES: usize = 6;
/// The least share of the picture that is told.
const MIN_SHARE: f32 = 0.012;

/// Pixels of about one colour.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Their mean colour.
    pub colour: Lab,
    /// Its name.
    pub name: &'static str,
    /// The part of the picture they cover, 0-1.
    pub share: f32,
    /// Their centre, as parts of width and height.
    pub centre: (f32, f32),
    /// Their mean distance from that centre, as parts of the picture: under 0.2 is a patch, over
    /// 0.3 is everywhere.
    pub spread: f32,
}

/// Groups the pixels by colour, the largest group first.
pub fn clusters(field: &LabImage) -> Vec<Cluster> {
    let mut means = seeds(&field.lab);
    let mut nearest = vec![0usize; field.lab.len()];
    for _ in 0..ITERATIONS {
        assign(&field.lab, &means, &mut nearest);
        refine(&field.lab, &nearest, &mut means);
    }
    assign(&field.lab, &means, &mut nearest);
    // Groups of one name are one group to whoever hears of them.
    let named: Vec<&'static str> = means.iter().map(|m| colour_names::nearest_name(*m)).collect();
    let mut found: Vec<Cluster> = Vec::new();
    for (i, name) in named.iter().enumerate() {
        if named[..i].contains(name) {
            continue;
        }
        let members: Vec<usize> =
            (0..nearest.len()).filter(|&p| named[nearest[p]] == *name).collect();
        found.extend(build_cluster(field, name, &members));
    }
    found.sort_by(|a, b| b.share.total_cmp(&a.share));
    found
}

/// The largest clusters as swatches.
pub fn palette(clusters: &[Cluster]) -> Vec<Swatch> {
    clusters
        .iter()
        .enumerate()
        .filter(|(i, c)| *i == 0 || c.share >= MIN_SHARE)
        .take(MAX_SWATCHES)
        .map(|(_, c)| Swatch { name: c.name.to_owned(), rgb: c.colour.to_rgb(), share: c.share })
        .collect()
}

/// First guesses, each the pixel furthest from those before it: a small vivid patch is found as
/// surely as a large dull one, and no chance is needed.
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

fn build_cluster(field: &LabImage, name: &'static str, members: &[usize]) -> Option<Cluster> {
    if members.is_empty() {
        return None;
    }
    let count = members.len() as f32;
    let sum = |get: &dyn Fn(usize) -> f32| members.iter().map(|&i| get(i)).sum::<f32>() / count;
    let colour = Lab {
        l: sum(&|i| field.lab[i].l),
        a: sum(&|i| field.lab[i].a),
        b: sum(&|i| field.lab[i].b),
    };
    let centre = (sum(&|i| field.position(i).0), sum(&|i| field.position(i).1));
    let spread = sum(&|i| {
        let (x, y) = field.position(i);
        (x - centre.0).hypot(y - centre.1)
    });
    Some(Cluster { colour, name, share: count / field.lab.len() as f32, centre, spread })
}
