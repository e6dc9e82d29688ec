//! Finds the things in a picture that can be measured: patches, edges, bright and dark shapes, lines.

use super::grammar::{position_phrase, with_article};
use super::measure::{LabImage, mean};
use super::swatches::Cluster;
use crate::math;

/// The largest number of things in a result.
const MAX_THINGS: usize = 5;

/// Something measured in a picture.
#[derive(Debug, Clone)]
pub struct Thing {
    /// A noun phrase with its article.
    pub phrase: String,
    /// The position in words; `None` if the phrase contains it or the thing has no single position.
    pub place: Option<&'static str>,
    /// Whether the thing only fills the list of a picture in which nothing stands out.
    pub is_filler: bool,
    /// How much the thing stands out. It sorts the result.
    strength: f32,
}

/// Returns two to five things, the most striking first. `focus` is the point that draws the eye, as
/// fractions of width and height.
pub fn find(image: &LabImage, clusters: &[Cluster], focus: (f32, f32)) -> Vec<Thing> {
    let mut things = patches(clusters, focus);
    things.extend(edges(image));
    things.extend(shapes(image));
    things.extend(lines(image));
    things.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    things.truncate(MAX_THINGS);
    let ground = clusters.first().map_or("grey", |c| c.name);
    match things.len() {
        0 => fillers(image, ground),
        1 => {
            things.push(filler(&format!("wide ground of {ground}")));
            things
        }
        _ => things,
    }
}

fn thing(phrase: &str, place: Option<&'static str>, strength: f32) -> Thing {
    Thing { phrase: with_article(phrase), place, is_filler: false, strength }
}

fn filler(phrase: &str) -> Thing {
    Thing { is_filler: true, ..thing(phrase, None, 0.0) }
}

/// Returns up to three colours, other than the main one, that stand out and form a group.
fn patches(clusters: &[Cluster], focus: (f32, f32)) -> Vec<Thing> {
    let Some(ground) = clusters.first() else { return Vec::new() };
    let mut found = Vec::new();
    for cluster in clusters.iter().skip(1).filter(|c| c.share > 0.006) {
        let colour_contrast =
            cluster.colour.distance_squared(ground.colour).sqrt() + cluster.colour.chroma();
        let off_focus = math::hypot(cluster.centre.0 - focus.0, cluster.centre.1 - focus.1);
        let compactness = (0.45 - cluster.spread).clamp(0.05, 0.4);
        let strength = colour_contrast
            * compactness
            * (1.3 - off_focus).max(0.3)
            * cluster.share.sqrt().min(0.4)
            * 12.0;
        let vivid = cluster.colour.chroma() > 0.06;
        let kind = match (cluster.spread, cluster.share) {
            (s, a) if s < 0.16 && a < 0.03 => "spot of",
            (s, a) if s < 0.24 && a > 0.2 => "broad patch of",
            (s, _) if s < 0.27 && vivid => "patch of",
            (s, _) if s < 0.27 => "soft blur of",
            (_, a) if a < 0.06 => "scatter of",
            _ => "spread of",
        };
        let place = (cluster.spread < 0.27).then(|| position_phrase(cluster.centre));
        found.push(thing(&format!("{kind} {}", cluster.name), place, strength));
    }
    found.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    found.truncate(3);
    found
}

/// Reports whether a point, given as fractions of width and height, belongs to a border.
type BorderTest = fn(f32, f32) -> bool;

/// Returns up to two borders that are evenly brighter or darker than the picture as a whole.
fn edges(image: &LabImage) -> Vec<Thing> {
    let (w, h) = (image.width, image.height);
    if w < 8 || h < 8 {
        return Vec::new();
    }
    let brightness = image.brightness();
    let borders: [(&str, BorderTest); 4] = [
        ("along the top", |_, y| y < 0.12),
        ("along the bottom", |_, y| y > 0.88),
        ("down the left side", |x, _| x < 0.12),
        ("down the right side", |x, _| x > 0.88),
    ];
    let luma_where = |inside: BorderTest| -> Vec<f32> {
        let is_inside = |&i: &usize| {
            let (x, y) = image.position(i);
            inside(x, y)
        };
        (0..w * h).filter(is_inside).map(|i| image.luma[i]).collect()
    };
    let edge = |(place, inside): (&str, BorderTest)| {
        let values = luma_where(inside);
        let average = mean(&values);
        let difference = average - brightness;
        let unevenness = mean(&values.iter().map(|v| (v - average).abs()).collect::<Vec<_>>());
        let strength = (difference.abs() - unevenness) * 2.2;
        let kind = if difference > 0.0 { "bright edge" } else { "dark edge" };
        (difference.abs() > 0.14 && strength > 0.0)
            .then(|| thing(&format!("{kind} {place}"), None, strength))
    };
    borders.into_iter().filter_map(edge).take(2).collect()
}

/// Returns the compact areas that are much darker or much lighter than the rest.
fn shapes(image: &LabImage) -> Vec<Thing> {
    let brightness = image.brightness();
    [(-1.0, "dark shape"), (1.0, "pale shape")]
        .into_iter()
        .filter_map(|(sign, kind)| {
            let members: Vec<usize> = (0..image.luma.len())
                .filter(|&i| (image.luma[i] - brightness) * sign > 0.2)
                .collect();
            let share = members.len() as f32 / image.luma.len() as f32;
            if !(0.02..0.45).contains(&share) {
                return None;
            }
            let count = members.len() as f32;
            let (sx, sy) = members
                .iter()
                .map(|&i| image.position(i))
                .fold((0.0, 0.0), |a, p| (a.0 + p.0, a.1 + p.1));
            let centre = (sx / count, sy / count);
            let distance = |&i: &usize| {
                let (x, y) = image.position(i);
                math::hypot(x - centre.0, y - centre.1)
            };
            let spread = members.iter().map(distance).sum::<f32>() / count;
            // The spread of a disc of this area, divided by the measured spread.
            let compactness = (share / std::f32::consts::PI).sqrt() * 0.67 / spread.max(1e-3);
            (compactness > 0.6).then(|| {
                thing(
                    &format!("{kind} {}", position_phrase(centre)),
                    None,
                    compactness * share.sqrt() * 0.9,
                )
            })
        })
        .collect()
}

/// Returns fine lines, if most of them run in one direction.
fn lines(image: &LabImage) -> Option<Thing> {
    let (w, h) = (image.width, image.height);
    if w < 16 || h < 16 {
        return None;
    }
    let (mut across, mut down) = (0.0f32, 0.0f32);
    for y in 1..h {
        for x in 1..w {
            let i = y * w + x;
            across += (image.luma[i] - image.luma[i - 1]).abs();
            down += (image.luma[i] - image.luma[i - w]).abs();
        }
    }
    let total = (across + down) / (w * h) as f32;
    if total < 0.04 {
        return None;
    }
    let strength = total * 2.0;
    if across > down * 1.7 {
        Some(thing("row of upright lines", None, strength))
    } else if down > across * 1.7 {
        Some(thing("set of level lines", None, strength))
    } else {
        None
    }
}

/// Returns two phrases for a picture in which nothing stands out.
fn fillers(image: &LabImage, name: &str) -> Vec<Thing> {
    if image.contrast() > 0.08 {
        vec![filler(&format!("slow passage of {name}")), filler("gentle change of light")]
    } else {
        vec![filler(&format!("even field of {name}")), filler("surface without a mark")]
    }
}
