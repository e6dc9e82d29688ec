//! Skies: graded washes, clouds left white or dropped in wet, moon, sun and stars.

use super::canvas::pigment;
use super::context::PaintContext;
use super::layout::SceneLayout;
use super::noise::lerp;
use super::prompt::{Light, Motif, Weather};
use super::shape::{Point, Shape, bowed_line, pt};

/// Paints the sky down to a little below the horizon; returns where its light stands, if anywhere.
pub fn paint(e: &mut PaintContext, stage: &SceneLayout, aloft: &[Motif]) -> Option<Point> {
    gradation(e, stage);
    let source = luminary(stage, aloft, e);
    if let Some((_, at)) = source {
        let reach = stage.unit * e.rng.range(0.3, 0.5);
        let colour = e.palette.glow;
        e.glow(at, reach, colour, 0.75);
    }
    clouds(e, stage);
    if stage.light == Light::Night && stage.weather.is_none() || aloft.contains(&Motif::Star) {
        stars(e, stage, aloft.contains(&Motif::Star));
    }
    if let Some((motif, at)) = source {
        disc(e, stage, motif, at);
    }
    source.map(|(_, at)| at)
}

fn gradation(e: &mut PaintContext, stage: &SceneLayout) {
    let (x0, y0, x1, _) = stage.view;
    let pad = stage.unit * 0.03;
    let shape = Shape::rect(x0 - pad, y0 - pad, x1 + pad, stage.horizon + stage.unit * 0.06);
    let (high, low) = (e.palette.high, e.palette.low);
    let angle = e.rng.triangular() * 0.35;
    let mut wash = e.plain_wash(high).with_pigment(pigment(low), 0.0, e.rng.range(0.15, 0.4));
    wash.mix_gradient = e.rng.range(0.9, 1.1);
    wash.flow = e.rng.range(0.16, 0.34);
    wash.scale = e.rng.range(0.5, 0.9);
    wash.rim = 0.2;
    let wash = wash
        .with_gradient(y0, stage.horizon, (1.0, e.rng.range(0.7, 1.0)))
        .streaked(e.rng.range(1.0, 4.0), angle);
    e.lay(&shape, wash);
    // Broad strokes of the same water over the still damp sky: the brush stays visible.
    for _ in 0..e.rng.int_range(2, 4) {
        let y = lerp(y0, stage.horizon, e.rng.range(0.05, 0.75));
        let thick = stage.unit * e.rng.range(0.05, 0.12);
        let from = pt(x0 - pad, y + e.rng.triangular() * thick);
        let to = pt(lerp(x0, x1, e.rng.range(0.5, 1.1)), y + e.rng.triangular() * thick);
        let path = bowed_line(from, to, e.rng.triangular() * thick, 10);
        let stroke = Shape::stroke(&path, |t| thick * (1.0 - 0.5 * t));
        let strength = e.rng.range(0.12, 0.3);
        let wash =
            e.plain_wash(high).with_strength(strength).streaked(5.0, angle).wet(0.02, 0.9).dry(0.3);
        e.lay(&stroke, wash);
    }
}

/// Which light stands in the sky, and where.
fn luminary(stage: &SceneLayout, aloft: &[Motif], e: &mut PaintContext) -> Option<(Motif, Point)> {
    let low_sun = matches!(stage.light, Light::Dawn | Light::Dusk);
    let motif = if aloft.contains(&Motif::Moon) {
        Motif::Moon
    } else if aloft.contains(&Motif::Sun) {
        Motif::Sun
    } else if stage.light == Light::Night && e.rng.random_bool(0.65) {
        Motif::Moon
    } else if low_sun && e.rng.random_bool(0.7) {
        Motif::Sun
    } else {
        return None;
    };
    // Opposite the main thing, so that the two hold each other in balance.
    let focus = (stage.focus.x - stage.view.0) / stage.width();
    let x = if focus < 0.5 { e.rng.range(0.6, 0.85) } else { e.rng.range(0.15, 0.4) };
    let top = stage.view.1;
    let part = if low_sun { e.rng.range(0.55, 0.85) } else { e.rng.range(0.2, 0.45) };
    Some((motif, pt(stage.at(x, 0.0).x, lerp(top, stage.horizon, part))))
}

fn disc(e: &mut PaintContext, stage: &SceneLayout, motif: Motif, at: Point) {
    let size = stage.unit * e.rng.range(0.04, 0.075);
    let circle = Shape::ellipse(at, size, size * 0.97);
    let glow = e.palette.glow;
    let colour = glow
        .with_lightness_and_chroma(glow.l.max(0.93), if motif == Motif::Sun { 1.0 } else { 0.4 });
    let wash = e.plain_wash(colour).lifting(0.97).rimmed(0.5).with_strength(0.9);
    e.lay_within(&circle, wash, size * 0.06);
    if motif == Motif::Moon {
        let shade = e.palette.high.lerp(glow, 0.5);
        let sea = Shape::blob(
            pt(at.x - size * 0.2, at.y + size * 0.1),
            size * 0.5,
            size * 0.4,
            0.3,
            &mut e.rng,
        );
        let wash = e.plain_wash(shade).with_strength(0.22).wet(0.01, 1.0).rimmed(0.1);
        e.lay_within(&sea, wash, size * 0.05);
    }
}

fn stars(e: &mut PaintContext, stage: &SceneLayout, many: bool) {
    let glow = e.palette.glow.with_lightness_and_chroma(0.97, 0.5);
    let count = if many { 90 } else { e.rng.int_range(20, 55) };
    for _ in 0..count {
        let at = stage.at(e.rng.uniform(), 0.0);
        let y = lerp(stage.view.1, stage.horizon, e.rng.uniform() * 0.85);
        let size = stage.unit * (0.001 + 0.0035 * e.rng.uniform().powi(4)) + 0.35;
        let wash =
            e.plain_wash(glow).lifting(e.rng.range(0.5, 0.95)).with_strength(0.3).rimmed(0.0);
        e.canvas.wash(&Shape::ellipse(pt(at.x, y), size, size), &wash);
    }
}

fn clouds(e: &mut PaintContext, stage: &SceneLayout) {
    let heavy = matches!(stage.light, Light::Overcast) || stage.weather.is_some();
    let style = if heavy { 0 } else { e.rng.int_range(0, 3) };
    match style {
        0 => {
            for _ in 0..e.rng.int_range(3, 5) {
                bank(e, stage, 0.5);
            }
        }
        1 => {
            for _ in 0..e.rng.int_range(2, 4) {
                billow(e, stage);
            }
        }
        2 => {
            for _ in 0..e.rng.int_range(3, 6) {
                veil(e, stage);
            }
        }
        _ => backrun(e, stage),
    }
}

/// A dark wet bank dropped into the damp sky.
fn bank(e: &mut PaintContext, stage: &SceneLayout, strength: f32) {
    let dark =
        if e.has_lit_lamps() { e.palette.mid } else { e.palette.high.lerp(e.palette.mid, 0.5) };
    let y = lerp(stage.view.1, stage.horizon, e.rng.range(0.0, 0.6));
    let at = pt(stage.at(e.rng.uniform(), 0.0).x, y);
    let (rx, ry) = (stage.unit * e.rng.range(0.2, 0.5), stage.unit * e.rng.range(0.05, 0.12));
    let shape = Shape::blob(at, rx, ry, 0.5, &mut e.rng);
    let fall = (strength, strength * 0.4);
    let mut wash =
        e.plain_wash(dark).with_gradient(y + ry, y - ry, fall).wet(0.045, 1.2).rimmed(0.3);
    wash.flow = 0.5;
    wash.scale = 0.8;
    e.lay(&shape, wash);
}

/// A white heap left in the wash, with a shadowed foot.
fn billow(e: &mut PaintContext, stage: &SceneLayout) {
    let y = lerp(stage.view.1, stage.horizon, e.rng.range(0.25, 0.75));
    let x = stage.at(e.rng.uniform(), 0.0).x;
    let size = stage.unit * e.rng.range(0.06, 0.13);
    let mut heap = Shape::default();
    for i in 0..5 {
        let t = i as f32 / 4.0 - 0.5;
        let tall = size * (1.0 - 1.6 * t * t) * e.rng.range(0.6, 1.0);
        let middle = pt(x + t * size * 4.0, y - tall * 0.5);
        heap = heap.union(Shape::blob(middle, size * 0.8, tall, 0.25, &mut e.rng));
    }
    let light = e.palette.low.with_lightness_and_chroma(0.96, 0.5);
    let strength = if e.has_lit_lamps() { 0.45 } else { 0.8 };
    let white =
        e.plain_wash(light).lifting(strength).with_strength(0.4).wet(0.022, 0.75).rimmed(0.0);
    e.lay(&heap, white);
    let foot = Shape::blob(pt(x, y + size * 0.1), size * 2.0, size * 0.28, 0.3, &mut e.rng);
    let shade = e.palette.far;
    let wash = e.plain_wash(shade).with_strength(0.35).wet(0.03, 1.3).rimmed(0.1);
    e.lay(&foot, wash);
}

/// A long thin streak, lighter or coloured by the low sun.
fn veil(e: &mut PaintContext, stage: &SceneLayout) {
    let y = lerp(stage.view.1, stage.horizon, e.rng.range(0.15, 0.92));
    let x = stage.at(e.rng.uniform(), 0.0).x;
    let long = stage.unit * e.rng.range(0.2, 0.45);
    let tilt = e.rng.triangular() * long * 0.08;
    let path = bowed_line(pt(x - long, y + tilt), pt(x + long, y - tilt), tilt, 14);
    let thick = stage.unit * e.rng.range(0.012, 0.04);
    let swell = e.rng.range(2.0, 6.0);
    let shape = Shape::stroke(&path, |t| {
        thick * (t * (1.0 - t) * 4.0) * (1.0 + 0.4 * (t * swell * 3.0).sin())
    });
    let low = matches!(stage.light, Light::Dawn | Light::Dusk);
    let colour = if low && e.rng.random_bool(0.6) { e.palette.accent } else { e.palette.far };
    let light = e.rng.random_bool(0.4);
    let wash = if light {
        let glow = e.palette.low;
        e.plain_wash(glow).lifting(0.7).with_strength(0.5).wet(0.015, 1.0)
    } else {
        e.plain_wash(colour).with_strength(0.4).wet(0.018, 1.1)
    };
    e.lay(&shape, wash.rimmed(0.2));
}

/// A backrun: a drop of water that pushed pigment outwards to a cauliflower edge.
pub fn backrun(e: &mut PaintContext, stage: &SceneLayout) {
    for _ in 0..e.rng.int_range(1, 3) {
        let y = lerp(stage.view.1, stage.horizon, e.rng.range(0.1, 0.8));
        let at = pt(stage.at(e.rng.uniform(), 0.0).x, y);
        let size = stage.unit * e.rng.range(0.06, 0.16);
        let shape = Shape::blob(at, size * 1.3, size, 0.3, &mut e.rng);
        let colour = e.palette.high;
        let mut wash = e.plain_wash(colour).with_strength(0.1).lifting(0.25).rimmed(2.6);
        wash.flow = 0.5;
        let amount = 0.03 * e.unit();
        e.lay_within(&shape, wash, amount);
    }
}

/// Whether clouds should hide the distance.
pub fn is_distance_hidden(stage: &SceneLayout) -> bool {
    matches!(stage.weather, Some(Weather::Fog | Weather::Rain))
}
