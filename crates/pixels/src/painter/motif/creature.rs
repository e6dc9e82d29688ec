//! Paints people and animals as seen from a distance.

use super::ground_shadow;
use crate::math;
use crate::painter::context::PaintContext;
use crate::painter::layout::Placement;
use crate::painter::shape::{Shape, bowed_line};

/// Paints a person in a coat, from behind; if `umbrella` is set, under an umbrella.
pub fn figure(ctx: &mut PaintContext, spot: Placement, umbrella: bool) {
    let (coat, dark, skin) = (ctx.palette.accent, ctx.palette.dark, ctx.palette.low);
    let coat = if ctx.rng.random_bool(0.55) { coat } else { ctx.palette.near };
    ground_shadow(ctx, spot, 0.22);
    let legs = spot
        .poly(&[(-0.07, 0.0), (-0.02, 0.0), (-0.01, 0.32), (-0.08, 0.32)])
        .union(spot.poly(&[(0.02, 0.0), (0.08, 0.0), (0.08, 0.32), (0.0, 0.32)]));
    ctx.paint_form(&legs, dark, coat);
    let sway = ctx.rng.range(0.0, 0.05);
    let body = spot.poly(&[
        (-0.15 - sway, 0.24),
        (0.15 + sway, 0.25),
        (0.135, 0.55),
        (0.1, 0.76),
        (0.04, 0.81),
        (-0.04, 0.81),
        (-0.11, 0.76),
        (-0.13, 0.5),
    ]);
    ctx.paint_form(&body.smoothed(), coat, dark);
    ctx.glaze(
        &spot.poly(&[(0.02, 0.27), (0.14, 0.27), (0.1, 0.72), (0.03, 0.76)]).smoothed(),
        dark,
        0.4,
    );
    ctx.paint_form(
        &spot.ellipse(0.005, 0.885, 0.058, 0.07),
        skin.with_lightness_and_chroma(skin.l.min(0.7), 0.8),
        coat,
    );
    headgear(ctx, spot);
    if umbrella {
        let stick = bowed_line(spot.at(0.16, 0.5), spot.at(0.14, 1.3), 0.0, 6);
        ctx.line(&stick, 1.3, dark, 1.0);
        let dome = spot.poly(&[
            (-0.3, 1.08),
            (-0.22, 1.24),
            (0.0, 1.36),
            (0.14, 1.38),
            (0.3, 1.36),
            (0.5, 1.24),
            (0.58, 1.08),
            (0.42, 1.12),
            (0.28, 1.07),
            (0.14, 1.12),
            (0.0, 1.07),
            (-0.14, 1.12),
        ]);
        let colour = ctx.palette.accent;
        ctx.paint_form(&dome, colour, dark);
        ctx.glaze(
            &spot.poly(&[(0.14, 1.38), (0.3, 1.36), (0.5, 1.24), (0.58, 1.08), (0.36, 1.1)]),
            dark,
            0.35,
        );
    }
}

/// Paints a hat, a cap or hair.
fn headgear(ctx: &mut PaintContext, spot: Placement) {
    let (dark, accent) = (ctx.palette.dark, ctx.palette.accent);
    let hair: &[(f32, f32)] = &[
        (-0.07, 0.84),
        (-0.065, 0.93),
        (-0.02, 0.975),
        (0.05, 0.965),
        (0.075, 0.9),
        (0.03, 0.92),
        (-0.03, 0.9),
    ];
    let long: &[(f32, f32)] = &[
        (-0.1, 0.7),
        (-0.08, 0.92),
        (0.0, 0.98),
        (0.07, 0.94),
        (0.08, 0.86),
        (0.02, 0.92),
        (-0.03, 0.86),
        (-0.04, 0.7),
    ];
    let hat: &[(f32, f32)] =
        &[(-0.1, 0.9), (0.1, 0.9), (0.06, 0.94), (0.05, 1.0), (-0.05, 1.0), (-0.06, 0.94)];
    let cap: &[(f32, f32)] =
        &[(-0.065, 0.9), (0.12, 0.9), (0.065, 0.925), (0.05, 0.97), (-0.03, 0.98), (-0.065, 0.94)];
    let (shape, colour) = match ctx.rng.int_range(0, 5) {
        0 | 1 => (hat, dark),
        2 => (cap, accent),
        3 => (cap, dark),
        4 => (long, dark),
        _ => (hair, dark),
    };
    ctx.paint_form(&spot.poly(shape), colour, dark);
}

/// Paints a flying bird, with a few more in the distance.
pub fn bird(ctx: &mut PaintContext, spot: Placement) {
    let dark = ctx.palette.dark;
    wings(ctx, spot, 1.0);
    for _ in 0..ctx.rng.int_range(2, 5) {
        let away = spot.sub_placement(
            ctx.rng.range(-2.2, 1.6),
            ctx.rng.range(-0.1, 1.2),
            ctx.rng.range(0.15, 0.3),
        );
        wings(ctx, away, 0.8);
    }
    let eye = spot.ellipse(0.44, 0.46, 0.012, 0.012);
    ctx.glaze(&eye, dark, 1.0);
}

fn wings(ctx: &mut PaintContext, spot: Placement, strength: f32) {
    let (dark, near) = (ctx.palette.dark, ctx.palette.near);
    // A dark bird in front of dark trees would be invisible.
    let middle = spot.at(0.0, 0.4);
    let behind: f32 = ctx.canvas.density_at(middle.x, middle.y).iter().sum();
    let (dark, near) =
        if behind > 3.2 { (ctx.palette.low, ctx.palette.glow) } else { (dark, near) };
    let lift = ctx.rng.range(0.1, 0.5);
    let body = spot.poly(&[
        (0.5, 0.4),
        (0.36, 0.47),
        (0.2, 0.46),
        (-0.1, 0.42),
        (-0.4, 0.36),
        (-0.62, 0.4),
        (-0.56, 0.3),
        (-0.3, 0.28),
        (0.0, 0.27),
        (0.24, 0.3),
        (0.38, 0.38),
    ]);
    let wing = |reach: f32, up: f32| {
        spot.poly(&[
            (0.26, 0.4),
            (0.2, 0.5 + up * 0.5),
            (0.02 - reach * 0.3, 0.62 + up),
            (-0.2 - reach, 0.66 + up),
            (-0.42 - reach, 0.58 + up),
            (-0.2 - reach * 0.5, 0.54 + up * 0.6),
            (-0.06, 0.4),
        ])
    };
    let far = wing(-0.42, lift).smoothed();
    let wash = ctx.mixed_wash(near, dark).lifting(0.85).with_strength(strength * 0.7);
    ctx.paint_form_with(&far, wash);
    let wash = ctx.mixed_wash(dark, near).lifting(0.92).with_strength(strength);
    ctx.paint_form_with(&body.smoothed().union(wing(0.1, lift * 0.6).smoothed()), wash);
}

/// Paints a sitting cat with its tail around it.
pub fn cat(ctx: &mut PaintContext, spot: Placement) {
    let (dark, warm) = (ctx.palette.dark, ctx.palette.accent);
    let coat = if ctx.rng.random_bool(0.5) { dark } else { warm.lerp(ctx.palette.near, 0.3) };
    ground_shadow(ctx, spot, 0.4);
    let tail =
        bowed_line(spot.at(-0.2, 0.06), spot.at(-0.55, 0.3), -spot.height * 0.16 * spot.facing, 10);
    let thick = spot.height * 0.075;
    let wash = ctx.mixed_wash(coat, dark).lifting(0.9);
    ctx.paint_form_with(&Shape::stroke(&tail, |t| thick * (1.1 - 0.5 * t)), wash);
    let body = spot.poly(&[
        (-0.3, 0.0),
        (0.24, 0.0),
        (0.22, 0.22),
        (0.19, 0.52),
        (0.1, 0.68),
        (-0.08, 0.62),
        (-0.26, 0.36),
        (-0.34, 0.12),
    ]);
    let head = spot.poly(&[
        (-0.07, 0.62),
        (0.1, 0.56),
        (0.26, 0.64),
        (0.29, 0.78),
        (0.28, 0.99),
        (0.18, 0.87),
        (0.06, 0.87),
        (-0.04, 0.98),
        (-0.07, 0.78),
    ]);
    let wash = ctx.mixed_wash(coat, dark).lifting(0.93);
    let outline = body.smoothed().union(head);
    ctx.paint_form_with(&outline, wash);
    ctx.glaze(
        &spot.poly(&[(-0.3, 0.02), (0.0, 0.02), (-0.08, 0.4), (-0.24, 0.34)]).smoothed(),
        dark,
        0.4,
    );
}

/// Paints a standing dog or fox.
pub fn dog(ctx: &mut PaintContext, spot: Placement) {
    let (dark, warm) = (ctx.palette.dark, ctx.palette.accent);
    let coat = if ctx.rng.random_bool(0.4) { dark } else { warm.lerp(ctx.palette.near, 0.3) };
    ground_shadow(ctx, spot, 0.55);
    let body = spot.poly(&[
        (-0.52, 0.34),
        (-0.2, 0.38),
        (0.16, 0.34),
        (0.36, 0.36),
        (0.42, 0.56),
        (0.56, 0.62),
        (0.78, 0.62),
        (0.78, 0.7),
        (0.6, 0.84),
        (0.42, 0.88),
        (0.26, 0.7),
        (-0.1, 0.64),
        (-0.48, 0.68),
        (-0.6, 0.52),
    ]);
    let ears = spot.poly(&[(0.36, 0.78), (0.58, 0.8), (0.48, 1.02)]);
    let tail =
        bowed_line(spot.at(-0.5, 0.6), spot.at(-0.98, 0.66), spot.height * 0.14 * spot.facing, 10);
    let thick = spot.height * 0.15;
    let brush = Shape::stroke(&tail, |t| thick * (0.4 + 1.6 * t * (1.0 - t)) * (1.2 - t * 0.9));
    let mut legs = Shape::default();
    for (x, lean) in [(-0.52, -0.04), (-0.36, 0.03), (0.16, -0.02), (0.32, 0.04)] {
        legs = legs.union(spot.poly(&[
            (x - 0.05 + lean, 0.0),
            (x + 0.06 + lean, 0.0),
            (x + 0.08, 0.46),
            (x - 0.09, 0.46),
        ]));
    }
    let outline = legs.union(brush).union(ears).union(body.smoothed());
    ctx.paint_form(&outline, coat, dark);
}

/// Paints a leaping fish above rings in the water.
pub fn fish(ctx: &mut PaintContext, spot: Placement) {
    let (scale, dark, light) = (ctx.palette.accent, ctx.palette.dark, ctx.palette.low);
    for size in [0.5, 0.8, 1.1] {
        let ring: Vec<_> = (0..=24)
            .map(|i| {
                let angle = i as f32 / 24.0 * std::f32::consts::TAU;
                spot.at(math::cos(angle) * size, math::sin(angle) * size * 0.16)
            })
            .collect();
        ctx.line(&ring, 1.0, light, 0.3);
        ctx.line(&ring, 0.7, dark, 0.35);
    }
    let back =
        bowed_line(spot.at(-0.5, 0.3), spot.at(0.55, 0.5), -spot.height * 0.4 * spot.facing, 14);
    let thick = spot.height * 0.34;
    let wash = ctx.mixed_wash(scale, dark).lifting(0.9);
    ctx.paint_form_with(
        &Shape::stroke(&back, |t| thick * math::powf((t * (1.05 - t) * 3.8).max(0.0), 0.7)),
        wash,
    );
    ctx.paint_form(
        &spot.poly(&[(-0.46, 0.34), (-0.72, 0.34), (-0.62, 0.2), (-0.6, 0.06)]),
        scale,
        dark,
    );
}
