//! Figures, birds and beasts, seen from some way off.

use super::ground_shadow;
use crate::painter::context::PaintContext;
use crate::painter::layout::Placement;
use crate::painter::shape::{Shape, bowed_line};

/// A person in a coat, from behind; perhaps under an umbrella.
pub fn figure(e: &mut PaintContext, spot: Placement, umbrella: bool) {
    let (coat, dark, skin) = (e.palette.accent, e.palette.dark, e.palette.low);
    let coat = if e.rng.random_bool(0.55) { coat } else { e.palette.near };
    ground_shadow(e, spot, 0.22);
    let legs = spot
        .poly(&[(-0.07, 0.0), (-0.02, 0.0), (-0.01, 0.32), (-0.08, 0.32)])
        .union(spot.poly(&[(0.02, 0.0), (0.08, 0.0), (0.08, 0.32), (0.0, 0.32)]));
    e.paint_form(&legs, dark, coat);
    let sway = e.rng.range(0.0, 0.05);
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
    e.paint_form(&body.smoothed(), coat, dark);
    e.glaze(
        &spot.poly(&[(0.02, 0.27), (0.14, 0.27), (0.1, 0.72), (0.03, 0.76)]).smoothed(),
        dark,
        0.4,
    );
    e.paint_form(
        &spot.ellipse(0.005, 0.885, 0.058, 0.07),
        skin.with_lightness_and_chroma(skin.l.min(0.7), 0.8),
        coat,
    );
    headgear(e, spot);
    if umbrella {
        let stick = bowed_line(spot.at(0.16, 0.5), spot.at(0.14, 1.3), 0.0, 6);
        e.line(&stick, 1.3, dark, 1.0);
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
        let colour = e.palette.accent;
        e.paint_form(&dome, colour, dark);
        e.glaze(
            &spot.poly(&[(0.14, 1.38), (0.3, 1.36), (0.5, 1.24), (0.58, 1.08), (0.36, 1.1)]),
            dark,
            0.35,
        );
    }
}

/// A hat, a cap, or hair alone.
fn headgear(e: &mut PaintContext, spot: Placement) {
    let (dark, accent) = (e.palette.dark, e.palette.accent);
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
    let (shape, colour) = match e.rng.int_range(0, 5) {
        0 | 1 => (hat, dark),
        2 => (cap, accent),
        3 => (cap, dark),
        4 => (long, dark),
        _ => (hair, dark),
    };
    e.paint_form(&spot.poly(shape), colour, dark);
}

/// A bird on the wing, with a few more far off.
pub fn bird(e: &mut PaintContext, spot: Placement) {
    let dark = e.palette.dark;
    wings(e, spot, 1.0);
    for _ in 0..e.rng.int_range(2, 5) {
        let away = spot.sub_placement(
            e.rng.range(-2.2, 1.6),
            e.rng.range(-0.1, 1.2),
            e.rng.range(0.15, 0.3),
        );
        wings(e, away, 0.8);
    }
    let eye = spot.ellipse(0.44, 0.46, 0.012, 0.012);
    e.glaze(&eye, dark, 1.0);
}

fn wings(e: &mut PaintContext, spot: Placement, strength: f32) {
    let (dark, near) = (e.palette.dark, e.palette.near);
    // A dark bird in front of dark trees would be lost.
    let middle = spot.at(0.0, 0.4);
    let behind: f32 = e.canvas.density_at(middle.x, middle.y).iter().sum();
    let (dark, near) = if behind > 3.2 { (e.palette.low, e.palette.glow) } else { (dark, near) };
    let lift = e.rng.range(0.1, 0.5);
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
    let wash = e.mixed_wash(near, dark).lifting(0.85).with_strength(strength * 0.7);
    e.paint_form_with(&far, wash);
    let wash = e.mixed_wash(dark, near).lifting(0.92).with_strength(strength);
    e.paint_form_with(&body.smoothed().union(wing(0.1, lift * 0.6).smoothed()), wash);
}

/// A sitting cat with its tail around it.
pub fn cat(e: &mut PaintContext, spot: Placement) {
    let (dark, warm) = (e.palette.dark, e.palette.accent);
    let coat = if e.rng.random_bool(0.5) { dark } else { warm.lerp(e.palette.near, 0.3) };
    ground_shadow(e, spot, 0.4);
    let tail =
        bowed_line(spot.at(-0.2, 0.06), spot.at(-0.55, 0.3), -spot.height * 0.16 * spot.facing, 10);
    let thick = spot.height * 0.075;
    let wash = e.mixed_wash(coat, dark).lifting(0.9);
    e.paint_form_with(&Shape::stroke(&tail, |t| thick * (1.1 - 0.5 * t)), wash);
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
    let wash = e.mixed_wash(coat, dark).lifting(0.93);
    let whole = body.smoothed().union(head);
    e.paint_form_with(&whole, wash);
    e.glaze(
        &spot.poly(&[(-0.3, 0.02), (0.0, 0.02), (-0.08, 0.4), (-0.24, 0.34)]).smoothed(),
        dark,
        0.4,
    );
}

/// A standing dog or fox.
pub fn dog(e: &mut PaintContext, spot: Placement) {
    let (dark, warm) = (e.palette.dark, e.palette.accent);
    let coat = if e.rng.random_bool(0.4) { dark } else { warm.lerp(e.palette.near, 0.3) };
    ground_shadow(e, spot, 0.55);
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
    e.paint_form(&outline, coat, dark);
}

/// A leaping fish over a few rings.
pub fn fish(e: &mut PaintContext, spot: Placement) {
    let (scale, dark, light) = (e.palette.accent, e.palette.dark, e.palette.low);
    for size in [0.5, 0.8, 1.1] {
        let ring: Vec<_> = (0..=24)
            .map(|i| {
                let angle = i as f32 / 24.0 * std::f32::consts::TAU;
                spot.at(angle.cos() * size, angle.sin() * size * 0.16)
            })
            .collect();
        e.line(&ring, 1.0, light, 0.3);
        e.line(&ring, 0.7, dark, 0.35);
    }
    let back =
        bowed_line(spot.at(-0.5, 0.3), spot.at(0.55, 0.5), -spot.height * 0.4 * spot.facing, 14);
    let thick = spot.height * 0.34;
    let wash = e.mixed_wash(scale, dark).lifting(0.9);
    e.paint_form_with(
        &Shape::stroke(&back, |t| thick * (t * (1.05 - t) * 3.8).max(0.0).powf(0.7)),
        wash,
    );
    e.paint_form(
        &spot.poly(&[(-0.46, 0.34), (-0.72, 0.34), (-0.62, 0.2), (-0.6, 0.06)]),
        scale,
        dark,
    );
}
