//! Paints rain, snow, fog and wind over the finished scene.

use super::context::PaintContext;
use super::layout::SceneLayout;
use super::noise::lerp;
use super::prompt::PaintedWeather;
use super::shape::{Shape, bowed_line, pt};

/// Paints the weather of the scene, if it has any.
pub fn paint(ctx: &mut PaintContext, layout: &SceneLayout) {
    match layout.weather {
        Some(PaintedWeather::Rain) => rain(ctx, layout),
        Some(PaintedWeather::Snow) => snow(ctx, layout),
        Some(PaintedWeather::Fog) => fog(ctx, layout),
        Some(PaintedWeather::Wind) => wind(ctx, layout),
        None => {}
    }
}

fn rain(ctx: &mut PaintContext, layout: &SceneLayout) {
    let slant = ctx.rng.range(-0.45, 0.45);
    let light = ctx.palette.low.with_lightness_and_chroma(0.93, 0.6);
    let dark = ctx.palette.near;
    // Curtains of rain: broad soft strokes from the top.
    for _ in 0..ctx.rng.int_range(2, 4) {
        let top = layout.at(ctx.rng.uniform(), ctx.rng.range(-0.05, 0.2));
        let long = layout.height() * ctx.rng.range(0.45, 0.75);
        let path = bowed_line(top, pt(top.x + slant * long, top.y + long), 0.0, 6);
        let wide = layout.unit * ctx.rng.range(0.08, 0.2);
        let wash = ctx
            .plain_wash(dark)
            .with_strength(0.14)
            .rimmed(0.0)
            .streaked(9.0, 1.57 - slant)
            .wet(0.02, 1.0);
        ctx.lay(&Shape::stroke(&path, |t| wide * (0.5 + 0.5 * t)), wash);
    }
    for i in 0..110 {
        let start = layout.at(ctx.rng.range(-0.1, 1.1), ctx.rng.range(-0.05, 0.95));
        let long = layout.unit * ctx.rng.range(0.03, 0.11);
        let path = [start, pt(start.x + slant * long, start.y + long)];
        let wide = (layout.unit * 0.0028).max(0.7);
        let shape = Shape::stroke(&path, |t| wide * (0.4 + 0.6 * t));
        let wash = if i % 3 == 0 {
            ctx.plain_wash(dark).with_strength(0.4)
        } else {
            ctx.plain_wash(light).lifting(ctx.rng.range(0.35, 0.7)).with_strength(0.2)
        };
        ctx.lay_within(&shape, wash.rimmed(0.0), 0.0);
    }
}

fn snow(ctx: &mut PaintContext, layout: &SceneLayout) {
    let white = ctx.palette.paper.with_lightness_and_chroma(0.985, 0.6);
    for _ in 0..130 {
        let at = layout.at(ctx.rng.uniform(), ctx.rng.uniform());
        let near = ctx.rng.uniform().powi(3);
        let size = layout.unit * lerp(0.0022, 0.0095, near) + 0.3;
        let flake = Shape::ellipse(at, size, size * ctx.rng.range(0.8, 1.2));
        let wash =
            ctx.plain_wash(white).lifting(ctx.rng.range(0.6, 0.95)).with_strength(0.5).rimmed(0.0);
        ctx.lay_within(&flake, wash, size * 0.3);
    }
}

fn fog(ctx: &mut PaintContext, layout: &SceneLayout) {
    let pale = ctx.palette.low.with_lightness_and_chroma(ctx.palette.low.l.max(0.85), 0.6);
    for _ in 0..ctx.rng.int_range(3, 5) {
        let y = layout.horizon + layout.unit * ctx.rng.range(-0.22, 0.2);
        let at = pt(layout.at(ctx.rng.uniform(), 0.0).x, y);
        let (rx, ry) =
            (layout.unit * ctx.rng.range(0.3, 0.7), layout.unit * ctx.rng.range(0.03, 0.08));
        let shape = Shape::blob(at, rx, ry, 0.35, &mut ctx.rng);
        let wash = ctx
            .plain_wash(pale)
            .lifting(ctx.rng.range(0.4, 0.7))
            .with_strength(0.4)
            .rimmed(0.0)
            .wet(0.05, 1.5);
        ctx.lay(&shape, wash);
    }
}

fn wind(ctx: &mut PaintContext, layout: &SceneLayout) {
    let (light, leaf) = (ctx.palette.low, ctx.palette.accent);
    let side = ctx.rng.random_sign();
    for _ in 0..5 {
        let from = layout.at(ctx.rng.uniform(), ctx.rng.range(0.1, 0.7));
        let long = layout.unit * ctx.rng.range(0.25, 0.5) * side;
        let path = bowed_line(
            from,
            pt(from.x + long, from.y + ctx.rng.triangular() * 9.0),
            ctx.rng.triangular() * 22.0,
            16,
        );
        let wide = layout.unit * 0.012;
        let wash = ctx.plain_wash(light).lifting(0.4).with_strength(0.2).rimmed(0.0).dry(0.4);
        ctx.lay(&Shape::stroke(&path, |t| wide * t * (1.0 - t) * 4.0), wash);
    }
    for _ in 0..22 {
        let at = layout.at(ctx.rng.uniform(), ctx.rng.range(0.2, 0.95));
        let size = layout.unit * ctx.rng.range(0.004, 0.011);
        let tip = pt(at.x + size * 2.0 * side, at.y + ctx.rng.triangular() * size);
        let path = bowed_line(at, tip, size * 0.6, 4);
        let wash = ctx.plain_wash(leaf).lifting(0.5).with_strength(0.9);
        ctx.lay_within(&Shape::stroke(&path, |t| size * t * (1.0 - t) * 4.0), wash, 0.0);
    }
}
