//! Paints skies: gradients, clouds, moon, sun and stars.

use super::canvas::pigment;
use super::context::PaintContext;
use super::layout::SceneLayout;
use super::noise::lerp;
use super::prompt::{Light, Motif, PaintedWeather};
use super::shape::{Point, Shape, bowed_line, pt};
use crate::math;

/// Paints the sky down to a little below the horizon. Returns the position of the moon or sun, if
/// there is one.
pub fn paint(ctx: &mut PaintContext, layout: &SceneLayout, motifs: &[Motif]) -> Option<Point> {
    sky_gradient(ctx, layout);
    let source = sun_or_moon(layout, motifs, ctx);
    if let Some((_, at)) = source {
        let reach = layout.unit * ctx.rng.range(0.3, 0.5);
        let colour = ctx.palette.glow;
        ctx.glow(at, reach, colour, 0.75);
    }
    clouds(ctx, layout);
    if layout.light == Light::Night && layout.weather.is_none() || motifs.contains(&Motif::Star) {
        stars(ctx, layout, motifs.contains(&Motif::Star));
    }
    if let Some((motif, at)) = source {
        disc(ctx, layout, motif, at);
    }
    source.map(|(_, at)| at)
}

fn sky_gradient(ctx: &mut PaintContext, layout: &SceneLayout) {
    let (x0, y0, x1, _) = layout.view;
    let pad = layout.unit * 0.03;
    let shape = Shape::rect(x0 - pad, y0 - pad, x1 + pad, layout.horizon + layout.unit * 0.06);
    let (high, low) = (ctx.palette.high, ctx.palette.low);
    let angle = ctx.rng.triangular() * 0.35;
    let mut wash = ctx.plain_wash(high).with_pigment(pigment(low), 0.0, ctx.rng.range(0.15, 0.4));
    wash.mix_gradient = ctx.rng.range(0.9, 1.1);
    wash.flow = ctx.rng.range(0.16, 0.34);
    wash.scale = ctx.rng.range(0.5, 0.9);
    wash.rim = 0.2;
    let wash = wash
        .with_gradient(y0, layout.horizon, (1.0, ctx.rng.range(0.7, 1.0)))
        .streaked(ctx.rng.range(1.0, 4.0), angle);
    ctx.lay(&shape, wash);
    // Broad strokes of the same colour over the gradient make the brush visible.
    for _ in 0..ctx.rng.int_range(2, 4) {
        let y = lerp(y0, layout.horizon, ctx.rng.range(0.05, 0.75));
        let thick = layout.unit * ctx.rng.range(0.05, 0.12);
        let from = pt(x0 - pad, y + ctx.rng.triangular() * thick);
        let to = pt(lerp(x0, x1, ctx.rng.range(0.5, 1.1)), y + ctx.rng.triangular() * thick);
        let path = bowed_line(from, to, ctx.rng.triangular() * thick, 10);
        let stroke = Shape::stroke(&path, |t| thick * (1.0 - 0.5 * t));
        let strength = ctx.rng.range(0.12, 0.3);
        let wash = ctx
            .plain_wash(high)
            .with_strength(strength)
            .streaked(5.0, angle)
            .wet(0.02, 0.9)
            .dry(0.3);
        ctx.lay(&stroke, wash);
    }
}

/// Chooses the moon, the sun or neither, and its position.
fn sun_or_moon(
    layout: &SceneLayout,
    motifs: &[Motif],
    ctx: &mut PaintContext,
) -> Option<(Motif, Point)> {
    let low_sun = matches!(layout.light, Light::Dawn | Light::Dusk);
    let motif = if motifs.contains(&Motif::Moon) {
        Motif::Moon
    } else if motifs.contains(&Motif::Sun) {
        Motif::Sun
    } else if layout.light == Light::Night && ctx.rng.random_bool(0.65) {
        Motif::Moon
    } else if low_sun && ctx.rng.random_bool(0.7) {
        Motif::Sun
    } else {
        return None;
    };
    // It goes to the side opposite the main motif, for balance.
    let focus = (layout.focus.x - layout.view.0) / layout.width();
    let x = if focus < 0.5 { ctx.rng.range(0.6, 0.85) } else { ctx.rng.range(0.15, 0.4) };
    let top = layout.view.1;
    let part = if low_sun { ctx.rng.range(0.55, 0.85) } else { ctx.rng.range(0.2, 0.45) };
    Some((motif, pt(layout.at(x, 0.0).x, lerp(top, layout.horizon, part))))
}

fn disc(ctx: &mut PaintContext, layout: &SceneLayout, motif: Motif, at: Point) {
    let size = layout.unit * ctx.rng.range(0.04, 0.075);
    let circle = Shape::ellipse(at, size, size * 0.97);
    let glow = ctx.palette.glow;
    let colour = glow
        .with_lightness_and_chroma(glow.l.max(0.93), if motif == Motif::Sun { 1.0 } else { 0.4 });
    let wash = ctx.plain_wash(colour).lifting(0.97).rimmed(0.5).with_strength(0.9);
    ctx.lay_within(&circle, wash, size * 0.06);
    if motif == Motif::Moon {
        let shade = ctx.palette.high.lerp(glow, 0.5);
        let sea = Shape::blob(
            pt(at.x - size * 0.2, at.y + size * 0.1),
            size * 0.5,
            size * 0.4,
            0.3,
            &mut ctx.rng,
        );
        let wash = ctx.plain_wash(shade).with_strength(0.22).wet(0.01, 1.0).rimmed(0.1);
        ctx.lay_within(&sea, wash, size * 0.05);
    }
}

fn stars(ctx: &mut PaintContext, layout: &SceneLayout, many: bool) {
    let glow = ctx.palette.glow.with_lightness_and_chroma(0.97, 0.5);
    let count = if many { 90 } else { ctx.rng.int_range(20, 55) };
    for _ in 0..count {
        let at = layout.at(ctx.rng.uniform(), 0.0);
        let y = lerp(layout.view.1, layout.horizon, ctx.rng.uniform() * 0.85);
        let size = layout.unit * (0.001 + 0.0035 * ctx.rng.uniform().powi(4)) + 0.35;
        let wash =
            ctx.plain_wash(glow).lifting(ctx.rng.range(0.5, 0.95)).with_strength(0.3).rimmed(0.0);
        ctx.canvas.wash(&Shape::ellipse(pt(at.x, y), size, size), &wash);
    }
}

fn clouds(ctx: &mut PaintContext, layout: &SceneLayout) {
    let heavy = matches!(layout.light, Light::Overcast) || layout.weather.is_some();
    let style = if heavy { 0 } else { ctx.rng.int_range(0, 3) };
    match style {
        0 => {
            for _ in 0..ctx.rng.int_range(3, 5) {
                bank(ctx, layout, 0.5);
            }
        }
        1 => {
            for _ in 0..ctx.rng.int_range(2, 4) {
                billow(ctx, layout);
            }
        }
        2 => {
            for _ in 0..ctx.rng.int_range(3, 6) {
                veil(ctx, layout);
            }
        }
        _ => backrun(ctx, layout),
    }
}

/// Paints a dark, soft bank of clouds.
fn bank(ctx: &mut PaintContext, layout: &SceneLayout, strength: f32) {
    let dark = if ctx.has_lit_lamps() {
        ctx.palette.mid
    } else {
        ctx.palette.high.lerp(ctx.palette.mid, 0.5)
    };
    let y = lerp(layout.view.1, layout.horizon, ctx.rng.range(0.0, 0.6));
    let at = pt(layout.at(ctx.rng.uniform(), 0.0).x, y);
    let (rx, ry) = (layout.unit * ctx.rng.range(0.2, 0.5), layout.unit * ctx.rng.range(0.05, 0.12));
    let shape = Shape::blob(at, rx, ry, 0.5, &mut ctx.rng);
    let strengths = (strength, strength * 0.4);
    let mut wash =
        ctx.plain_wash(dark).with_gradient(y + ry, y - ry, strengths).wet(0.045, 1.2).rimmed(0.3);
    wash.flow = 0.5;
    wash.scale = 0.8;
    ctx.lay(&shape, wash);
}

/// Paints a white heap of cloud with a shadow below.
fn billow(ctx: &mut PaintContext, layout: &SceneLayout) {
    let y = lerp(layout.view.1, layout.horizon, ctx.rng.range(0.25, 0.75));
    let x = layout.at(ctx.rng.uniform(), 0.0).x;
    let size = layout.unit * ctx.rng.range(0.06, 0.13);
    let mut heap = Shape::default();
    for i in 0..5 {
        let t = i as f32 / 4.0 - 0.5;
        let tall = size * (1.0 - 1.6 * t * t) * ctx.rng.range(0.6, 1.0);
        let middle = pt(x + t * size * 4.0, y - tall * 0.5);
        heap = heap.union(Shape::blob(middle, size * 0.8, tall, 0.25, &mut ctx.rng));
    }
    let light = ctx.palette.low.with_lightness_and_chroma(0.96, 0.5);
    let strength = if ctx.has_lit_lamps() { 0.45 } else { 0.8 };
    let white =
        ctx.plain_wash(light).lifting(strength).with_strength(0.4).wet(0.022, 0.75).rimmed(0.0);
    ctx.lay(&heap, white);
    let foot = Shape::blob(pt(x, y + size * 0.1), size * 2.0, size * 0.28, 0.3, &mut ctx.rng);
    let shade = ctx.palette.far;
    let wash = ctx.plain_wash(shade).with_strength(0.35).wet(0.03, 1.3).rimmed(0.1);
    ctx.lay(&foot, wash);
}

/// Paints a long thin streak of cloud, which may be light or coloured by the low sun.
fn veil(ctx: &mut PaintContext, layout: &SceneLayout) {
    let y = lerp(layout.view.1, layout.horizon, ctx.rng.range(0.15, 0.92));
    let x = layout.at(ctx.rng.uniform(), 0.0).x;
    let long = layout.unit * ctx.rng.range(0.2, 0.45);
    let tilt = ctx.rng.triangular() * long * 0.08;
    let path = bowed_line(pt(x - long, y + tilt), pt(x + long, y - tilt), tilt, 14);
    let thick = layout.unit * ctx.rng.range(0.012, 0.04);
    let swell = ctx.rng.range(2.0, 6.0);
    let shape = Shape::stroke(&path, |t| {
        thick * (t * (1.0 - t) * 4.0) * (1.0 + 0.4 * math::sin(t * swell * 3.0))
    });
    let low = matches!(layout.light, Light::Dawn | Light::Dusk);
    let colour = if low && ctx.rng.random_bool(0.6) { ctx.palette.accent } else { ctx.palette.far };
    let light = ctx.rng.random_bool(0.4);
    let wash = if light {
        let glow = ctx.palette.low;
        ctx.plain_wash(glow).lifting(0.7).with_strength(0.5).wet(0.015, 1.0)
    } else {
        ctx.plain_wash(colour).with_strength(0.4).wet(0.018, 1.1)
    };
    ctx.lay(&shape, wash.rimmed(0.2));
}

/// Paints one to three backruns: blooms with a dark, irregular edge, left by water that pushed the
/// pigment outwards.
pub fn backrun(ctx: &mut PaintContext, layout: &SceneLayout) {
    for _ in 0..ctx.rng.int_range(1, 3) {
        let y = lerp(layout.view.1, layout.horizon, ctx.rng.range(0.1, 0.8));
        let at = pt(layout.at(ctx.rng.uniform(), 0.0).x, y);
        let size = layout.unit * ctx.rng.range(0.06, 0.16);
        let shape = Shape::blob(at, size * 1.3, size, 0.3, &mut ctx.rng);
        let colour = ctx.palette.high;
        let mut wash = ctx.plain_wash(colour).with_strength(0.1).lifting(0.25).rimmed(2.6);
        wash.flow = 0.5;
        let amount = 0.03 * ctx.unit();
        ctx.lay_within(&shape, wash, amount);
    }
}

/// Reports whether fog or rain hides distant things.
pub fn is_distance_hidden(layout: &SceneLayout) -> bool {
    matches!(layout.weather, Some(PaintedWeather::Fog | PaintedWeather::Rain))
}
