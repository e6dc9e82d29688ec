//! Ground: ridges behind ridges, fields, grass, roads.

use super::canvas::pigment;
use super::context::PaintContext;
use super::layout::SceneLayout;
use super::noise::lerp;
use super::shape::{Point, Shape, bowed_line, pt};
use super::sky::is_distance_hidden;

/// The line of a ridge across the view, from left to right; `sharp` makes peaks of its rounds.
pub fn ridge_line(
    e: &mut PaintContext,
    stage: &SceneLayout,
    base: f32,
    tall: f32,
    sharp: f32,
) -> Vec<Point> {
    let (x0, _, x1, _) = stage.view;
    let pad = stage.unit * 0.05;
    let (u, v) = (e.rng.range(0.0, 256.0), e.rng.range(0.0, 256.0));
    let fine = lerp(18.0, 44.0, sharp);
    let steps = 56;
    (0..=steps)
        .map(|i| {
            let t = i as f32 / steps as f32;
            let slow = e.canvas.flow.at(u + t * fine * 2.2, v);
            let peak = 1.0 - ((slow - 0.5) * 4.0).abs().min(1.0);
            let jag = (e.canvas.flow.at(u + t * 240.0, v + 60.0) - 0.5) * sharp * 0.5;
            let high = lerp(slow, peak, sharp) + jag;
            pt(lerp(x0 - pad, x1 + pad, t), base - tall * high)
        })
        .collect()
}

/// The area under a ridge line, down to `bottom`.
pub fn area_under(line: &[Point], bottom: f32) -> Shape {
    let mut points = line.to_vec();
    if let (Some(first), Some(last)) = (line.first(), line.last()) {
        points.push(pt(last.x, bottom));
        points.push(pt(first.x, bottom));
    }
    Shape::polygon(points)
}

/// Ridges from far to near behind the horizon, each paler at its foot where mist lies.
pub fn ridges(e: &mut PaintContext, stage: &SceneLayout, count: usize, tall: f32, sharp: f32) {
    for i in 0..count {
        let depth = i as f32 / count.max(1) as f32;
        let base = stage.horizon + stage.unit * 0.03 * depth;
        let rise = stage.unit * tall * (1.0 - 0.55 * depth) * e.rng.range(0.7, 1.1);
        let line = ridge_line(e, stage, base, rise, sharp * (1.0 - 0.6 * depth));
        let shape = area_under(&line, stage.horizon + stage.unit * 0.08);
        let colour = e.palette.at_depth(depth * 0.6);
        let second = e.palette.low.lerp(colour, 0.55);
        let foot = if is_distance_hidden(stage) { 0.12 } else { 0.42 };
        let strength = if is_distance_hidden(stage) { 0.55 + 0.3 * depth } else { 0.9 };
        let wash = e
            .plain_wash(colour)
            .with_pigment(pigment(second), 0.1, 0.5)
            .with_gradient(base - rise, stage.horizon + stage.unit * 0.05, (strength, foot))
            .lifting(0.45)
            .wet(0.012, 0.5);
        e.lay(&shape, wash);
        if i == 0 {
            snow_caps(e, stage, &line, sharp);
        }
    }
}

/// Snow left under the peaks of sharp ridges: the ridge's own line above, a torn edge below.
fn snow_caps(e: &mut PaintContext, stage: &SceneLayout, line: &[Point], sharp: f32) {
    const REACH: usize = 4;
    if sharp < 0.5 {
        return;
    }
    for window in line.windows(2 * REACH + 1) {
        let top = window[REACH];
        if window.iter().any(|p| p.y < top.y) {
            continue;
        }
        let deep = stage.unit * e.rng.range(0.06, 0.11);
        let mut points = window[2..=2 * REACH - 2].to_vec();
        let (left, right) = (points[0], points[points.len() - 1]);
        for i in 0..=6 {
            let t = i as f32 / 6.0;
            let torn = if i % 2 == 0 { e.rng.range(0.05, 0.35) } else { e.rng.range(0.55, 1.0) };
            // The torn edge hangs below the flank, deepest under the peak.
            let flank = top.y.max(lerp(right.y, left.y, t) - deep * 0.3);
            points
                .push(pt(lerp(right.x, left.x, t), flank + torn * deep * (1.2 - (t - 0.5).abs())));
        }
        let light = e.palette.low.with_lightness_and_chroma(e.palette.low.l.max(0.86), 0.5);
        let wash = e.plain_wash(light).lifting(0.75).with_strength(0.4).rimmed(0.1).dry(0.2);
        e.lay(&Shape::polygon(points), wash);
    }
}

/// The ground from the horizon to the bottom edge.
pub fn ground(e: &mut PaintContext, stage: &SceneLayout) {
    let line = ridge_line(e, stage, stage.horizon + stage.unit * 0.02, stage.unit * 0.035, 0.0);
    let shape = area_under(&line, stage.view.3 + stage.unit * 0.05);
    let (mid, near) = (e.palette.mid, e.palette.near);
    let angle = e.rng.triangular() * 0.15;
    let wash = if stage.has_snow() {
        let shadow = e.palette.far.with_lightness_and_chroma(0.8, 0.8);
        let tint = e.palette.low.with_lightness_and_chroma(0.95, 0.5);
        e.plain_wash(tint).with_pigment(pigment(shadow), 0.1, 0.7).with_strength(0.7).lifting(0.97)
    } else {
        let mut wash = e.plain_wash(mid).with_pigment(pigment(near), 0.05, 0.6).lifting(0.9);
        wash.mix_gradient = 0.8;
        wash
    };
    let mut wash = wash.streaked(e.rng.range(2.0, 5.0), angle);
    wash.flow = 0.34;
    let strength = wash.strength.0;
    e.lay(
        &shape,
        wash.with_gradient(stage.horizon, stage.view.3, (strength * 0.72, strength * 1.1)),
    );
    furrows(e, stage);
}

/// Broken strokes that follow the lie of the land.
fn furrows(e: &mut PaintContext, stage: &SceneLayout) {
    let colour = if stage.has_snow() { e.palette.far } else { e.palette.near };
    for _ in 0..e.rng.int_range(7, 12) {
        let depth = e.rng.uniform().sqrt();
        let y = stage.ground(depth);
        let x = stage.at(e.rng.range(-0.1, 0.9), 0.0).x;
        let long = stage.unit * e.rng.range(0.15, 0.5);
        let thick = stage.unit * lerp(0.006, 0.035, depth);
        let slope = e.rng.triangular() * 0.06 * long;
        let path =
            bowed_line(pt(x, y), pt(x + long, y + slope), e.rng.triangular() * thick * 1.5, 10);
        let shape = Shape::stroke(&path, |t| thick * (t * (1.0 - t) * 4.0).sqrt());
        let strength = if stage.has_snow() { 0.22 } else { e.rng.range(0.25, 0.55) };
        let wash =
            e.plain_wash(colour).with_strength(strength).streaked(6.0, 0.0).dry(0.44).rimmed(0.2);
        e.lay(&shape, wash);
    }
}

/// Blades of grass, or dry stalks through snow, in clumps along the foreground.
pub fn grass(e: &mut PaintContext, stage: &SceneLayout, clumps: usize) {
    let colour = e.palette.near.lerp(e.palette.dark, 0.45);
    for _ in 0..clumps {
        let x = stage.at(e.rng.uniform(), 0.0).x;
        let depth = e.rng.range(0.45, 1.02);
        let y = stage.ground(depth);
        let tall = stage.unit * lerp(0.02, 0.075, depth) * e.rng.range(0.6, 1.2);
        let mut tuft = Shape::default();
        for _ in 0..e.rng.int_range(4, 8) {
            let start = pt(x + e.rng.triangular() * tall * 0.7, y);
            let end =
                pt(start.x + e.rng.triangular() * tall * 0.8, y - tall * e.rng.range(0.5, 1.1));
            let path = bowed_line(start, end, e.rng.triangular() * tall * 0.25, 5);
            tuft = tuft.union(Shape::stroke(&path, |t| (tall * 0.07).max(0.9) * (1.0 - 0.9 * t)));
        }
        let wash = e.plain_wash(colour).with_strength(e.rng.range(0.45, 0.95)).rimmed(0.3);
        e.lay_within(&tuft, wash, 0.0);
    }
}

/// A road or stream winding from the foreground to the horizon.
pub fn winding_path(e: &mut PaintContext, stage: &SceneLayout, water: bool) {
    let bottom = stage.view.3 + stage.unit * 0.04;
    let end_x = lerp(stage.focus.x, stage.at(0.5, 0.0).x, e.rng.uniform());
    let start_x = stage.at(e.rng.range(0.2, 0.8), 0.0).x;
    let sweep = stage.width() * e.rng.range(0.1, 0.22) * e.rng.random_sign();
    let wide = stage.unit * if water { 0.24 } else { 0.13 };
    // Edges level with each other, as flat ground shows them, not square to the bends.
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for i in 0..=24 {
        let t = i as f32 / 24.0;
        let near = (1.0 - t).powf(1.7);
        let x = lerp(end_x, start_x, near) + sweep * (t * 5.2).sin() * near;
        let y = lerp(stage.horizon + stage.unit * 0.012, bottom, near);
        let half = (wide * near.powf(1.15)).max(stage.unit * 0.003);
        left.push(pt(x - half, y));
        right.push(pt(x + half, y));
    }
    left.extend(right.into_iter().rev());
    let shape = Shape::polygon(left);
    let light = e.palette.low;
    let wash = if water {
        let deep = e.palette.high;
        e.plain_wash(light).with_pigment(pigment(deep), 0.2, 0.6).streaked(6.0, 0.0)
    } else {
        let earth = e.palette.mid.lerp(e.palette.low, 0.6);
        e.plain_wash(earth).with_pigment(pigment(light), 0.3, 0.6)
    };
    e.lay(&shape, wash.lifting(0.92).with_strength(0.75).rimmed(0.7));
}

/// A mound of rock or earth for a thing to stand on.
pub fn mound(e: &mut PaintContext, stage: &SceneLayout, at: Point, wide: f32, tall: f32) {
    let reach = stage.view.3 + stage.unit * 0.05;
    let low = (at.y + tall * 2.2).min(reach);
    let edge = |e: &mut PaintContext, x: f32, y: f32| {
        pt(at.x + x * wide, at.y + y * tall + e.rng.triangular() * tall * 0.12)
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
    let mut points: Vec<Point> = top.iter().map(|&(x, y)| edge(e, x, y)).collect();
    points.push(pt(at.x + wide * 1.1, low));
    points.push(pt(at.x - wide * 1.1, low));
    let shape = Shape::polygon(points);
    let (near, dark) = (e.palette.near, e.palette.dark);
    let mut wash = e.mixed_wash(near, dark).lifting(0.9).wet(0.008, 0.4);
    wash.flow = 0.5;
    wash.scale = 1.6;
    e.lay(&shape, wash.with_gradient(at.y, low, (1.0, 0.7)));
    for _ in 0..5 {
        let from = pt(at.x + e.rng.triangular() * wide * 0.7, at.y + tall * e.rng.range(0.3, 1.0));
        let to =
            pt(from.x + e.rng.triangular() * wide * 0.4, from.y + tall * e.rng.range(0.2, 0.8));
        let path = bowed_line(from, to, e.rng.triangular() * tall * 0.2, 5);
        let thick = tall * e.rng.range(0.06, 0.22);
        let crack = Shape::stroke(&path, |t| thick * (t * (1.0 - t) * 4.0).sqrt());
        let wash = e.plain_wash(dark).with_strength(0.45).dry(0.36).wet(0.006, 1.0);
        e.lay(&crack, wash);
    }
}
