//! Open country and open water.

use crate::painter::canvas::pigment;
use crate::painter::context::PaintContext;
use crate::painter::layout::{Placement, SceneLayout};
use crate::painter::noise::lerp;
use crate::painter::shape::{Point, Shape, pt};
use crate::painter::{land, motif, water};

/// The sea, perhaps with a headland far off or stones in front.
pub fn sea(e: &mut PaintContext, stage: &SceneLayout, light: Option<Point>) {
    if e.rng.random_bool(0.65) {
        headland(e, stage);
    }
    water::paint(e, stage, light);
    if e.rng.random_bool(0.4) {
        let x = if e.rng.random_bool(0.5) { 0.06 } else { 0.94 };
        let at = pt(stage.at(x, 0.0).x, stage.ground(e.rng.range(0.7, 0.9)));
        let wide = stage.unit * e.rng.range(0.2, 0.35);
        land::mound(e, stage, at, wide, stage.unit * 0.07);
    }
}

fn headland(e: &mut PaintContext, stage: &SceneLayout) {
    let tall = stage.unit * e.rng.range(0.05, 0.14);
    let side = e.rng.random_sign();
    let mut line = land::ridge_line(e, stage, stage.horizon, tall, 0.2);
    let (x0, width) = (stage.view.0, stage.width());
    let reach = e.rng.range(0.35, 0.7);
    for p in &mut line {
        // The land runs out into the water on one side.
        let t = (p.x - x0) / width;
        let from_shore = if side > 0.0 { 1.0 - t } else { t };
        let keep = (1.0 - from_shore / reach).clamp(0.0, 1.0).sqrt();
        p.y = lerp(stage.horizon + 2.0, p.y - tall * 0.3, keep);
    }
    let shape = land::area_under(&line, stage.horizon + stage.unit * 0.012);
    let (far, mid) = (e.palette.far, e.palette.mid);
    let wash = e.plain_wash(far).with_pigment(pigment(mid), 0.3, 0.7).lifting(0.6).wet(0.008, 0.5);
    e.lay(&shape, wash);
}

/// Hills behind hills, perhaps with a `track` where one may be.
pub fn hills(e: &mut PaintContext, stage: &SceneLayout, track: bool) {
    let count = e.rng.int_range(2, 4);
    let tall = e.rng.range(0.14, 0.28);
    land::ridges(e, stage, count, tall, 0.0);
    land::ground(e, stage);
    copses(e, stage, 5);
    if track && e.rng.random_bool(0.45) {
        land::winding_path(e, stage, false);
    }
    land::grass(e, stage, 16);
}

/// A wide plain under a large sky.
pub fn field(e: &mut PaintContext, stage: &SceneLayout) {
    let tall = e.rng.range(0.05, 0.12);
    land::ridges(e, stage, 1, tall, 0.0);
    copses(e, stage, 7);
    land::ground(e, stage);
    if !stage.has_snow() {
        rows(e, stage);
    }
    land::grass(e, stage, 22);
}

/// Rows of a crop, running together at the horizon.
fn rows(e: &mut PaintContext, stage: &SceneLayout) {
    let meet = stage.at(e.rng.range(0.25, 0.75), 0.0).x;
    let (crop, earth) = (e.palette.mid.lerp(e.palette.accent, 0.35), e.palette.near);
    for i in 0..11 {
        let t = i as f32 / 10.0 * 2.4 - 1.2;
        let foot = meet + t * stage.width() * 1.5;
        let top = meet + t * stage.width() * 0.12;
        let y = stage.horizon + stage.unit * 0.025;
        let path = [
            pt(top, y),
            pt(lerp(top, foot, 0.4), stage.ground(0.42)),
            pt(foot, stage.view.3 + 5.0),
        ];
        let wide = stage.unit * e.rng.range(0.025, 0.06);
        let shape = Shape::stroke(&path, |t| wide * (0.06 + t));
        let colour = if i % 2 == 0 { crop } else { earth };
        let wash =
            e.plain_wash(colour).with_strength(e.rng.range(0.3, 0.6)).dry(0.4).wet(0.004, 0.5);
        e.lay(&shape, wash);
    }
}

/// Dabs of far trees along the horizon.
fn copses(e: &mut PaintContext, stage: &SceneLayout, count: usize) {
    for _ in 0..count {
        let at = pt(
            stage.at(e.rng.uniform(), 0.0).x,
            stage.horizon + stage.unit * e.rng.range(0.0, 0.02),
        );
        let size = stage.unit * e.rng.range(0.012, 0.035);
        let shape = Shape::blob(at, size * e.rng.range(1.2, 3.0), size, 0.5, &mut e.rng);
        let tone = e.palette.mid.lerp(e.palette.dark, e.rng.range(0.1, 0.6));
        let wash = e.plain_wash(tone).with_strength(0.75).wet(0.01, 0.8);
        e.lay(&shape, wash);
    }
}

/// High ridges over a dark valley.
pub fn mountains(e: &mut PaintContext, stage: &SceneLayout) {
    let count = e.rng.int_range(2, 3);
    let tall = e.rng.range(0.4, 0.56);
    land::ridges(e, stage, count, tall, 0.85);
    land::ground(e, stage);
    for _ in 0..e.rng.int_range(5, 10) {
        let side =
            if e.rng.random_bool(0.5) { e.rng.range(0.0, 0.3) } else { e.rng.range(0.7, 1.0) };
        let depth = e.rng.range(0.02, 0.4);
        let height = stage.unit * lerp(0.07, 0.26, depth) * e.rng.range(0.7, 1.2);
        let foot = pt(stage.at(side, 0.0).x, stage.ground(depth));
        motif::pine(e, Placement { foot, height, facing: 1.0 });
    }
    land::grass(e, stage, 10);
}

/// A river between its banks.
pub fn river(e: &mut PaintContext, stage: &SceneLayout) {
    far_banks(e, stage);
    land::ground(e, stage);
    copses(e, stage, 6);
    land::winding_path(e, stage, true);
    for _ in 0..8 {
        let y = stage.ground(e.rng.range(0.15, 0.95));
        let at = pt(stage.at(e.rng.range(0.2, 0.8), 0.0).x, y);
        let wide = stage.unit * e.rng.range(0.02, 0.06);
        water::reflection(e, at, wide, stage.unit * 0.03);
    }
    land::grass(e, stage, 20);
}

fn far_banks(e: &mut PaintContext, stage: &SceneLayout) {
    let count = e.rng.int_range(2, 3);
    let tall = e.rng.range(0.12, 0.24);
    land::ridges(e, stage, count, tall, 0.1);
}

/// Still water with a far bank, and reeds at the near one.
pub fn lake(e: &mut PaintContext, stage: &SceneLayout, light: Option<Point>) {
    far_banks(e, stage);
    water::paint(e, stage, light);
    copses(e, stage, 8);
    for _ in 0..7 {
        let at = pt(stage.at(e.rng.uniform(), 0.0).x, stage.horizon + stage.unit * 0.015);
        let (wide, deep) =
            (stage.unit * e.rng.range(0.05, 0.12), stage.unit * e.rng.range(0.05, 0.12));
        water::reflection(e, at, wide, deep);
    }
    let side = if e.rng.random_bool(0.5) { 0.05 } else { 0.95 };
    let bank = pt(stage.at(side, 0.0).x, stage.ground(0.82));
    let wide = stage.unit * e.rng.range(0.3, 0.5);
    land::mound(e, stage, bank, wide, stage.unit * 0.06);
    land::grass(e, stage, 12);
}

/// Beds of flowers before a hedge.
pub fn garden(e: &mut PaintContext, stage: &SceneLayout) {
    land::ridges(e, stage, 1, 0.16, 0.0);
    land::ground(e, stage);
    hedge(e, stage);
    if e.rng.random_bool(0.6) {
        land::winding_path(e, stage, false);
    }
    for i in 0..46 {
        let depth = (i as f32 / 46.0).powf(0.8);
        blossom(e, stage, depth);
    }
    land::grass(e, stage, 26);
    for _ in 0..e.rng.int_range(3, 6) {
        let x =
            if e.rng.random_bool(0.5) { e.rng.range(0.02, 0.28) } else { e.rng.range(0.72, 0.98) };
        let height = stage.unit * e.rng.range(0.16, 0.3);
        let foot = pt(stage.at(x, 0.0).x, stage.ground(e.rng.range(0.85, 1.05)));
        let side = e.rng.random_sign();
        motif::flower(e, Placement { foot, height, facing: side });
    }
}

fn hedge(e: &mut PaintContext, stage: &SceneLayout) {
    let (leaf, dark) = (e.palette.mid, e.palette.dark);
    for _ in 0..e.rng.int_range(6, 9) {
        let at = pt(
            stage.at(e.rng.uniform(), 0.0).x,
            stage.horizon + stage.unit * e.rng.range(-0.06, 0.03),
        );
        let size = stage.unit * e.rng.range(0.05, 0.12);
        let shape = Shape::blob(at, size * 1.3, size, 0.45, &mut e.rng);
        let mut wash = e.mixed_wash(leaf, dark).lifting(0.4).wet(0.014, 0.8).dry(0.2);
        wash.flow = 0.6;
        wash.scale = 2.0;
        e.lay(&shape, wash.with_gradient(at.y - size, at.y + size, (0.6, 1.2)));
    }
}

/// One dab of blossom, and its drop of shade.
fn blossom(e: &mut PaintContext, stage: &SceneLayout, depth: f32) {
    let side = if e.rng.random_bool(0.5) { e.rng.range(0.0, 0.42) } else { e.rng.range(0.58, 1.0) };
    let at = pt(stage.at(side, 0.0).x, stage.ground(lerp(0.04, 0.98, depth)));
    let size = stage.unit * lerp(0.006, 0.022, depth) * e.rng.range(0.6, 1.3);
    let petal = match e.rng.int_range(0, 3) {
        0 => e.palette.glow,
        1 => e.palette.accent.lerp(e.palette.low, 0.5),
        _ => e.palette.accent,
    };
    let shade = e.palette.dark;
    let below = Shape::blob(pt(at.x + size * 0.3, at.y + size), size * 1.2, size, 0.4, &mut e.rng);
    let wash = e.plain_wash(shade).with_strength(0.4).wet(0.006, 0.8);
    e.lay(&below, wash);
    let dab = Shape::blob(at, size * 1.2, size, 0.45, &mut e.rng);
    let wash =
        e.mixed_wash(petal, shade).with_pigment(pigment(petal), 0.0, 0.2).lifting(0.85).rimmed(1.0);
    e.lay_within(&dab, wash, size * 0.3);
}
