//! Things that stand in the open: doors, fences, ladders, stairs, lamps, trains.

use super::building::smoke;
use super::ground_shadow;
use crate::painter::context::PaintContext;
use crate::painter::layout::{Placement, SceneLayout};
use crate::painter::shape::{Shape, bowed_line, pt};

/// A door ajar in its frame, light behind it.
pub fn door(e: &mut PaintContext, spot: Placement) {
    let (leaf, dark, glow, near) =
        (e.palette.accent, e.palette.dark, e.palette.glow, e.palette.near);
    ground_shadow(e, spot, 0.35);
    e.glow(spot.at(0.0, 0.45), spot.height * 0.6, glow, 0.6);
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
    e.paint_form(&frame(1.2), near, dark);
    let wash = e.plain_wash(glow).lifting(0.97).with_strength(0.8);
    e.lay_within(&frame(0.92), wash, 1.0);
    e.paint_form(
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
        e.glaze(&spot.poly(&[(-0.16, y0), (0.0, y0 - 0.02), (0.0, y1), (-0.16, y1)]), dark, 0.35);
    }
    e.paint_form(&spot.ellipse(0.035, 0.45, 0.014, 0.014), glow, dark);
    let light = Shape::polygon(vec![
        spot.at(0.08, 0.0),
        spot.at(0.22, 0.0),
        spot.at(0.75, -0.3),
        spot.at(0.3, -0.32),
    ]);
    let wash = e.plain_wash(glow).lifting(0.6).with_strength(0.5).wet(0.015, 1.0).rimmed(0.0);
    e.lay(&light, wash);
}

/// Posts and two rails across the view.
pub fn fence(e: &mut PaintContext, stage: &SceneLayout, spot: Placement) {
    let (wood, dark) = (e.palette.near, e.palette.dark);
    let reach = stage.width() / spot.height;
    let slope = e.rng.range(-0.05, 0.05);
    let gap = 0.8;
    let count = (reach / gap) as usize;
    for y in [0.4, 0.75] {
        let rail = bowed_line(
            spot.at(-reach, y - slope * reach),
            spot.at(reach, y + slope * reach),
            2.0,
            24,
        );
        e.line(&rail, 1.6, wood, 1.0);
    }
    for i in 0..=count * 2 {
        let x = (i as f32 - count as f32) * gap + e.rng.triangular() * 0.08;
        let y = slope * x;
        let top = y + e.rng.range(0.9, 1.05);
        let post =
            [(x - 0.06, y - 0.05), (x + 0.06, y - 0.05), (x + 0.05, top), (x - 0.05, y + 0.98)];
        e.paint_form(&spot.poly(&post), wood, dark);
    }
}

/// A ladder leaning into the sky.
pub fn ladder(e: &mut PaintContext, spot: Placement) {
    let (wood, dark) = (e.palette.near, e.palette.dark);
    ground_shadow(e, spot, 0.25);
    let lean = e.rng.range(0.15, 0.35);
    for x in [-0.12, 0.12] {
        let rail = bowed_line(spot.at(x, 0.0), spot.at(x * 0.75 + lean, 1.0), 1.0, 10);
        let thick = spot.height * 0.035;
        e.paint_form(&Shape::stroke(&rail, |_| thick), wood, dark);
    }
    for i in 1..10 {
        let t = i as f32 / 10.0;
        let half = 0.12 - 0.03 * t;
        e.line(&[spot.at(lean * t - half, t), spot.at(lean * t + half, t + 0.005)], 1.6, dark, 0.9);
    }
}

/// Steps that rise towards a light.
pub fn stairs(e: &mut PaintContext, spot: Placement) {
    let (stone, dark, glow) = (e.palette.low, e.palette.dark, e.palette.glow);
    ground_shadow(e, spot, 0.5);
    let count = 7;
    e.glow(spot.at(0.1, 1.0), spot.height * 0.5, glow, 0.7);
    for i in (0..count).rev() {
        let t = i as f32 / count as f32;
        let (half, x, y) = (0.5 - 0.26 * t, 0.16 * t, t * 0.9);
        let rise = 0.13 - 0.04 * t;
        let tread = stone.lerp(e.palette.mid, 0.25 + 0.3 * (1.0 - t));
        e.paint_form(&spot.rect(x - half, y, x + half, y + rise), tread, e.palette.far);
        e.glaze(&spot.rect(x - half, y, x + half, y + rise * 0.7), dark, 0.42);
    }
}

/// A lamp post, its light spreading.
pub fn street_lamp(e: &mut PaintContext, spot: Placement) {
    let (dark, glow) = (e.palette.dark, e.palette.glow);
    ground_shadow(e, spot, 0.12);
    e.glow(
        spot.at(0.0, 0.89),
        spot.height * 0.42,
        glow,
        if e.has_lit_lamps() { 1.0 } else { 0.35 },
    );
    let path = bowed_line(spot.at(0.0, 0.0), spot.at(0.0, 0.82), 0.6, 8);
    let thick = (spot.height * 0.026).max(1.1);
    e.paint_form(
        &Shape::stroke(&path, |t| thick * (1.0 - 0.4 * t + (1.0 - t).powi(10))),
        dark,
        dark,
    );
    let wash = e.plain_wash(glow).lifting(0.96).with_strength(0.7);
    e.paint_form_with(
        &spot.poly(&[(-0.035, 0.82), (0.035, 0.82), (0.06, 0.93), (-0.06, 0.93)]),
        wash,
    );
    e.paint_form(
        &spot.poly(&[(-0.075, 0.925), (0.075, 0.925), (0.02, 0.98), (-0.02, 0.98)]),
        dark,
        dark,
    );
}

/// A steam train across the view, its smoke behind it.
pub fn train(e: &mut PaintContext, stage: &SceneLayout, spot: Placement) {
    let (dark, accent, glow) = (e.palette.dark, e.palette.accent, e.palette.glow);
    let (x0, _, x1, _) = stage.view;
    let ground = spot.foot.y;
    let embankment = e.palette.near;
    let bank = Shape::polygon(vec![
        pt(x0 - 9.0, ground),
        pt(x1 + 9.0, ground),
        pt(x1 + 9.0, ground + spot.height * 0.4),
        pt(x0 - 9.0, ground + spot.height * 0.35),
    ]);
    let wash = e.plain_wash(embankment).with_strength(0.5).wet(0.012, 0.8).dry(0.25);
    e.lay(&bank, wash);
    e.line(&bowed_line(pt(x0 - 5.0, ground), pt(x1 + 5.0, ground), 1.0, 30), 1.5, dark, 0.9);
    for i in 0..5 {
        let x = -1.75 - i as f32 * 1.75;
        let colour = if i % 2 == 0 { accent } else { e.palette.near };
        e.paint_form(&spot.rect(x - 0.8, 0.14, x + 0.8, 0.82), colour, dark);
        e.paint_form(&spot.rect(x - 0.84, 0.8, x + 0.84, 0.9), dark, colour);
        for k in 0..4 {
            let left = x - 0.66 + k as f32 * 0.36;
            let wash = e.plain_wash(glow).lifting(0.92).with_strength(0.8).rimmed(0.3);
            e.lay_within(&spot.rect(left, 0.46, left + 0.22, 0.7), wash, 0.6);
        }
        for k in [-0.55, 0.55] {
            e.glaze(&spot.ellipse(x + k, 0.1, 0.12, 0.12), dark, 1.2);
        }
    }
    engine(e, spot);
    plume(e, spot);
}

fn engine(e: &mut PaintContext, spot: Placement) {
    let (dark, accent, glow) = (e.palette.dark, e.palette.accent, e.palette.glow);
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
    e.paint_form(&body, dark, accent);
    let wash = e.plain_wash(glow).lifting(0.95).with_strength(0.9);
    e.lay_within(&spot.rect(-0.72, 0.62, -0.38, 0.88), wash, 0.6);
    for (x, r) in [(-0.6, 0.19), (0.0, 0.19), (0.5, 0.13), (0.9, 0.13)] {
        let ring = spot.ellipse(x, r - 0.02, r, r);
        e.paint_form(&ring, dark, accent);
        let hub = spot.ellipse(x, r - 0.02, r * 0.3, r * 0.3);
        e.paint_form(&hub, accent, dark);
    }
    e.glow(spot.at(1.14, 0.52), spot.height * 0.5, glow, 0.7);
}

fn plume(e: &mut PaintContext, spot: Placement) {
    let white = e.palette.low.with_lightness_and_chroma(0.95, 0.5);
    let shade = e.palette.far;
    for i in 0..9 {
        let t = i as f32 / 8.0;
        let at = spot.at(0.75 - t * 4.6, 1.2 + t.sqrt() * 1.2 + e.rng.triangular() * 0.15);
        let size = spot.height * (0.16 + 0.42 * t);
        let puff = Shape::blob(at, size * 1.35, size, 0.3, &mut e.rng);
        let wash = e
            .plain_wash(white)
            .lifting(0.8 - 0.55 * t)
            .with_strength(0.3)
            .wet(0.016, 0.9)
            .rimmed(0.3);
        e.lay(&puff, wash);
        let under = Shape::blob(pt(at.x, at.y + size * 0.45), size, size * 0.4, 0.3, &mut e.rng);
        let wash =
            e.plain_wash(shade).with_strength(0.28 * (1.0 - 0.5 * t)).wet(0.016, 1.2).rimmed(0.1);
        e.lay(&under, wash);
    }
    smoke(e, spot.sub_placement(0.8, 1.05, 0.6));
}
