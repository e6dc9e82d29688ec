//! Paints water: its surface, waves, reflected light and reflections.

use super::canvas::pigment;
use super::context::PaintContext;
use super::layout::SceneLayout;
use super::noise::lerp;
use super::prompt::{Light, PaintedWeather};
use super::shape::{Point, Shape, bowed_line, pt};
use crate::math;

/// Paints water from the horizon to the bottom edge; `light` is the position of the moon or sun.
pub fn paint(ctx: &mut PaintContext, layout: &SceneLayout, light: Option<Point>) {
    surface(ctx, layout);
    let rough = match layout.weather {
        Some(PaintedWeather::Wind | PaintedWeather::Rain) => 1.8,
        _ => 1.0,
    };
    waves(ctx, layout, rough);
    if let Some(light) = light {
        glitter(ctx, layout, light.x);
    }
}

fn surface(ctx: &mut PaintContext, layout: &SceneLayout) {
    let (x0, _, x1, y1) = layout.view;
    let pad = layout.unit * 0.04;
    let shape = Shape::rect(x0 - pad, layout.horizon, x1 + pad, y1 + pad);
    let (mid, near) = (ctx.palette.mid.lerp(ctx.palette.high, 0.35), ctx.palette.near);
    let mut wash =
        ctx.plain_wash(mid).with_pigment(pigment(near), 0.0, 0.5).lifting(0.9).streaked(7.0, 0.0);
    wash.mix_gradient = 0.8;
    wash.flow = 0.4;
    let far = if layout.light == Light::Night { 0.7 } else { 0.6 };
    let amount = 0.002 * ctx.unit();
    ctx.lay_within(&shape, wash.with_gradient(layout.horizon, y1, (far, 1.1)), amount);
}

/// Paints waves: long flat strokes, dark or light, that become finer and closer towards the horizon.
fn waves(ctx: &mut PaintContext, layout: &SceneLayout, rough: f32) {
    let count = (26.0 * rough) as usize;
    for i in 0..count {
        let depth = math::powf((i as f32 + ctx.rng.uniform()) / count as f32, 1.4);
        let y = layout.ground(lerp(0.015, 1.0, depth));
        let long = layout.unit * lerp(0.08, 0.42, depth) * ctx.rng.range(0.5, 1.2);
        let thick = layout.unit * lerp(0.004, 0.03, depth) * rough.sqrt();
        let x = layout.at(ctx.rng.range(-0.1, 1.1), 0.0).x;
        let lilt = ctx.rng.range(2.0, 5.0);
        let path: Vec<Point> = (0..=14)
            .map(|k| {
                let t = k as f32 / 14.0 - 0.5;
                pt(x + t * long * 2.0, y + thick * 0.5 * rough * math::sin(t * lilt * 4.0))
            })
            .collect();
        let shape = Shape::stroke(&path, |t| thick * math::powf(t * (1.0 - t) * 4.0, 0.8));
        let wash = if ctx.rng.random_bool(0.3) {
            let light = ctx.palette.low;
            ctx.plain_wash(light).lifting(0.5).with_strength(0.3).rimmed(0.1).dry(0.42)
        } else {
            let deep = ctx.palette.near.lerp(ctx.palette.dark, ctx.rng.uniform() * 0.6);
            ctx.plain_wash(deep).with_strength(ctx.rng.range(0.22, 0.6)).rimmed(0.5).dry(0.28)
        };
        ctx.lay(&shape, wash.streaked(6.0, 0.0));
    }
}

/// Paints the glitter below the moon or sun, at the x coordinate `x`.
fn glitter(ctx: &mut PaintContext, layout: &SceneLayout, x: f32) {
    let colour = ctx.palette.glow;
    for i in 0..26 {
        let depth = math::powf(i as f32 / 26.0, 1.3);
        let y = layout.ground(lerp(0.01, 0.95, depth));
        let wide = layout.unit * lerp(0.03, 0.1, depth) * ctx.rng.range(0.4, 1.2);
        let middle = x + ctx.rng.triangular() * layout.unit * lerp(0.02, 0.09, depth);
        let thick = layout.unit * lerp(0.003, 0.011, depth) + 0.5;
        let path =
            bowed_line(pt(middle - wide, y), pt(middle + wide, y), ctx.rng.triangular() * thick, 8);
        let shape = Shape::stroke(&path, |t| thick * (t * (1.0 - t) * 4.0).sqrt());
        let wash = ctx.plain_wash(colour).lifting(0.75).with_strength(0.5).rimmed(0.0).dry(0.34);
        ctx.lay(&shape, wash);
    }
}

/// Paints the reflection of a motif in or by water: short strokes, about `wide` pixels wide, down to
/// `deep` pixels below its foot.
pub fn reflection(ctx: &mut PaintContext, foot: Point, wide: f32, deep: f32) {
    let colour = ctx.palette.dark.lerp(ctx.palette.near, 0.4);
    for i in 0..6 {
        let t = i as f32 / 6.0;
        let y = foot.y + deep * (t + 0.06);
        let half = wide * (0.55 - 0.3 * t) * ctx.rng.range(0.7, 1.1);
        let shift = ctx.rng.triangular() * wide * 0.1;
        let path = bowed_line(pt(foot.x - half + shift, y), pt(foot.x + half + shift, y), 0.0, 6);
        let thick = deep * 0.11;
        let shape = Shape::stroke(&path, |t| thick * (t * (1.0 - t) * 4.0).sqrt());
        let wash = ctx.plain_wash(colour).with_strength(0.55 * (1.0 - t)).rimmed(0.3).dry(0.25);
        ctx.lay(&shape, wash);
    }
}
