//! Paints buildings: houses, towers, bridges.

use super::ground_shadow;
use crate::math;
use crate::painter::context::PaintContext;
use crate::painter::land;
use crate::painter::layout::{Placement, SceneLayout};
use crate::painter::noise::smoothstep;
use crate::painter::prompt::{Light, Setting};
use crate::painter::shape::{Shape, pt};
use crate::painter::water;
use crate::vision::oklab::Lab;

/// Returns the colour of walls: pale by day, between sky and ground at dusk and at night.
fn wall(ctx: &PaintContext) -> Lab {
    let p = &ctx.palette;
    match ctx.light {
        Light::Night => p.low.lerp(p.mid, 0.45),
        Light::Dusk => p.low.lerp(p.mid, 0.35),
        _ => p.low.with_lightness_and_chroma(0.93, 0.8),
    }
}

/// Paints a window: lit at dusk and at night, else dark.
fn pane(ctx: &mut PaintContext, shape: &Shape) {
    let lit = ctx.has_lit_lamps();
    let colour = if lit { ctx.palette.glow } else { ctx.palette.dark };
    let amount = 0.0015 * ctx.unit();
    let wash = if lit {
        ctx.plain_wash(colour).lifting(0.97).with_strength(0.95).rimmed(0.3)
    } else {
        ctx.plain_wash(colour).with_strength(0.75).rimmed(0.5)
    };
    ctx.lay_within(shape, wash, amount);
}

/// Paints a house with a pitched roof, a chimney, a door and a few windows.
pub fn house(ctx: &mut PaintContext, spot: Placement) {
    let (front, near) = (wall(ctx), ctx.palette.near);
    let wide = ctx.rng.range(0.34, 0.55);
    let eaves = ctx.rng.range(0.45, 0.6);
    let lean = ctx.rng.range(-0.12, 0.12);
    let roof_colour = if ctx.rng.random_bool(0.6) { ctx.palette.accent } else { ctx.palette.dark };
    ground_shadow(ctx, spot, wide * 1.1);
    let stack = ctx.rng.range(0.1, 0.22);
    ctx.paint_form(&spot.rect(stack, eaves, stack + 0.09, 1.02), near, roof_colour);
    ctx.paint_form(&spot.rect(-wide, 0.0, wide, eaves + 0.02), front, ctx.palette.far);
    let ridge = wide * ctx.rng.range(0.4, 0.8);
    let top = ctx.rng.range(0.88, 0.98);
    let roof = spot.poly(&[
        (-wide - 0.06, eaves - 0.02),
        (wide + 0.06, eaves - 0.02),
        (ridge + lean, top),
        (-ridge + lean, top),
    ]);
    let dull = roof_colour.lerp(ctx.palette.near, 0.35);
    ctx.paint_form(&roof, dull, ctx.palette.dark);
    let dark = ctx.palette.dark;
    ctx.glaze(&spot.rect(wide * 0.45, 0.0, wide, eaves - 0.03), dark, 0.22);
    ctx.glaze(&spot.rect(-wide, eaves - 0.07, wide, eaves - 0.02), dark, 0.3);
    pane(ctx, &spot.rect(-wide * 0.72, eaves * 0.42, -wide * 0.4, eaves * 0.78));
    pane(ctx, &spot.rect(wide * 0.38, eaves * 0.42, wide * 0.7, eaves * 0.78));
    ctx.glaze(&spot.rect(-wide * 0.16, 0.0, wide * 0.14, eaves * 0.66), dark, 0.9);
    if ctx.has_lit_lamps() {
        let glow = ctx.palette.glow;
        ctx.glow(spot.at(-wide * 0.56, eaves * 0.6), spot.height * 0.4, glow, 0.35);
    }
    smoke(ctx, spot.sub_placement(stack + 0.045, 1.04, 0.5));
}

/// Paints smoke from a chimney or funnel; in a third of the cases, none.
pub fn smoke(ctx: &mut PaintContext, spot: Placement) {
    if ctx.rng.random_bool(0.35) {
        return;
    }
    let colour = ctx.palette.low.with_lightness_and_chroma(0.93, 0.5);
    let drift = ctx.rng.range(0.2, 0.9);
    for i in 0..4 {
        let t = i as f32 / 3.0;
        let at = spot.at(drift * t * t, t * 0.9);
        let size = spot.height * (0.06 + 0.16 * t);
        let puff = Shape::blob(at, size * 1.3, size, 0.3, &mut ctx.rng);
        let wash = ctx
            .plain_wash(colour)
            .lifting(0.55 - 0.3 * t)
            .with_strength(0.25)
            .wet(0.014, 1.3)
            .rimmed(0.2);
        ctx.lay(&puff, wash);
    }
}

/// Paints a few houses close together, usually around a church.
pub fn village(ctx: &mut PaintContext, spot: Placement) {
    let count = ctx.rng.int_range(4, 6);
    if ctx.rng.random_bool(0.6) {
        let steeple = spot.sub_placement(ctx.rng.range(-0.5, 0.5), 0.1, 1.2);
        church(ctx, steeple);
    }
    for i in 0..count {
        let x = (i as f32 / (count - 1) as f32 - 0.5) * 3.0;
        let size = ctx.rng.range(0.5, 0.85);
        let place =
            spot.sub_placement(x + ctx.rng.triangular() * 0.3, ctx.rng.range(-0.3, 0.35), size);
        house(ctx, place);
    }
}

/// Paints a church with a nave and a steeple.
pub fn church(ctx: &mut PaintContext, spot: Placement) {
    let (front, far, dark) = (wall(ctx), ctx.palette.far, ctx.palette.dark);
    let roof = ctx.palette.near;
    ground_shadow(ctx, spot, 0.4);
    ctx.paint_form(&spot.rect(-0.02, 0.0, 0.42, 0.3), front, far);
    ctx.paint_form(
        &spot.poly(&[(-0.04, 0.28), (0.45, 0.28), (0.4, 0.45), (0.0, 0.46)]),
        roof,
        dark,
    );
    ctx.paint_form(&spot.rect(-0.18, 0.0, 0.02, 0.58), front, far);
    ctx.paint_form(&spot.poly(&[(-0.21, 0.56), (0.05, 0.56), (-0.08, 1.0)]), roof, dark);
    ctx.glaze(&spot.rect(-0.06, 0.0, 0.02, 0.56), dark, 0.25);
    for x in [0.1, 0.2, 0.3] {
        pane(ctx, &spot.rect(x, 0.1, x + 0.04, 0.22));
    }
    pane(ctx, &spot.rect(-0.11, 0.4, -0.06, 0.5));
}

/// Paints a round tower with a pointed cap.
pub fn tower(ctx: &mut PaintContext, spot: Placement) {
    let (front, mid, dark, cap) =
        (wall(ctx), ctx.palette.mid, ctx.palette.dark, ctx.palette.accent);
    ground_shadow(ctx, spot, 0.25);
    ctx.paint_form(
        &spot.poly(&[(-0.15, 0.0), (0.15, 0.0), (0.12, 0.74), (-0.12, 0.74)]),
        front,
        mid,
    );
    ctx.paint_form(&spot.poly(&[(-0.17, 0.72), (0.17, 0.72), (0.01, 1.0)]), cap, dark);
    ctx.glaze(&spot.poly(&[(0.03, 0.0), (0.15, 0.0), (0.12, 0.72), (0.04, 0.72)]), dark, 0.4);
    for y in [0.2, 0.4, 0.58] {
        pane(ctx, &spot.rect(-0.045, y, 0.005, y + 0.08));
    }
}

/// Paints a castle: three towers behind a wall.
pub fn castle(ctx: &mut PaintContext, spot: Placement) {
    let (front, mid, dark) = (wall(ctx), ctx.palette.mid, ctx.palette.dark);
    ground_shadow(ctx, spot, 0.6);
    for (x, size) in [(-0.42, 0.7), (0.4, 0.8), (0.05, 1.0)] {
        tower(ctx, spot.sub_placement(x, 0.0, size));
    }
    let mut top = vec![(-0.5, 0.0), (0.5, 0.0), (0.5, 0.34)];
    for i in 0..9 {
        let x = 0.5 - i as f32 / 9.0;
        let tooth = if i % 2 == 0 { 0.34 } else { 0.29 };
        top.extend([(x, tooth), (x - 1.0 / 9.0, tooth)]);
    }
    ctx.paint_form(&spot.poly(&top), front.lerp(mid, 0.3), mid);
    ctx.glaze(
        &spot.poly(&[(-0.09, 0.0), (0.09, 0.0), (0.09, 0.15), (0.0, 0.22), (-0.09, 0.15)]),
        dark,
        1.0,
    );
}

/// Paints a lighthouse, at the sea on a rock, with a beam unless it is day or dawn.
pub fn lighthouse(ctx: &mut PaintContext, layout: &SceneLayout, spot: Placement) {
    let (front, far, dark, band) =
        (wall(ctx), ctx.palette.far, ctx.palette.dark, ctx.palette.accent);
    if layout.setting == Setting::Sea {
        land::mound(ctx, layout, spot.at(0.05, 0.05), spot.height * 0.5, spot.height * 0.16);
    }
    let has_beam = matches!(ctx.light, Light::Night | Light::Dusk | Light::Overcast);
    if has_beam {
        beam(ctx, layout, spot);
    }
    let pale = front.lerp(ctx.palette.low, 0.5).with_lightness_and_chroma(front.l.max(0.72), 0.8);
    ctx.paint_form(
        &spot.poly(&[(-0.12, 0.0), (0.12, 0.0), (0.075, 0.76), (-0.075, 0.76)]),
        pale,
        far,
    );
    for (y, h) in [(0.16, 0.15), (0.47, 0.14)] {
        let half = |y: f32| 0.12 - 0.06 * y;
        let ring =
            spot.poly(&[(-half(y), y), (half(y), y), (half(y + h), y + h), (-half(y + h), y + h)]);
        let wash = ctx.mixed_wash(band, dark).lifting(0.6);
        ctx.lay_within(&ring, wash, 1.0);
    }
    ctx.glaze(&spot.poly(&[(0.025, 0.0), (0.12, 0.0), (0.075, 0.76), (0.02, 0.76)]), dark, 0.38);
    ctx.paint_form(&spot.rect(-0.1, 0.755, 0.1, 0.785), dark, band);
    let glass = spot.rect(-0.055, 0.785, 0.055, 0.895);
    let lamp = ctx.palette.glow;
    let wash = ctx.plain_wash(lamp).lifting(0.97).with_strength(0.8);
    ctx.paint_form_with(&glass, wash);
    ctx.paint_form(
        &spot.poly(&[(-0.08, 0.89), (0.08, 0.89), (0.03, 0.96), (0.0, 1.0), (-0.03, 0.96)]),
        dark,
        band,
    );
    if has_beam {
        ctx.glow(spot.at(0.0, 0.84), spot.height * 0.3, lamp, 0.55);
    }
}

fn beam(ctx: &mut PaintContext, layout: &SceneLayout, spot: Placement) {
    let lamp = ctx.palette.glow;
    let from = spot.at(0.0, 0.84);
    let reach = layout.unit * 0.9;
    let rise = ctx.rng.range(-0.12, 0.16);
    for (side, strength) in [(spot.facing, 0.6), (-spot.facing, 0.28)] {
        let end = pt(from.x + reach * side, from.y - reach * rise * side);
        let wide = reach * 0.13;
        let shape = Shape::polygon(vec![from, pt(end.x, end.y - wide), pt(end.x, end.y + wide)]);
        let mut wash = ctx.plain_wash(lamp).lifting(strength).rimmed(0.0).wet(0.01, 0.6);
        wash.strength = (0.35 * smoothstep(0.0, 1.0, strength), 0.05);
        wash.gradient_axis = (from, end);
        ctx.lay(&shape, wash);
    }
}

/// Paints a stone bridge with three arches over water.
pub fn bridge(ctx: &mut PaintContext, layout: &SceneLayout, spot: Placement) {
    let (front, mid, dark) = (wall(ctx), ctx.palette.mid, ctx.palette.dark);
    let half = (layout.width() * 0.8 / spot.height).max(1.4);
    let deck = |x: f32| 1.0 - 0.3 * (x / half).powi(2);
    let mut body = Shape::polygon(
        (0..=20)
            .map(|i| {
                let x = (i as f32 / 10.0 - 1.0) * half;
                spot.at(x, deck(x))
            })
            .chain([spot.at(half, -0.1), spot.at(-half, -0.1)])
            .collect(),
    );
    let count = 3;
    for i in 0..count {
        let x = (i as f32 - 1.0) * half * 0.42;
        let (wide, tall) = (half * 0.16, deck(x) - 0.24);
        let arch: Vec<_> = (0..=12)
            .map(|k| {
                let angle = k as f32 / 12.0 * std::f32::consts::PI;
                spot.at(x - wide * math::cos(angle), tall * math::sin(angle))
            })
            .chain([spot.at(x + wide, -0.2), spot.at(x - wide, -0.2)])
            .collect();
        body = body.without(Shape::polygon(arch));
    }
    let stone = front.lerp(mid, 0.55);
    ctx.paint_form(&body, stone, ctx.palette.near);
    for x in [-0.63, -0.21, 0.21, 0.63] {
        water::reflection(ctx, spot.at(x * half, -0.1), spot.height * 0.4, spot.height * 0.4);
    }
    let rail: Vec<_> = (0..=20)
        .map(|i| {
            let x = (i as f32 / 10.0 - 1.0) * half;
            spot.at(x, deck(x) - 0.1)
        })
        .collect();
    ctx.line(&rail, 1.4, dark, 0.6);
}
