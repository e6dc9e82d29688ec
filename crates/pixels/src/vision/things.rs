//! Things that pixels can prove: patches, edges, shapes of light and dark.

use super::grammar::{position_phrase, with_article};
use super::measure::{LabImage, mean};
use super::swatches::Cluster;

/// The most things told.
const MAX_THINGS: usize = 5;

/// Something measured in a picture.
#[derive(Debug, Clone)]
pub struct Thing {
    /// A noun phrase with its article.
    pub phrase: String,
    /// Where it is, where the phrase does not say so itself.
    pub place: Option<&'static str>,
    /// True for what is said of a picture in which nothing stands out.
    pub is_filler: bool,
    /// How striking it is.
    strength: f32,
}

/// Two to five things, the most striking first.
pub fn find(field: &LabImage, clusters: &[Cluster], focus: (f32, f32)) -> Vec<Thing> {
    let mut things = patches(clusters, focus);
    things.extend(edges(field));
    things.extend(shapes(field));
    things.extend(lines(field));
    things.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    things.truncate(MAX_THINGS);
    let ground = clusters.first().map_or("grey", |c| c.name);
    match things.len() {
        0 => fillers(field, ground),
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

/// Colours other than the main one that stand out and keep together.
fn patches(clusters: &[Cluster], focus: (f32, f32)) -> Vec<Thing> {
    let Some(ground) = clusters.first() else { return Vec::new() };
    let mut found = Vec::new();
    for cluster in clusters.iter().skip(1).filter(|c| c.share > 0.006) {
        let apart = cluster.colour.distance_squared(ground.colour).sqrt() + cluster.colour.chroma();
        let off = (cluster.centre.0 - focus.0).hypot(cluster.centre.1 - focus.1);
        let held = (0.45 - cluster.spread).clamp(0.05, 0.4);
        let strength = apart * held * (1.3 - off).max(0.3) * cluster.share.sqrt().min(0.4) * 12.0;
        let vivid = cluster.colour.chroma() > 0.06;
        let kind = match (cluster.spread, cluster.share) {
            (s, a) if s < 0.16 && a < 0.03 => "spot of",
            (s, a) if s < 0.24 && a > 0.2 => "broad patch of",
            (s, _) if s < 0.27 && vivid => "patch of",
            (s, _) if s < 0.27 => "soft blur of",
            (_, a) if a < 0.06 => "scatter of",
            _ => "spread of",
        };
        let here = (cluster.spread < 0.27).then(|| position_phrase(cluster.centre));
        found.push(thing(&format!("{kind} {}", cluster.name), here, strength));
    }
    found.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    found.truncate(3);
    found
}

/// Whether a place, as parts of width and height, belongs to a border.
type BorderTest = fn(f32, f32) -> bool;

/// A border that is brighter or darker than all the rest.
fn edges(field: &LabImage) -> Vec<Thing> {
    let (w, h) = (field.width, field.height);
    if w < 8 || h < 8 {
        return Vec::new();
    }
    let whole = field.brightness();
    let borders: [(&str, BorderTest); 4] = [
        ("along the top", |_, y| y < 0.12),
        ("along the bottom", |_, y| y > 0.88),
        ("down the left side", |x, _| x < 0.12),
        ("down the right side", |x, _| x > 0.88),
    ];
    let luma_where = |inside: BorderTest| -> Vec<f32> {
        let keep = |&i: &usize| {
            let (x, y) = field.position(i);
            inside(x, y)
        };
        (0..w * h).filter(keep).map(|i| field.luma[i]).collect()
    };
    let differs = |(where_, inside): (&str, BorderTest)| {
        let values = luma_where(inside);
        let average = mean(&values);
        let apart = average - whole;
        let uneven = mean(&values.iter().map(|v| (v - average).abs()).collect::<Vec<_>>());
        let strength = (apart.abs() - uneven) * 2.2;
        let kind = if apart > 0.0 { "bright edge" } else { "dark edge" };
        (apart.abs() > 0.14 && strength > 0.0)
            .then(|| thing(&format!("{kind} {where_}"), None, strength))
    };
    borders.into_iter().filter_map(differs).take(2).collect()
}

/// A mass that is much darker or much lighter than the rest and keeps together.
fn shapes(field: &LabImage) -> Vec<Thing> {
    let whole = field.brightness();
    [(-1.0, "dark shape"), (1.0, "pale shape")]
        .into_iter()
        .filter_map(|(sign, kind)| {
            let members: Vec<usize> =
                (0..field.luma.len()).filter(|&i| (field.luma[i] - whole) * sign > 0.2).collect();
            let share = members.len() as f32 / field.luma.len() as f32;
            if !(0.02..0.45).contains(&share) {
                return None;
            }
            let count = members.len() as f32;
            let (sx, sy) = members
                .iter()
                .map(|&i| field.position(i))
                .fold((0.0, 0.0), |a, p| (a.0 + p.0, a.1 + p.1));
            let centre = (sx / count, sy / count);
            let far = |&i: &usize| {
                let (x, y) = field.position(i);
                (x - centre.0).hypot(y - centre.1)
            };
            let spread = members.iter().map(far).sum::<f32>() / count;
            // A round mass of this share would spread by about this much.
            let compact = (share / std::f32::consts::PI).sqrt() * 0.67 / spread.max(1e-3);
            (compact > 0.6).then(|| {
                thing(
                    &format!("{kind} {}", position_phrase(centre)),
                    None,
                    compact * share.sqrt() * 0.9,
                )
            })
        })
        .collect()
}

/// Fine lines that mostly run one way.
fn lines(field: &LabImage) -> Option<Thing> {
    let (w, h) = (field.width, field.height);
    if w < 16 || h < 16 {
        return None;
    }
    let (mut across, mut down) = (0.0f32, 0.0f32);
    for y in 1..h {
        for x in 1..w {
            let i = y * w + x;
            across += (field.luma[i] - field.luma[i - 1]).abs();
            down += (field.luma[i] - field.luma[i - w]).abs();
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

/// What can be said of a picture in which nothing stands out.
fn fillers(field: &LabImage, name: &str) -> Vec<Thing> {
    if field.contrast() > 0.08 {
        vec![filler(&format!("slow passage of {name}")), filler("gentle change of light")]
    } else {
        vec![filler(&format!("even field of {name}")), filler("surface without a mark")]
    }
}
