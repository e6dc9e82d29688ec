//! Paints open country and open water.

use crate::math;
use crate::painter::canvas::pigment;
use crate::painter::context::PaintContext;
use crate::painter::layout::{Placement, SceneLayout};
use crate::painter::noise::lerp;
use crate::painter::shape::{Point, Shape, pt};
use crate::painter::{land, motif, water};

/// Paints the sea, sometimes with a distant headland or a mound in front.
pub fn sea(ctx: &mut PaintContext, layout: &SceneLayout, light: Option<Point>) {
    if ctx.rng.random_bool(0.65) {
        headland(ctx, layout);
    }
    water::paint(ctx, layout, light);
    if ctx.rng.random_bool(0.4) {
        let x = if ctx.rng.random_bool(0.5) { 0.06 } else { 0.94 };
        let at = pt(layout.at(x, 0.0).x, layout.ground(ctx.rng.range(0.7, 0.9)));
        let wide = layout.unit * ctx.rng.range(0.2, 0.35);
        land::mound(ctx, layout, at, wide, layout.unit * 0.07);
    }
}

fn headland(ctx: &mut PaintContext, layout: &SceneLayout) {
    let tall = layout.unit * ctx.rng.range(0.05, 0.14);
    let side = ctx.rng.random_sign();
    let mut line = land::ridge_line(ctx, layout, layout.horizon, tall, 0.2);
    let (x0, width) = (layout.view.0, layout.width());
    let reach = ctx.rng.range(0.35, 0.7);
    for p in &mut line {
        // The headland slopes down into the water on one side.
        let t = (p.x - x0) / width;
        let from_shore = if side > 0.0 { 1.0 - t } else { t };
        let keep = (1.0 - from_shore / reach).clamp(0.0, 1.0).sqrt();
        p.y = lerp(layout.horizon + 2.0, p.y - tall * 0.3, keep);
    }
    let shape = land::area_under(&line, layout.horizon + layout.unit * 0.012);
    let (far, mid) = (ctx.palette.far, ctx.palette.mid);
    let wash =
        ctx.plain_wash(far).with_pigment(pigment(mid), 0.3, 0.7).lifting(0.6).wet(0.008, 0.5);
    ctx.lay(&shape, wash);
}

/// Paints hills behind hills. If `track` is set, about half the pictures get a road.
pub fn hills(ctx: &mut PaintContext, layout: &SceneLayout, track: bool) {
    let count = ctx.rng.int_range(2, 4);
    let tall = ctx.rng.range(0.14, 0.28);
    land::ridges(ctx, layout, count, tall, 0.0);
    land::ground(ctx, layout);
    copses(ctx, layout, 5);
    if track && ctx.rng.random_bool(0.45) {
        land::winding_path(ctx, layout, false);
    }
    land::grass(ctx, layout, 16);
}

/// Paints a wide plain under a large sky.
pub fn field(ctx: &mut PaintContext, layout: &SceneLayout) {
    let tall = ctx.rng.range(0.05, 0.12);
    land::ridges(ctx, layout, 1, tall, 0.0);
    copses(ctx, layout, 7);
    land::ground(ctx, layout);
    if !layout.has_snow() {
        rows(ctx, layout);
    }
    land::grass(ctx, layout, 22);
}

/// Paints rows of a crop that meet at the horizon.
fn rows(ctx: &mut PaintContext, layout: &SceneLayout) {
    let meet = layout.at(ctx.rng.range(0.25, 0.75), 0.0).x;
    let (crop, earth) = (ctx.palette.mid.lerp(ctx.palette.accent, 0.35), ctx.palette.near);
    for i in 0..11 {
        let t = i as f32 / 10.0 * 2.4 - 1.2;
        let foot = meet + t * layout.width() * 1.5;
        let top = meet + t * layout.width() * 0.12;
        let y = layout.horizon + layout.unit * 0.025;
        let path = [
            pt(top, y),
            pt(lerp(top, foot, 0.4), layout.ground(0.42)),
            pt(foot, layout.view.3 + 5.0),
        ];
        let wide = layout.unit * ctx.rng.range(0.025, 0.06);
        let shape = Shape::stroke(&path, |t| wide * (0.06 + t));
        let colour = if i % 2 == 0 { crop } else { earth };
        let wash =
            ctx.plain_wash(colour).with_strength(ctx.rng.range(0.3, 0.6)).dry(0.4).wet(0.004, 0.5);
        ctx.lay(&shape, wash);
    }
}

/// Paints groups of distant trees along the horizon.
fn copses(ctx: &mut PaintContext, layout: &SceneLayout, count: usize) {
    for _ in 0..count {
        let at = pt(
            layout.at(ctx.rng.uniform(), 0.0).x,
            layout.horizon + layout.unit * ctx.rng.range(0.0, 0.02),
        );
        let size = layout.unit * ctx.rng.range(0.012, 0.035);
        let shape = Shape::blob(at, size * ctx.rng.range(1.2, 3.0), size, 0.5, &mut ctx.rng);
        let tone = ctx.palette.mid.lerp(ctx.palette.dark, ctx.rng.range(0.1, 0.6));
        let wash = ctx.plain_wash(tone).with_strength(0.75).wet(0.01, 0.8);
        ctx.lay(&shape, wash);
    }
}

/// Paints high ridges above a valley with pines at its sides.
pub fn mountains(ctx: &mut PaintContext, layout: &SceneLayout) {
    let count = ctx.rng.int_range(2, 3);
    let tall = ctx.rng.range(0.4, 0.56);
    land::ridges(ctx, layout, count, tall, 0.85);
    land::ground(ctx, layout);
    for _ in 0..ctx.rng.int_range(5, 10) {
        let side = if ctx.rng.random_bool(0.5) {
            ctx.rng.range(0.0, 0.3)
        } else {
            ctx.rng.range(0.7, 1.0)
        };
        let depth = ctx.rng.range(0.02, 0.4);
        let height = layout.unit * lerp(0.07, 0.26, depth) * ctx.rng.range(0.7, 1.2);
        let foot = pt(layout.at(side, 0.0).x, layout.ground(depth));
        motif::pine(ctx, Placement { foot, height, facing: 1.0 });
    }
    land::grass(ctx, layout, 10);
}

/// Paints a river between its banks.
pub fn river(ctx: &mut PaintContext, layout: &SceneLayout) {
    far_banks(ctx, layout);
    land::ground(ctx, layout);
    copses(ctx, layout, 6);
    land::winding_path(ctx, layout, true);
    for _ in 0..8 {
        let y = layout.ground(ctx.rng.range(0.15, 0.95));
        let at = pt(layout.at(ctx.rng.range(0.2, 0.8), 0.0).x, y);
        let wide = layout.unit * ctx.rng.range(0.02, 0.06);
        water::reflection(ctx, at, wide, layout.unit * 0.03);
    }
    land::grass(ctx, layout, 20);
}

fn far_banks(ctx: &mut PaintContext, layout: &SceneLayout) {
    let count = ctx.rng.int_range(2, 3);
    let tall = ctx.rng.range(0.12, 0.24);
    land::ridges(ctx, layout, count, tall, 0.1);
}

/// Paints still water with a far bank, and a near bank with grass.
pub fn lake(ctx: &mut PaintContext, layout: &SceneLayout, light: Option<Point>) {
    far_banks(ctx, layout);
    water::paint(ctx, layout, light);
    copses(ctx, layout, 8);
    for _ in 0..7 {
        let at = pt(layout.at(ctx.rng.uniform(), 0.0).x, layout.horizon + layout.unit * 0.015);
        let (wide, deep) =
            (layout.unit * ctx.rng.range(0.05, 0.12), layout.unit * ctx.rng.range(0.05, 0.12));
        water::reflection(ctx, at, wide, deep);
    }
    let side = if ctx.rng.random_bool(0.5) { 0.05 } else { 0.95 };
    let bank = pt(layout.at(side, 0.0).x, layout.ground(0.82));
    let wide = layout.unit * ctx.rng.range(0.3, 0.5);
    land::mound(ctx, layout, bank, wide, layout.unit * 0.06);
    land::grass(ctx, layout, 12);
}

/// Paints beds of flowers in front of a hedge.
pub fn garden(ctx: &mut PaintContext, layout: &SceneLayout) {
    land::ridges(ctx, layout, 1, 0.16, 0.0);
    land::ground(ctx, layout);
    hedge(ctx, layout);
    if ctx.rng.random_bool(0.6) {
        land::winding_path(ctx, layout, false);
    }
    for i in 0..46 {
        let depth = math::powf(i as f32 / 46.0, 0.8);
        blossom(ctx, layout, depth);
    }
    land::grass(ctx, layout, 26);
    for _ in 0..ctx.rng.int_range(3, 6) {
        let x = if ctx.rng.random_bool(0.5) {
            ctx.rng.range(0.02, 0.28)
        } else {
            ctx.rng.range(0.72, 0.98)
        };
        let height = layout.unit * ctx.rng.range(0.16, 0.3);
        let foot = pt(layout.at(x, 0.0).x, layout.ground(ctx.rng.range(0.85, 1.05)));
        let side = ctx.rng.random_sign();
        motif::flower(ctx, Placement { foot, height, facing: side });
    }
}

fn hedge(ctx: &mut PaintContext, layout: &SceneLayout) {
    let (leaf, dark) = (ctx.palette.mid, ctx.palette.dark);
    for _ in 0..ctx.rng.int_range(6, 9) {
        let at = pt(
            layout.at(ctx.rng.uniform(), 0.0).x,
            layout.horizon + layout.unit * ctx.rng.range(-0.06, 0.03),
        );
        let size = layout.unit * ctx.rng.range(0.05, 0.12);
        let shape = Shape::blob(at, size * 1.3, size, 0.45, &mut ctx.rng);
        let mut wash = ctx.mixed_wash(leaf, dark).lifting(0.4).wet(0.014, 0.8).dry(0.2);
        wash.flow = 0.6;
        wash.scale = 2.0;
        ctx.lay(&shape, wash.with_gradient(at.y - size, at.y + size, (0.6, 1.2)));
    }
}

/// Paints one blossom and its shadow.
fn blossom(ctx: &mut PaintContext, layout: &SceneLayout, depth: f32) {
    let side =
        if ctx.rng.random_bool(0.5) { ctx.rng.range(0.0, 0.42) } else { ctx.rng.range(0.58, 1.0) };
    let at = pt(layout.at(side, 0.0).x, layout.ground(lerp(0.04, 0.98, depth)));
    let size = layout.unit * lerp(0.006, 0.022, depth) * ctx.rng.range(0.6, 1.3);
    let petal = match ctx.rng.int_range(0, 3) {
        0 => ctx.palette.glow,
        1 => ctx.palette.accent.lerp(ctx.palette.low, 0.5),
        _ => ctx.palette.accent,
    };
    let shade = ctx.palette.dark;
    let below =
        Shape::blob(pt(at.x + size * 0.3, at.y + size), size * 1.2, size, 0.4, &mut ctx.rng);
    let wash = ctx.plain_wash(shade).with_strength(0.4).wet(0.006, 0.8);
    ctx.lay(&below, wash);
    let dab = Shape::blob(at, size * 1.2, size, 0.45, &mut ctx.rng);
    let wash = ctx
        .mixed_wash(petal, shade)
        .with_pigment(pigment(petal), 0.0, 0.2)
        .lifting(0.85)
        .rimmed(1.0);
    ctx.lay_within(&dab, wash, size * 0.3);
}
