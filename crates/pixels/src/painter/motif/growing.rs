//! What grows: trees, pines, flowers.

use super::seat;
use crate::painter::easel::Easel;
use crate::painter::shape::{Point, Shape, bowed, pt};
use crate::painter::stage::{Spot, Stage};
use crate::vision::oklab::Lab;
use calliope_domain::Season;

/// A broad-leaved tree: bare in winter, coloured in autumn, in blossom in spring.
pub fn tree(e: &mut Easel, stage: &Stage, spot: Spot) {
    let p = &e.palette;
    let (leaf, second) = match stage.season {
        Some(Season::Autumn) => (p.accent, p.near),
        Some(Season::Spring) => (p.mid.towards(p.low, 0.35), p.accent.towards(p.low, 0.4)),
        _ => (p.mid.towards(p.near, 0.5), p.dark),
    };
    let bark = p.dark;
    let bare = stage.snow() || stage.season == Some(Season::Winter);
    seat(e, spot, 0.32);
    if !bare {
        crown(e, spot, leaf, second, 0.75);
    }
    trunk(e, spot, bark);
    let lean = e.chance.sway() * 0.08;
    for _ in 0..e.chance.whole(4, 6) {
        let from = spot.at(lean, e.chance.range(0.3, 0.5));
        branch(e, from, spot.height * 0.4, 1.2, bark, 2);
    }
    if !bare {
        crown(e, spot, leaf, second, 0.6);
        let wash = e.plain(leaf).at(0.9);
        e.spatter(spot.at(0.0, 0.7), spot.height * 0.5, 14, &wash);
    }
}

fn trunk(e: &mut Easel, spot: Spot, bark: Lab) {
    let bow = e.chance.sway() * spot.height * 0.06;
    let path = bowed(spot.at(0.0, -0.01), spot.at(e.chance.sway() * 0.1, 0.6), bow, 10);
    let thick = spot.height * e.chance.range(0.06, 0.09);
    let shape = Shape::stroke(&path, |t| thick * (1.15 - t + 0.5 * (1.0 - t).powi(8)));
    let second = e.palette.near;
    e.form(&shape, bark, second);
}

/// A branch and its twigs.
fn branch(e: &mut Easel, from: Point, long: f32, spread: f32, bark: Lab, forks: u32) {
    let angle = e.chance.sway() * spread;
    let end = pt(from.x + angle.sin() * long, from.y - angle.cos() * long * 0.85);
    let path = bowed(from, end, e.chance.sway() * long * 0.2, 7);
    let thick = long * 0.075;
    let shape = Shape::stroke(&path, |t| (thick * (1.0 - 0.85 * t)).max(0.7));
    let wash = e.plain(bark).at(0.95).rimmed(0.2);
    e.lay(&shape, wash);
    if forks > 0 {
        for _ in 0..2 {
            let at = path[e.chance.whole(3, 6)];
            branch(e, at, long * 0.55, spread * 1.1, bark, forks - 1);
        }
    }
}

/// Foliage: overlapping wet masses, shaded below, with light gaps.
fn crown(e: &mut Easel, spot: Spot, leaf: Lab, second: Lab, strength: f32) {
    for _ in 0..e.chance.whole(6, 8) {
        let angle = e.chance.range(0.0, std::f32::consts::TAU);
        let reach = e.chance.unit().sqrt();
        let at = spot.at(angle.cos() * 0.24 * reach, 0.7 + angle.sin() * 0.2 * reach);
        let size = spot.height * e.chance.range(0.09, 0.17);
        let mass = Shape::blob(at, size * 1.2, size, 0.45, &mut e.chance);
        let mut wash = e.mixed(leaf, second).lifting(0.35).wet(0.012, 0.6).dry(0.24);
        wash.flow = 0.6;
        wash.scale = 2.2;
        let wash = wash.falling(at.y - size, at.y + size, (strength * 0.7, strength * 1.35));
        let amount = 0.02 * e.unit();
        e.lay_within(&mass, wash, amount);
    }
}

/// A conifer in a few flat strokes a side.
pub fn pine(e: &mut Easel, spot: Spot) {
    let (needle, dark) = (e.palette.near, e.palette.dark);
    let tiers = 7;
    let mut points = vec![(0.0, 1.0)];
    let mut left = Vec::new();
    for i in 0..tiers {
        let t = (i + 1) as f32 / tiers as f32;
        let (wide, y) = (0.05 + 0.19 * t, 1.0 - 0.88 * t);
        points.push((wide * e.chance.range(0.75, 1.15), y - 0.02));
        points.push((wide * 0.48, y + 0.03));
        left.push((-wide * 0.48, y + 0.03));
        left.push((-wide * e.chance.range(0.75, 1.15), y - 0.02));
    }
    // Down the right side, along the foot, up the left one.
    points.pop();
    left.remove(left.len() - 2);
    points.extend([(0.03, 0.08), (0.025, 0.0), (-0.025, 0.0), (-0.03, 0.08)]);
    points.extend(left.into_iter().rev());
    let tone = needle.towards(dark, e.chance.range(0.0, 0.7));
    let mut wash = e.mixed(tone, dark).lifting(0.6);
    wash.flow = 0.5;
    e.form_with(&spot.poly(&points), wash);
}

/// A flower on its stem, with two leaves.
pub fn flower(e: &mut Easel, spot: Spot) {
    let (petal, stem, heart) = (e.palette.accent, e.palette.near, e.palette.glow);
    let bow = e.chance.sway() * spot.height * 0.15;
    let head = spot.at(e.chance.sway() * 0.12, 0.86);
    let path = bowed(spot.at(0.0, 0.0), head, bow, 10);
    let thick = (spot.height * 0.022).max(1.0);
    let wash = e.plain(stem).at(1.0).lifting(0.4);
    e.lay(&Shape::stroke(&path, |t| thick * (1.2 - 0.5 * t)), wash);
    for side in [-1.0, 1.0] {
        let from = path[e.chance.whole(2, 5)];
        let long = spot.height * e.chance.range(0.16, 0.28);
        let leaf = bowed(from, pt(from.x + long * side, from.y - long * 0.7), long * 0.2 * side, 8);
        let wash = e.mixed(stem, petal).lifting(0.5);
        e.lay(&Shape::stroke(&leaf, |t| long * 0.32 * (t * (1.0 - t) * 4.0).powf(0.8)), wash);
    }
    let count = e.chance.whole(5, 8);
    let size = spot.height * e.chance.range(0.11, 0.15);
    let turn = e.chance.unit();
    for i in 0..count {
        let (sin, cos) = ((i as f32 + turn) / count as f32 * std::f32::consts::TAU).sin_cos();
        let tip = pt(head.x + cos * size * 1.35, head.y + sin * size * 1.1);
        let path = bowed(head, tip, e.chance.sway() * size * 0.3, 6);
        let shape =
            Shape::stroke(&path, |t| size * 0.85 * (t * (1.12 - t) * 3.4).max(0.0).powf(0.7));
        let wash = e.mixed(petal, heart).lifting(0.75).at(e.chance.range(0.7, 1.1)).rimmed(0.9);
        e.form_with(&shape, wash);
    }
    let dark = e.palette.dark;
    let eye = Shape::ellipse(head, size * 0.28, size * 0.25);
    let wash = e.mixed(heart, dark).lifting(0.8).wet(0.008, 0.8);
    e.lay_within(&eye, wash, 1.0);
}
