//! Among trees: pale trunks far off, dark ones near, light between.

use crate::painter::context::PaintContext;
use crate::painter::land;
use crate::painter::layout::{Placement, SceneLayout};
use crate::painter::motif;
use crate::painter::noise::lerp;
use crate::painter::shape::{Shape, bowed_line, pt};
use calliope_domain::Season;

/// The wood behind the things.
pub fn paint(e: &mut PaintContext, stage: &SceneLayout) {
    foliage(e, stage, 9, 0.5);
    let conifers = e.rng.random_bool(0.4) || stage.has_snow();
    land::ground(e, stage);
    let glow = e.palette.low;
    let open = pt(stage.focus.x, stage.horizon - stage.unit * 0.1);
    e.glow(open, stage.unit * 0.35, glow, 0.8);
    for i in 0..13 {
        let depth = i as f32 / 13.0;
        let x = e.rng.uniform();
        let foot = pt(stage.at(x, 0.0).x, stage.ground(lerp(0.0, 0.3, depth)));
        if conifers && i % 3 != 0 {
            let height = stage.unit * lerp(0.3, 0.55, depth) * e.rng.range(0.8, 1.2);
            motif::pine(e, Placement { foot, height, facing: 1.0 });
        } else {
            trunk(e, stage, foot.x, foot.y, depth * 0.7);
        }
    }
    if !conifers {
        foliage(e, stage, 8, 0.75);
    }
    land::grass(e, stage, 16);
}

/// Dark trunks at the sides, in front of everything: a frame to look through.
pub fn foreground(e: &mut PaintContext, stage: &SceneLayout) {
    let clear = (stage.focus.x - stage.view.0) / stage.width();
    for _ in 0..e.rng.int_range(2, 3) {
        let x =
            if e.rng.random_bool(0.5) { e.rng.range(0.0, 0.16) } else { e.rng.range(0.84, 1.0) };
        if (x - clear).abs() > 0.16 {
            let foot = stage.at(x, 0.0).x;
            let y = stage.ground(e.rng.range(0.7, 1.0));
            trunk(e, stage, foot, y, 1.0);
        }
    }
}

fn trunk(e: &mut PaintContext, stage: &SceneLayout, x: f32, y: f32, depth: f32) {
    let top = stage.view.1 - stage.unit * 0.05;
    let lean = e.rng.triangular() * stage.unit * 0.06;
    let path = bowed_line(pt(x, y), pt(x + lean, top), e.rng.triangular() * stage.unit * 0.03, 16);
    let thick = stage.unit * lerp(0.012, 0.075, depth) * e.rng.range(0.7, 1.2);
    let bark = e.palette.at_depth(0.25 + 0.75 * depth).lerp(e.palette.dark, depth * 0.5);
    let shape = Shape::stroke(&path, |t| thick * (1.0 - 0.4 * t + 0.6 * (1.0 - t).powi(9)));
    let second = e.palette.dark;
    let wash = e.mixed_wash(bark, second).lifting(0.5 + 0.4 * depth).streaked(4.0, 1.57);
    e.lay(&shape, wash.with_gradient(y, top, (1.1, 0.75)));
    for _ in 0..e.rng.int_range(1, 3) {
        let at = path[e.rng.int_range(6, 14)];
        let long = stage.unit * e.rng.range(0.06, 0.2);
        let end = pt(at.x + long * e.rng.random_sign(), at.y - long * e.rng.range(0.2, 0.8));
        let twig = bowed_line(at, end, e.rng.triangular() * long * 0.2, 7);
        let wash = e.plain_wash(bark).with_strength(0.9);
        e.lay(&Shape::stroke(&twig, |t| (thick * 0.3 * (1.0 - t)).max(0.7)), wash);
    }
}

fn foliage(e: &mut PaintContext, stage: &SceneLayout, count: usize, strength: f32) {
    if stage.has_snow() || stage.season == Some(Season::Winter) {
        return;
    }
    let leaf = if stage.season == Some(Season::Autumn) { e.palette.accent } else { e.palette.mid };
    let second = e.palette.near;
    for _ in 0..count {
        let at = stage.at(e.rng.uniform(), e.rng.range(-0.05, 0.42));
        let size = stage.unit * e.rng.range(0.09, 0.2);
        let shape = Shape::blob(at, size * 1.3, size, 0.5, &mut e.rng);
        let mut wash = e.mixed_wash(leaf, second).with_strength(strength).wet(0.03, 0.8).dry(0.3);
        wash.flow = 0.7;
        wash.scale = 1.8;
        let amount = 0.03 * e.unit();
        e.lay_within(&shape, wash, amount);
    }
}
