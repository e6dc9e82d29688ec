//! What people build: houses, towers, bridges.

use super::ground_shadow;
use crate::painter::context::PaintContext;
use crate::painter::land;
use crate::painter::layout::{Placement, SceneLayout};
use crate::painter::noise::smoothstep;
use crate::painter::prompt::{Light, Setting};
use crate::painter::shape::{Shape, pt};
use crate::painter::water;
use crate::vision::oklab::Lab;

/// Walls: pale by day, between sky and ground by night.
fn wall(e: &PaintContext) -> Lab {
    let p = &e.palette;
    match e.light {
        Light::Night => p.low.lerp(p.mid, 0.45),
        Light::Dusk => p.low.lerp(p.mid, 0.35),
        _ => p.low.with_lightness_and_chroma(0.93, 0.8),
    }
}

/// A window: lit, or dark as windows are by day.
fn pane(e: &mut PaintContext, shape: &Shape) {
    let lit = e.has_lit_lamps();
    let colour = if lit { e.palette.glow } else { e.palette.dark };
    let amount = 0.0015 * e.unit();
    let wash = if lit {
        e.plain_wash(colour).lifting(0.97).with_strength(0.95).rimmed(0.3)
    } else {
        e.plain_wash(colour).with_strength(0.75).rimmed(0.5)
    };
    e.lay_within(shape, wash, amount);
}

/// A house with a pitched roof, a chimney, a door and a few windows.
pub fn house(e: &mut PaintContext, spot: Placement) {
    let (front, near) = (wall(e), e.palette.near);
    let wide = e.rng.range(0.34, 0.55);
    let eaves = e.rng.range(0.45, 0.6);
    let lean = e.rng.range(-0.12, 0.12);
    let roof_colour = if e.rng.random_bool(0.6) { e.palette.accent } else { e.palette.dark };
    ground_shadow(e, spot, wide * 1.1);
    let stack = e.rng.range(0.1, 0.22);
    e.paint_form(&spot.rect(stack, eaves, stack + 0.09, 1.02), near, roof_colour);
    e.paint_form(&spot.rect(-wide, 0.0, wide, eaves + 0.02), front, e.palette.far);
    let ridge = wide * e.rng.range(0.4, 0.8);
    let top = e.rng.range(0.88, 0.98);
    let roof = spot.poly(&[
        (-wide - 0.06, eaves - 0.02),
        (wide + 0.06, eaves - 0.02),
        (ridge + lean, top),
        (-ridge + lean, top),
    ]);
    let dull = roof_colour.lerp(e.palette.near, 0.35);
    e.paint_form(&roof, dull, e.palette.dark);
    let dark = e.palette.dark;
    e.glaze(&spot.rect(wide * 0.45, 0.0, wide, eaves - 0.03), dark, 0.22);
    e.glaze(&spot.rect(-wide, eaves - 0.07, wide, eaves - 0.02), dark, 0.3);
    pane(e, &spot.rect(-wide * 0.72, eaves * 0.42, -wide * 0.4, eaves * 0.78));
    pane(e, &spot.rect(wide * 0.38, eaves * 0.42, wide * 0.7, eaves * 0.78));
    e.glaze(&spot.rect(-wide * 0.16, 0.0, wide * 0.14, eaves * 0.66), dark, 0.9);
    if e.has_lit_lamps() {
        let glow = e.palette.glow;
        e.glow(spot.at(-wide * 0.56, eaves * 0.6), spot.height * 0.4, glow, 0.35);
    }
    smoke(e, spot.sub_placement(stack + 0.045, 1.04, 0.5));
}

/// A wisp from a chimney or funnel.
pub fn smoke(e: &mut PaintContext, spot: Placement) {
    if e.rng.random_bool(0.35) {
        return;
    }
    let colour = e.palette.low.with_lightness_and_chroma(0.93, 0.5);
    let drift = e.rng.range(0.2, 0.9);
    for i in 0..4 {
        let t = i as f32 / 3.0;
        let at = spot.at(drift * t * t, t * 0.9);
        let size = spot.height * (0.06 + 0.16 * t);
        let puff = Shape::blob(at, size * 1.3, size, 0.3, &mut e.rng);
        let wash = e
            .plain_wash(colour)
            .lifting(0.55 - 0.3 * t)
            .with_strength(0.25)
            .wet(0.014, 1.3)
            .rimmed(0.2);
        e.lay(&puff, wash);
    }
}

/// A few roofs leaning together around a steeple.
pub fn village(e: &mut PaintContext, spot: Placement) {
    let count = e.rng.int_range(4, 6);
    if e.rng.random_bool(0.6) {
        let steeple = spot.sub_placement(e.rng.range(-0.5, 0.5), 0.1, 1.2);
        church(e, steeple);
    }
    for i in 0..count {
        let x = (i as f32 / (count - 1) as f32 - 0.5) * 3.0;
        let size = e.rng.range(0.5, 0.85);
        let place = spot.sub_placement(x + e.rng.triangular() * 0.3, e.rng.range(-0.3, 0.35), size);
        house(e, place);
    }
}

/// A nave and a steeple.
pub fn church(e: &mut PaintContext, spot: Placement) {
    let (front, far, dark) = (wall(e), e.palette.far, e.palette.dark);
    let roof = e.palette.near;
    ground_shadow(e, spot, 0.4);
    e.paint_form(&spot.rect(-0.02, 0.0, 0.42, 0.3), front, far);
    e.paint_form(&spot.poly(&[(-0.04, 0.28), (0.45, 0.28), (0.4, 0.45), (0.0, 0.46)]), roof, dark);
    e.paint_form(&spot.rect(-0.18, 0.0, 0.02, 0.58), front, far);
    e.paint_form(&spot.poly(&[(-0.21, 0.56), (0.05, 0.56), (-0.08, 1.0)]), roof, dark);
    e.glaze(&spot.rect(-0.06, 0.0, 0.02, 0.56), dark, 0.25);
    for x in [0.1, 0.2, 0.3] {
        pane(e, &spot.rect(x, 0.1, x + 0.04, 0.22));
    }
    pane(e, &spot.rect(-0.11, 0.4, -0.06, 0.5));
}

/// A round tower with a pointed cap.
pub fn tower(e: &mut PaintContext, spot: Placement) {
    let (front, mid, dark, cap) = (wall(e), e.palette.mid, e.palette.dark, e.palette.accent);
    ground_shadow(e, spot, 0.25);
    e.paint_form(&spot.poly(&[(-0.15, 0.0), (0.15, 0.0), (0.12, 0.74), (-0.12, 0.74)]), front, mid);
    e.paint_form(&spot.poly(&[(-0.17, 0.72), (0.17, 0.72), (0.01, 1.0)]), cap, dark);
    e.glaze(&spot.poly(&[(0.03, 0.0), (0.15, 0.0), (0.12, 0.72), (0.04, 0.72)]), dark, 0.4);
    for y in [0.2, 0.4, 0.58] {
        pane(e, &spot.rect(-0.045, y, 0.005, y + 0.08));
    }
}

/// Towers behind a wall, on a mound of their own.
pub fn castle(e: &mut PaintContext, spot: Placement) {
    let (front, mid, dark) = (wall(e), e.palette.mid, e.palette.dark);
    ground_shadow(e, spot, 0.6);
    for (x, size) in [(-0.42, 0.7), (0.4, 0.8), (0.05, 1.0)] {
        tower(e, spot.sub_placement(x, 0.0, size));
    }
    let mut top = vec![(-0.5, 0.0), (0.5, 0.0), (0.5, 0.34)];
    for i in 0..9 {
        let x = 0.5 - i as f32 / 9.0;
        let tooth = if i % 2 == 0 { 0.34 } else { 0.29 };
        top.extend([(x, tooth), (x - 1.0 / 9.0, tooth)]);
    }
    e.paint_form(&spot.poly(&top), front.lerp(mid, 0.3), mid);
    e.glaze(
        &spot.poly(&[(-0.09, 0.0), (0.09, 0.0), (0.09, 0.15), (0.0, 0.22), (-0.09, 0.15)]),
        dark,
        1.0,
    );
}

/// A lighthouse on its rock, with its beam when it is dark.
pub fn lighthouse(e: &mut PaintContext, stage: &SceneLayout, spot: Placement) {
    let (front, far, dark, band) = (wall(e), e.palette.far, e.palette.dark, e.palette.accent);
    if stage.setting == Setting::Sea {
        land::mound(e, stage, spot.at(0.05, 0.05), spot.height * 0.5, spot.height * 0.16);
    }
    let dim = matches!(e.light, Light::Night | Light::Dusk | Light::Overcast);
    if dim {
        beam(e, stage, spot);
    }
    let pale = front.lerp(e.palette.low, 0.5).with_lightness_and_chroma(front.l.max(0.72), 0.8);
    e.paint_form(
        &spot.poly(&[(-0.12, 0.0), (0.12, 0.0), (0.075, 0.76), (-0.075, 0.76)]),
        pale,
        far,
    );
    for (y, h) in [(0.16, 0.15), (0.47, 0.14)] {
        let half = |y: f32| 0.12 - 0.06 * y;
        let ring =
            spot.poly(&[(-half(y), y), (half(y), y), (half(y + h), y + h), (-half(y + h), y + h)]);
        let wash = e.mixed_wash(band, dark).lifting(0.6);
        e.lay_within(&ring, wash, 1.0);
    }
    e.glaze(&spot.poly(&[(0.025, 0.0), (0.12, 0.0), (0.075, 0.76), (0.02, 0.76)]), dark, 0.38);
    e.paint_form(&spot.rect(-0.1, 0.755, 0.1, 0.785), dark, band);
    let glass = spot.rect(-0.055, 0.785, 0.055, 0.895);
    let lamp = e.palette.glow;
    let wash = e.plain_wash(lamp).lifting(0.97).with_strength(0.8);
    e.paint_form_with(&glass, wash);
    e.paint_form(
        &spot.poly(&[(-0.08, 0.89), (0.08, 0.89), (0.03, 0.96), (0.0, 1.0), (-0.03, 0.96)]),
        dark,
        band,
    );
    if dim {
        e.glow(spot.at(0.0, 0.84), spot.height * 0.3, lamp, 0.55);
    }
}

fn beam(e: &mut PaintContext, stage: &SceneLayout, spot: Placement) {
    let lamp = e.palette.glow;
    let from = spot.at(0.0, 0.84);
    let reach = stage.unit * 0.9;
    let rise = e.rng.range(-0.12, 0.16);
    for (side, strength) in [(spot.facing, 0.6), (-spot.facing, 0.28)] {
        let end = pt(from.x + reach * side, from.y - reach * rise * side);
        let wide = reach * 0.13;
        let shape = Shape::polygon(vec![from, pt(end.x, end.y - wide), pt(end.x, end.y + wide)]);
        let mut wash = e.plain_wash(lamp).lifting(strength).rimmed(0.0).wet(0.01, 0.6);
        wash.strength = (0.35 * smoothstep(0.0, 1.0, strength), 0.05);
        wash.gradient_axis = (from, end);
        e.lay(&shape, wash);
    }
}

/// Stone arches over water or a valley.
pub fn bridge(e: &mut PaintContext, stage: &SceneLayout, spot: Placement) {
    let (front, mid, dark) = (wall(e), e.palette.mid, e.palette.dark);
    let half = (stage.width() * 0.8 / spot.height).max(1.4);
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
                spot.at(x - wide * angle.cos(), tall * angle.sin())
            })
            .chain([spot.at(x + wide, -0.2), spot.at(x - wide, -0.2)])
            .collect();
        body = body.without(Shape::polygon(arch));
    }
    let stone = front.lerp(mid, 0.55);
    e.paint_form(&body, stone, e.palette.near);
    for x in [-0.63, -0.21, 0.21, 0.63] {
        water::reflection(e, spot.at(x * half, -0.1), spot.height * 0.4, spot.height * 0.4);
    }
    let rail: Vec<_> = (0..=20)
        .map(|i| {
            let x = (i as f32 / 10.0 - 1.0) * half;
            spot.at(x, deck(x) - 0.1)
        })
        .collect();
    e.line(&rail, 1.4, dark, 0.6);
}
