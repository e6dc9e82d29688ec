//! Water: the sea to its horizon, its waves, the path of light on it.

use super::canvas::pigment;
use super::context::PaintContext;
use super::layout::SceneLayout;
use super::noise::lerp;
use super::prompt::{Light, Weather};
use super::shape::{Point, Shape, bowed_line, pt};

/// Water from the horizon to the bottom edge; `light` is where moon or sun stand above it.
pub fn paint(e: &mut PaintContext, stage: &SceneLayout, light: Option<Point>) {
    surface(e, stage);
    let rough = match stage.weather {
        Some(Weather::Wind | Weather::Rain) => 1.8,
        _ => 1.0,
    };
    waves(e, stage, rough);
    if let Some(light) = light {
        glitter(e, stage, light.x);
    }
}

fn surface(e: &mut PaintContext, stage: &SceneLayout) {
    let (x0, _, x1, y1) = stage.view;
    let pad = stage.unit * 0.04;
    let shape = Shape::rect(x0 - pad, stage.horizon, x1 + pad, y1 + pad);
    let (mid, near) = (e.palette.mid.lerp(e.palette.high, 0.35), e.palette.near);
    let mut wash =
        e.plain_wash(mid).with_pigment(pigment(near), 0.0, 0.5).lifting(0.9).streaked(7.0, 0.0);
    wash.mix_gradient = 0.8;
    wash.flow = 0.4;
    let far = if stage.light == Light::Night { 0.7 } else { 0.6 };
    let amount = 0.002 * e.unit();
    e.lay_within(&shape, wash.with_gradient(stage.horizon, y1, (far, 1.1)), amount);
}

/// Long flat strokes, finer and closer towards the horizon, some dark and some of lifted light.
fn waves(e: &mut PaintContext, stage: &SceneLayout, rough: f32) {
    let count = (26.0 * rough) as usize;
    for i in 0..count {
        let depth = ((i as f32 + e.rng.uniform()) / count as f32).powf(1.4);
        let y = stage.ground(lerp(0.015, 1.0, depth));
        let long = stage.unit * lerp(0.08, 0.42, depth) * e.rng.range(0.5, 1.2);
        let thick = stage.unit * lerp(0.004, 0.03, depth) * rough.sqrt();
        let x = stage.at(e.rng.range(-0.1, 1.1), 0.0).x;
        let lilt = e.rng.range(2.0, 5.0);
        let path: Vec<Point> = (0..=14)
            .map(|k| {
                let t = k as f32 / 14.0 - 0.5;
                pt(x + t * long * 2.0, y + thick * 0.5 * rough * (t * lilt * 4.0).sin())
            })
            .collect();
        let shape = Shape::stroke(&path, |t| thick * (t * (1.0 - t) * 4.0).powf(0.8));
        let wash = if e.rng.random_bool(0.3) {
            let light = e.palette.low;
            e.plain_wash(light).lifting(0.5).with_strength(0.3).rimmed(0.1).dry(0.42)
        } else {
            let deep = e.palette.near.lerp(e.palette.dark, e.rng.uniform() * 0.6);
            e.plain_wash(deep).with_strength(e.rng.range(0.22, 0.6)).rimmed(0.5).dry(0.28)
        };
        e.lay(&shape, wash.streaked(6.0, 0.0));
    }
}

/// The broken path of light below moon or sun.
fn glitter(e: &mut PaintContext, stage: &SceneLayout, x: f32) {
    let colour = e.palette.glow;
    for i in 0..26 {
        let depth = (i as f32 / 26.0).powf(1.3);
        let y = stage.ground(lerp(0.01, 0.95, depth));
        let wide = stage.unit * lerp(0.03, 0.1, depth) * e.rng.range(0.4, 1.2);
        let middle = x + e.rng.triangular() * stage.unit * lerp(0.02, 0.09, depth);
        let thick = stage.unit * lerp(0.003, 0.011, depth) + 0.5;
        let path =
            bowed_line(pt(middle - wide, y), pt(middle + wide, y), e.rng.triangular() * thick, 8);
        let shape = Shape::stroke(&path, |t| thick * (t * (1.0 - t) * 4.0).sqrt());
        let wash = e.plain_wash(colour).lifting(0.75).with_strength(0.5).rimmed(0.0).dry(0.34);
        e.lay(&shape, wash);
    }
}

/// Short upright smears below something that stands in or by water.
pub fn reflection(e: &mut PaintContext, foot: Point, wide: f32, deep: f32) {
    let colour = e.palette.dark.lerp(e.palette.near, 0.4);
    for i in 0..6 {
        let t = i as f32 / 6.0;
        let y = foot.y + deep * (t + 0.06);
        let half = wide * (0.55 - 0.3 * t) * e.rng.range(0.7, 1.1);
        let shift = e.rng.triangular() * wide * 0.1;
        let path = bowed_line(pt(foot.x - half + shift, y), pt(foot.x + half + shift, y), 0.0, 6);
        let thick = deep * 0.11;
        let shape = Shape::stroke(&path, |t| thick * (t * (1.0 - t) * 4.0).sqrt());
        let wash = e.plain_wash(colour).with_strength(0.55 * (1.0 - t)).rimmed(0.3).dry(0.25);
        e.lay(&shape, wash);
    }
}
