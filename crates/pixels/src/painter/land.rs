//! Paints land: ridges, ground, grass, paths and mounds.

use super::canvas::pigment;
use super::context::PaintContext;
use super::layout::SceneLayout;
use super::noise::lerp;
use super::shape::{Point, Shape, bowed_line, pt};
use super::sky::is_distance_hidden;
use crate::math;

/// Returns the line of a ridge across the view, from left to right. It rises up to about `tall`
/// pixels above `base`; `sharp` goes from rounded hills (0) to peaks (1).
pub fn ridge_line(
    ctx: &mut PaintContext,
    layout: &SceneLayout,
    base: f32,
    tall: f32,
    sharp: f32,
) -> Vec<Point> {
    let (x0, _, x1, _) = layout.view;
    let pad = layout.unit * 0.05;
    let (u, v) = (ctx.rng.range(0.0, 256.0), ctx.rng.range(0.0, 256.0));
    let fine = lerp(18.0, 44.0, sharp);
    let steps = 56;
    (0..=steps)
        .map(|i| {
            let t = i as f32 / steps as f32;
            let slow = ctx.canvas.flow.at(u + t * fine * 2.2, v);
            let peak = 1.0 - ((slow - 0.5) * 4.0).abs().min(1.0);
            let jag = (ctx.canvas.flow.at(u + t * 240.0, v + 60.0) - 0.5) * sharp * 0.5;
            let high = lerp(slow, peak, sharp) + jag;
            pt(lerp(x0 - pad, x1 + pad, t), base - tall * high)
        })
        .collect()
}

/// Returns the area between a ridge line and the y coordinate `bottom`.
pub fn area_under(line: &[Point], bottom: f32) -> Shape {
    let mut points = line.to_vec();
    if let (Some(first), Some(last)) = (line.first(), line.last()) {
        points.push(pt(last.x, bottom));
        points.push(pt(first.x, bottom));
    }
    Shape::polygon(points)
}

/// Paints `count` ridges at the horizon from far to near, each paler at its foot as in mist. `tall` is
/// the height of the furthest ridge, in units of the layout.
pub fn ridges(ctx: &mut PaintContext, layout: &SceneLayout, count: usize, tall: f32, sharp: f32) {
    for i in 0..count {
        let depth = i as f32 / count.max(1) as f32;
        let base = layout.horizon + layout.unit * 0.03 * depth;
        let rise = layout.unit * tall * (1.0 - 0.55 * depth) * ctx.rng.range(0.7, 1.1);
        let line = ridge_line(ctx, layout, base, rise, sharp * (1.0 - 0.6 * depth));
        let shape = area_under(&line, layout.horizon + layout.unit * 0.08);
        let colour = ctx.palette.at_depth(depth * 0.6);
        let second = ctx.palette.low.lerp(colour, 0.55);
        let foot = if is_distance_hidden(layout) { 0.12 } else { 0.42 };
        let strength = if is_distance_hidden(layout) { 0.55 + 0.3 * depth } else { 0.9 };
        let wash = ctx
            .plain_wash(colour)
            .with_pigment(pigment(second), 0.1, 0.5)
            .with_gradient(base - rise, layout.horizon + layout.unit * 0.05, (strength, foot))
            .lifting(0.45)
            .wet(0.012, 0.5);
        ctx.lay(&shape, wash);
        if i == 0 {
            snow_caps(ctx, layout, &line, sharp);
        }
    }
}

/// Paints snow on the peaks of a sharp ridge: it follows the ridge line above and has a ragged edge
/// below.
fn snow_caps(ctx: &mut PaintContext, layout: &SceneLayout, line: &[Point], sharp: f32) {
    const REACH: usize = 4;
    if sharp < 0.5 {
        return;
    }
    for window in line.windows(2 * REACH + 1) {
        let top = window[REACH];
        if window.iter().any(|p| p.y < top.y) {
            continue;
        }
        let deep = layout.unit * ctx.rng.range(0.06, 0.11);
        let mut points = window[2..=2 * REACH - 2].to_vec();
        let (left, right) = (points[0], points[points.len() - 1]);
        for i in 0..=6 {
            let t = i as f32 / 6.0;
            let torn =
                if i % 2 == 0 { ctx.rng.range(0.05, 0.35) } else { ctx.rng.range(0.55, 1.0) };
            // The ragged edge lies below the flank, and is lowest under the peak.
            let flank = top.y.max(lerp(right.y, left.y, t) - deep * 0.3);
            points
                .push(pt(lerp(right.x, left.x, t), flank + torn * deep * (1.2 - (t - 0.5).abs())));
        }
        let light = ctx.palette.low.with_lightness_and_chroma(ctx.palette.low.l.max(0.86), 0.5);
        let wash = ctx.plain_wash(light).lifting(0.75).with_strength(0.4).rimmed(0.1).dry(0.2);
        ctx.lay(&Shape::polygon(points), wash);
    }
}

/// Paints the ground from the horizon to the bottom edge.
pub fn ground(ctx: &mut PaintContext, layout: &SceneLayout) {
    let line =
        ridge_line(ctx, layout, layout.horizon + layout.unit * 0.02, layout.unit * 0.035, 0.0);
    let shape = area_under(&line, layout.view.3 + layout.unit * 0.05);
    let (mid, near) = (ctx.palette.mid, ctx.palette.near);
    let angle = ctx.rng.triangular() * 0.15;
    let wash = if layout.has_snow() {
        let shadow = ctx.palette.far.with_lightness_and_chroma(0.8, 0.8);
        let tint = ctx.palette.low.with_lightness_and_chroma(0.95, 0.5);
        ctx.plain_wash(tint)
            .with_pigment(pigment(shadow), 0.1, 0.7)
            .with_strength(0.7)
            .lifting(0.97)
    } else {
        let mut wash = ctx.plain_wash(mid).with_pigment(pigment(near), 0.05, 0.6).lifting(0.9);
        wash.mix_gradient = 0.8;
        wash
    };
    let mut wash = wash.streaked(ctx.rng.range(2.0, 5.0), angle);
    wash.flow = 0.34;
    let strength = wash.strength.0;
    ctx.lay(
        &shape,
        wash.with_gradient(layout.horizon, layout.view.3, (strength * 0.72, strength * 1.1)),
    );
    furrows(ctx, layout);
}

/// Paints broken strokes along the ground.
fn furrows(ctx: &mut PaintContext, layout: &SceneLayout) {
    let colour = if layout.has_snow() { ctx.palette.far } else { ctx.palette.near };
    for _ in 0..ctx.rng.int_range(7, 12) {
        let depth = ctx.rng.uniform().sqrt();
        let y = layout.ground(depth);
        let x = layout.at(ctx.rng.range(-0.1, 0.9), 0.0).x;
        let long = layout.unit * ctx.rng.range(0.15, 0.5);
        let thick = layout.unit * lerp(0.006, 0.035, depth);
        let slope = ctx.rng.triangular() * 0.06 * long;
        let path =
            bowed_line(pt(x, y), pt(x + long, y + slope), ctx.rng.triangular() * thick * 1.5, 10);
        let shape = Shape::stroke(&path, |t| thick * (t * (1.0 - t) * 4.0).sqrt());
        let strength = if layout.has_snow() { 0.22 } else { ctx.rng.range(0.25, 0.55) };
        let wash =
            ctx.plain_wash(colour).with_strength(strength).streaked(6.0, 0.0).dry(0.44).rimmed(0.2);
        ctx.lay(&shape, wash);
    }
}

/// Paints clumps of grass in the foreground.
pub fn grass(ctx: &mut PaintContext, layout: &SceneLayout, clumps: usize) {
    let colour = ctx.palette.near.lerp(ctx.palette.dark, 0.45);
    for _ in 0..clumps {
        let x = layout.at(ctx.rng.uniform(), 0.0).x;
        let depth = ctx.rng.range(0.45, 1.02);
        let y = layout.ground(depth);
        let tall = layout.unit * lerp(0.02, 0.075, depth) * ctx.rng.range(0.6, 1.2);
        let mut tuft = Shape::default();
        for _ in 0..ctx.rng.int_range(4, 8) {
            let start = pt(x + ctx.rng.triangular() * tall * 0.7, y);
            let end =
                pt(start.x + ctx.rng.triangular() * tall * 0.8, y - tall * ctx.rng.range(0.5, 1.1));
            let path = bowed_line(start, end, ctx.rng.triangular() * tall * 0.25, 5);
            tuft = tuft.union(Shape::stroke(&path, |t| (tall * 0.07).max(0.9) * (1.0 - 0.9 * t)));
        }
        let wash = ctx.plain_wash(colour).with_strength(ctx.rng.range(0.45, 0.95)).rimmed(0.3);
        ctx.lay_within(&tuft, wash, 0.0);
    }
}

/// Paints a path from the foreground to the horizon: a stream if `water`, else a road.
pub fn winding_path(ctx: &mut PaintContext, layout: &SceneLayout, water: bool) {
    let bottom = layout.view.3 + layout.unit * 0.04;
    let end_x = lerp(layout.focus.x, layout.at(0.5, 0.0).x, ctx.rng.uniform());
    let start_x = layout.at(ctx.rng.range(0.2, 0.8), 0.0).x;
    let sweep = layout.width() * ctx.rng.range(0.1, 0.22) * ctx.rng.random_sign();
    let wide = layout.unit * if water { 0.24 } else { 0.13 };
    // On flat ground, the two edges of a path are at the same height in the picture, not at right
    // angles to its bends.
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for i in 0..=24 {
        let t = i as f32 / 24.0;
        let near = math::powf(1.0 - t, 1.7);
        let x = lerp(end_x, start_x, near) + sweep * math::sin(t * 5.2) * near;
        let y = lerp(layout.horizon + layout.unit * 0.012, bottom, near);
        let half = (wide * math::powf(near, 1.15)).max(layout.unit * 0.003);
        left.push(pt(x - half, y));
        right.push(pt(x + half, y));
    }
    left.extend(right.into_iter().rev());
    let shape = Shape::polygon(left);
    let light = ctx.palette.low;
    let wash = if water {
        let deep = ctx.palette.high;
        ctx.plain_wash(light).with_pigment(pigment(deep), 0.2, 0.6).streaked(6.0, 0.0)
    } else {
        let earth = ctx.palette.mid.lerp(ctx.palette.low, 0.6);
        ctx.plain_wash(earth).with_pigment(pigment(light), 0.3, 0.6)
    };
    ctx.lay(&shape, wash.lifting(0.92).with_strength(0.75).rimmed(0.7));
}

/// Paints a mound of rock or earth for a motif to stand on. `wide` is half its width and `tall` about
/// half its height, in pixels.
pub fn mound(ctx: &mut PaintContext, layout: &SceneLayout, at: Point, wide: f32, tall: f32) {
    let reach = layout.view.3 + layout.unit * 0.05;
    let low = (at.y + tall * 2.2).min(reach);
    let edge = |ctx: &mut PaintContext, x: f32, y: f32| {
        pt(at.x + x * wide, at.y + y * tall + ctx.rng.triangular() * tall * 0.12)
    };
    let top = [
        (-1.0, 1.9),
        (-0.8, 0.9),
        (-0.48, 0.35),
        (-0.25, 0.02),
        (0.25, 0.0),
        (0.45, 0.4),
        (0.78, 0.8),
        (1.05, 1.9),
    ];
    let mut points: Vec<Point> = top.iter().map(|&(x, y)| edge(ctx, x, y)).collect();
    points.push(pt(at.x + wide * 1.1, low));
    points.push(pt(at.x - wide * 1.1, low));
    let shape = Shape::polygon(points);
    let (near, dark) = (ctx.palette.near, ctx.palette.dark);
    let mut wash = ctx.mixed_wash(near, dark).lifting(0.9).wet(0.008, 0.4);
    wash.flow = 0.5;
    wash.scale = 1.6;
    ctx.lay(&shape, wash.with_gradient(at.y, low, (1.0, 0.7)));
    for _ in 0..5 {
        let from =
            pt(at.x + ctx.rng.triangular() * wide * 0.7, at.y + tall * ctx.rng.range(0.3, 1.0));
        let to =
            pt(from.x + ctx.rng.triangular() * wide * 0.4, from.y + tall * ctx.rng.range(0.2, 0.8));
        let path = bowed_line(from, to, ctx.rng.triangular() * tall * 0.2, 5);
        let thick = tall * ctx.rng.range(0.06, 0.22);
        let crack = Shape::stroke(&path, |t| thick * (t * (1.0 - t) * 4.0).sqrt());
        let wash = ctx.plain_wash(dark).with_strength(0.45).dry(0.36).wet(0.006, 1.0);
        ctx.lay(&crack, wash);
    }
}
