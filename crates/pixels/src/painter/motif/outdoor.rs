//! Paints outdoor things: doors, fences, ladders, stairs, street lamps, trains.

use super::building::smoke;
use super::ground_shadow;
use crate::painter::context::PaintContext;
use crate::painter::layout::{Placement, SceneLayout};
use crate::painter::shape::{Shape, bowed_line, pt};

/// Paints a half-open door in its frame, with light behind it.
pub fn door(ctx: &mut PaintContext, spot: Placement) {
    let (leaf, dark, glow, near) =
        (ctx.palette.accent, ctx.palette.dark, ctx.palette.glow, ctx.palette.near);
    ground_shadow(ctx, spot, 0.35);
    ctx.glow(spot.at(0.0, 0.45), spot.height * 0.6, glow, 0.6);
    let frame = |s: f32| {
        spot.poly(&[
            (-0.24 * s, 0.0),
            (0.24 * s, 0.0),
            (0.24 * s, 0.78 + 0.04 * s),
            (0.12 * s, 0.93 + 0.05 * s),
            (0.0, 0.95 + 0.05 * s),
            (-0.12 * s, 0.93 + 0.05 * s),
            (-0.24 * s, 0.78 + 0.04 * s),
        ])
    };
    ctx.paint_form(&frame(1.2), near, dark);
    let wash = ctx.plain_wash(glow).lifting(0.97).with_strength(0.8);
    ctx.lay_within(&frame(0.92), wash, 1.0);
    ctx.paint_form(
        &spot.poly(&[
            (-0.22, 0.0),
            (0.07, -0.03),
            (0.07, 0.9),
            (-0.02, 0.95),
            (-0.12, 0.94),
            (-0.22, 0.8),
        ]),
        leaf,
        dark,
    );
    for (y0, y1) in [(0.1, 0.42), (0.5, 0.82)] {
        ctx.glaze(&spot.poly(&[(-0.16, y0), (0.0, y0 - 0.02), (0.0, y1), (-0.16, y1)]), dark, 0.35);
    }
    ctx.paint_form(&spot.ellipse(0.035, 0.45, 0.014, 0.014), glow, dark);
    let light = Shape::polygon(vec![
        spot.at(0.08, 0.0),
        spot.at(0.22, 0.0),
        spot.at(0.75, -0.3),
        spot.at(0.3, -0.32),
    ]);
    let wash = ctx.plain_wash(glow).lifting(0.6).with_strength(0.5).wet(0.015, 1.0).rimmed(0.0);
    ctx.lay(&light, wash);
}

/// Paints a fence of posts and two rails across the view.
pub fn fence(ctx: &mut PaintContext, layout: &SceneLayout, spot: Placement) {
    let (wood, dark) = (ctx.palette.near, ctx.palette.dark);
    let reach = layout.width() / spot.height;
    let slope = ctx.rng.range(-0.05, 0.05);
    let gap = 0.8;
    let count = (reach / gap) as usize;
    for y in [0.4, 0.75] {
        let rail = bowed_line(
            spot.at(-reach, y - slope * reach),
            spot.at(reach, y + slope * reach),
            2.0,
            24,
        );
        ctx.line(&rail, 1.6, wood, 1.0);
    }
    for i in 0..=count * 2 {
        let x = (i as f32 - count as f32) * gap + ctx.rng.triangular() * 0.08;
        let y = slope * x;
        let top = y + ctx.rng.range(0.9, 1.05);
        let post =
            [(x - 0.06, y - 0.05), (x + 0.06, y - 0.05), (x + 0.05, top), (x - 0.05, y + 0.98)];
        ctx.paint_form(&spot.poly(&post), wood, dark);
    }
}

/// Paints a ladder leaning into the sky.
pub fn ladder(ctx: &mut PaintContext, spot: Placement) {
    let (wood, dark) = (ctx.palette.near, ctx.palette.dark);
    ground_shadow(ctx, spot, 0.25);
    let lean = ctx.rng.range(0.15, 0.35);
    for x in [-0.12, 0.12] {
        let rail = bowed_line(spot.at(x, 0.0), spot.at(x * 0.75 + lean, 1.0), 1.0, 10);
        let thick = spot.height * 0.035;
        ctx.paint_form(&Shape::stroke(&rail, |_| thick), wood, dark);
    }
    for i in 1..10 {
        let t = i as f32 / 10.0;
        let half = 0.12 - 0.03 * t;
        ctx.line(
            &[spot.at(lean * t - half, t), spot.at(lean * t + half, t + 0.005)],
            1.6,
            dark,
            0.9,
        );
    }
}

/// Paints stairs that rise towards a light.
pub fn stairs(ctx: &mut PaintContext, spot: Placement) {
    let (stone, dark, glow) = (ctx.palette.low, ctx.palette.dark, ctx.palette.glow);
    ground_shadow(ctx, spot, 0.5);
    let count = 7;
    ctx.glow(spot.at(0.1, 1.0), spot.height * 0.5, glow, 0.7);
    for i in (0..count).rev() {
        let t = i as f32 / count as f32;
        let (half, x, y) = (0.5 - 0.26 * t, 0.16 * t, t * 0.9);
        let rise = 0.13 - 0.04 * t;
        let tread = stone.lerp(ctx.palette.mid, 0.25 + 0.3 * (1.0 - t));
        ctx.paint_form(&spot.rect(x - half, y, x + half, y + rise), tread, ctx.palette.far);
        ctx.glaze(&spot.rect(x - half, y, x + half, y + rise * 0.7), dark, 0.42);
    }
}

/// Paints a lamp post and the light around it.
pub fn street_lamp(ctx: &mut PaintContext, spot: Placement) {
    let (dark, glow) = (ctx.palette.dark, ctx.palette.glow);
    ground_shadow(ctx, spot, 0.12);
    ctx.glow(
        spot.at(0.0, 0.89),
        spot.height * 0.42,
        glow,
        if ctx.has_lit_lamps() { 1.0 } else { 0.35 },
    );
    let path = bowed_line(spot.at(0.0, 0.0), spot.at(0.0, 0.82), 0.6, 8);
    let thick = (spot.height * 0.026).max(1.1);
    ctx.paint_form(
        &Shape::stroke(&path, |t| thick * (1.0 - 0.4 * t + (1.0 - t).powi(10))),
        dark,
        dark,
    );
    let wash = ctx.plain_wash(glow).lifting(0.96).with_strength(0.7);
    ctx.paint_form_with(
        &spot.poly(&[(-0.035, 0.82), (0.035, 0.82), (0.06, 0.93), (-0.06, 0.93)]),
        wash,
    );
    ctx.paint_form(
        &spot.poly(&[(-0.075, 0.925), (0.075, 0.925), (0.02, 0.98), (-0.02, 0.98)]),
        dark,
        dark,
    );
}

/// Paints a steam train across the view, with smoke behind it.
pub fn train(ctx: &mut PaintContext, layout: &SceneLayout, spot: Placement) {
    let (dark, accent, glow) = (ctx.palette.dark, ctx.palette.accent, ctx.palette.glow);
    let (x0, _, x1, _) = layout.view;
    let ground = spot.foot.y;
    let embankment = ctx.palette.near;
    let bank = Shape::polygon(vec![
        pt(x0 - 9.0, ground),
        pt(x1 + 9.0, ground),
        pt(x1 + 9.0, ground + spot.height * 0.4),
        pt(x0 - 9.0, ground + spot.height * 0.35),
    ]);
    let wash = ctx.plain_wash(embankment).with_strength(0.5).wet(0.012, 0.8).dry(0.25);
    ctx.lay(&bank, wash);
    ctx.line(&bowed_line(pt(x0 - 5.0, ground), pt(x1 + 5.0, ground), 1.0, 30), 1.5, dark, 0.9);
    for i in 0..5 {
        let x = -1.75 - i as f32 * 1.75;
        let colour = if i % 2 == 0 { accent } else { ctx.palette.near };
        ctx.paint_form(&spot.rect(x - 0.8, 0.14, x + 0.8, 0.82), colour, dark);
        ctx.paint_form(&spot.rect(x - 0.84, 0.8, x + 0.84, 0.9), dark, colour);
        for k in 0..4 {
            let left = x - 0.66 + k as f32 * 0.36;
            let wash = ctx.plain_wash(glow).lifting(0.92).with_strength(0.8).rimmed(0.3);
            ctx.lay_within(&spot.rect(left, 0.46, left + 0.22, 0.7), wash, 0.6);
        }
        for k in [-0.55, 0.55] {
            ctx.glaze(&spot.ellipse(x + k, 0.1, 0.12, 0.12), dark, 1.2);
        }
    }
    engine(ctx, spot);
    plume(ctx, spot);
}

fn engine(ctx: &mut PaintContext, spot: Placement) {
    let (dark, accent, glow) = (ctx.palette.dark, ctx.palette.accent, ctx.palette.glow);
    let body = spot.poly(&[
        (-0.85, 0.16),
        (1.1, 0.16),
        (1.1, 0.62),
        (0.9, 0.68),
        (0.9, 1.02),
        (0.7, 1.02),
        (0.7, 0.68),
        (-0.2, 0.7),
        (-0.2, 1.0),
        (-0.9, 1.0),
        (-0.9, 0.16),
    ]);
    ctx.paint_form(&body, dark, accent);
    let wash = ctx.plain_wash(glow).lifting(0.95).with_strength(0.9);
    ctx.lay_within(&spot.rect(-0.72, 0.62, -0.38, 0.88), wash, 0.6);
    for (x, r) in [(-0.6, 0.19), (0.0, 0.19), (0.5, 0.13), (0.9, 0.13)] {
        let ring = spot.ellipse(x, r - 0.02, r, r);
        ctx.paint_form(&ring, dark, accent);
        let hub = spot.ellipse(x, r - 0.02, r * 0.3, r * 0.3);
        ctx.paint_form(&hub, accent, dark);
    }
    ctx.glow(spot.at(1.14, 0.52), spot.height * 0.5, glow, 0.7);
}

fn plume(ctx: &mut PaintContext, spot: Placement) {
    let white = ctx.palette.low.with_lightness_and_chroma(0.95, 0.5);
    let shade = ctx.palette.far;
    for i in 0..9 {
        let t = i as f32 / 8.0;
        let at = spot.at(0.75 - t * 4.6, 1.2 + t.sqrt() * 1.2 + ctx.rng.triangular() * 0.15);
        let size = spot.height * (0.16 + 0.42 * t);
        let puff = Shape::blob(at, size * 1.35, size, 0.3, &mut ctx.rng);
        let wash = ctx
            .plain_wash(white)
            .lifting(0.8 - 0.55 * t)
            .with_strength(0.3)
            .wet(0.016, 0.9)
            .rimmed(0.3);
        ctx.lay(&puff, wash);
        let under = Shape::blob(pt(at.x, at.y + size * 0.45), size, size * 0.4, 0.3, &mut ctx.rng);
        let wash =
            ctx.plain_wash(shade).with_strength(0.28 * (1.0 - 0.5 * t)).wet(0.016, 1.2).rimmed(0.1);
        ctx.lay(&under, wash);
    }
    smoke(ctx, spot.sub_placement(0.8, 1.05, 0.6));
}
