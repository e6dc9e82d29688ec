//! What people build: houses, towers, bridges.

use super::seat;
use crate::painter::easel::Easel;
use crate::painter::land;
use crate::painter::noise::smoothstep;
use crate::painter::shape::{Shape, pt};
use crate::painter::stage::{Spot, Stage};
use crate::painter::water;
use crate::painter::words::{Light, Setting};
use crate::vision::oklab::Lab;

/// Walls: pale by day, between sky and ground by night.
fn wall(e: &Easel) -> Lab {
    let p = &e.palette;
    match e.light {
        Light::Night => p.low.towards(p.mid, 0.45),
        Light::Dusk => p.low.towards(p.mid, 0.35),
        _ => p.low.with(0.93, 0.8),
    }
}

/// A window: lit, or dark as windows are by day.
fn pane(e: &mut Easel, shape: &Shape) {
    let lit = e.lit();
    let colour = if lit { e.palette.glow } else { e.palette.dark };
    let amount = 0.0015 * e.unit();
    let wash = if lit {
        e.plain(colour).lifting(0.97).at(0.95).rimmed(0.3)
    } else {
        e.plain(colour).at(0.75).rimmed(0.5)
    };
    e.lay_within(shape, wash, amount);
}

/// A house with a pitched roof, a chimney, a door and a few windows.
pub fn house(e: &mut Easel, spot: Spot) {
    let (front, near) = (wall(e), e.palette.near);
    let wide = e.chance.range(0.34, 0.55);
    let eaves = e.chance.range(0.45, 0.6);
    let lean = e.chance.range(-0.12, 0.12);
    let roof_colour = if e.chance.happens(0.6) { e.palette.accent } else { e.palette.dark };
    seat(e, spot, wide * 1.1);
    let stack = e.chance.range(0.1, 0.22);
    e.form(&spot.slab(stack, eaves, stack + 0.09, 1.02), near, roof_colour);
    e.form(&spot.slab(-wide, 0.0, wide, eaves + 0.02), front, e.palette.far);
    let ridge = wide * e.chance.range(0.4, 0.8);
    let top = e.chance.range(0.88, 0.98);
    let roof = spot.poly(&[
        (-wide - 0.06, eaves - 0.02),
        (wide + 0.06, eaves - 0.02),
        (ridge + lean, top),
        (-ridge + lean, top),
    ]);
    let dull = roof_colour.towards(e.palette.near, 0.35);
    e.form(&roof, dull, e.palette.dark);
    let dark = e.palette.dark;
    e.glaze(&spot.slab(wide * 0.45, 0.0, wide, eaves - 0.03), dark, 0.22);
    e.glaze(&spot.slab(-wide, eaves - 0.07, wide, eaves - 0.02), dark, 0.3);
    pane(e, &spot.slab(-wide * 0.72, eaves * 0.42, -wide * 0.4, eaves * 0.78));
    pane(e, &spot.slab(wide * 0.38, eaves * 0.42, wide * 0.7, eaves * 0.78));
    e.glaze(&spot.slab(-wide * 0.16, 0.0, wide * 0.14, eaves * 0.66), dark, 0.9);
    if e.lit() {
        let glow = e.palette.glow;
        e.glow(spot.at(-wide * 0.56, eaves * 0.6), spot.height * 0.4, glow, 0.35);
    }
    smoke(e, spot.part(stack + 0.045, 1.04, 0.5));
}

/// A wisp from a chimney or funnel.
pub fn smoke(e: &mut Easel, spot: Spot) {
    if e.chance.happens(0.35) {
        return;
    }
    let colour = e.palette.low.with(0.93, 0.5);
    let drift = e.chance.range(0.2, 0.9);
    for i in 0..4 {
        let t = i as f32 / 3.0;
        let at = spot.at(drift * t * t, t * 0.9);
        let size = spot.height * (0.06 + 0.16 * t);
        let puff = Shape::blob(at, size * 1.3, size, 0.3, &mut e.chance);
        let wash = e.plain(colour).lifting(0.55 - 0.3 * t).at(0.25).wet(0.014, 1.3).rimmed(0.2);
        e.lay(&puff, wash);
    }
}

/// A few roofs leaning together around a steeple.
pub fn village(e: &mut Easel, spot: Spot) {
    let count = e.chance.whole(4, 6);
    if e.chance.happens(0.6) {
        let steeple = spot.part(e.chance.range(-0.5, 0.5), 0.1, 1.2);
        church(e, steeple);
    }
    for i in 0..count {
        let x = (i as f32 / (count - 1) as f32 - 0.5) * 3.0;
        let size = e.chance.range(0.5, 0.85);
        let place = spot.part(x + e.chance.sway() * 0.3, e.chance.range(-0.3, 0.35), size);
        house(e, place);
    }
}

/// A nave and a steeple.
pub fn church(e: &mut Easel, spot: Spot) {
    let (front, far, dark) = (wall(e), e.palette.far, e.palette.dark);
    let roof = e.palette.near;
    seat(e, spot, 0.4);
    e.form(&spot.slab(-0.02, 0.0, 0.42, 0.3), front, far);
    e.form(&spot.poly(&[(-0.04, 0.28), (0.45, 0.28), (0.4, 0.45), (0.0, 0.46)]), roof, dark);
    e.form(&spot.slab(-0.18, 0.0, 0.02, 0.58), front, far);
    e.form(&spot.poly(&[(-0.21, 0.56), (0.05, 0.56), (-0.08, 1.0)]), roof, dark);
    e.glaze(&spot.slab(-0.06, 0.0, 0.02, 0.56), dark, 0.25);
    for x in [0.1, 0.2, 0.3] {
        pane(e, &spot.slab(x, 0.1, x + 0.04, 0.22));
    }
    pane(e, &spot.slab(-0.11, 0.4, -0.06, 0.5));
}

/// A round tower with a pointed cap.
pub fn tower(e: &mut Easel, spot: Spot) {
    let (front, mid, dark, cap) = (wall(e), e.palette.mid, e.palette.dark, e.palette.accent);
    seat(e, spot, 0.25);
    e.form(&spot.poly(&[(-0.15, 0.0), (0.15, 0.0), (0.12, 0.74), (-0.12, 0.74)]), front, mid);
    e.form(&spot.poly(&[(-0.17, 0.72), (0.17, 0.72), (0.01, 1.0)]), cap, dark);
    e.glaze(&spot.poly(&[(0.03, 0.0), (0.15, 0.0), (0.12, 0.72), (0.04, 0.72)]), dark, 0.4);
    for y in [0.2, 0.4, 0.58] {
        pane(e, &spot.slab(-0.045, y, 0.005, y + 0.08));
    }
}

/// Towers behind a wall, on a mound of their own.
pub fn castle(e: &mut Easel, spot: Spot) {
    let (front, mid, dark) = (wall(e), e.palette.mid, e.palette.dark);
    seat(e, spot, 0.6);
    for (x, size) in [(-0.42, 0.7), (0.4, 0.8), (0.05, 1.0)] {
        tower(e, spot.part(x, 0.0, size));
    }
    let mut top = vec![(-0.5, 0.0), (0.5, 0.0), (0.5, 0.34)];
    for i in 0..9 {
        let x = 0.5 - i as f32 / 9.0;
        let tooth = if i % 2 == 0 { 0.34 } else { 0.29 };
        top.extend([(x, tooth), (x - 1.0 / 9.0, tooth)]);
    }
    e.form(&spot.poly(&top), front.towards(mid, 0.3), mid);
    e.glaze(
        &spot.poly(&[(-0.09, 0.0), (0.09, 0.0), (0.09, 0.15), (0.0, 0.22), (-0.09, 0.15)]),
        dark,
        1.0,
    );
}

/// A lighthouse on its rock, with its beam when it is dark.
pub fn lighthouse(e: &mut Easel, stage: &Stage, spot: Spot) {
    let (front, far, dark, band) = (wall(e), e.palette.far, e.palette.dark, e.palette.accent);
    if stage.setting == Setting::Sea {
        land::mound(e, stage, spot.at(0.05, 0.05), spot.height * 0.5, spot.height * 0.16);
    }
    let dim = matches!(e.light, Light::Night | Light::Dusk | Light::Grey);
    if dim {
        beam(e, stage, spot);
    }
    let pale = front.towards(e.palette.low, 0.5).with(front.l.max(0.72), 0.8);
    e.form(&spot.poly(&[(-0.12, 0.0), (0.12, 0.0), (0.075, 0.76), (-0.075, 0.76)]), pale, far);
    for (y, h) in [(0.16, 0.15), (0.47, 0.14)] {
        let half = |y: f32| 0.12 - 0.06 * y;
        let ring =
            spot.poly(&[(-half(y), y), (half(y), y), (half(y + h), y + h), (-half(y + h), y + h)]);
        let wash = e.mixed(band, dark).lifting(0.6);
        e.lay_within(&ring, wash, 1.0);
    }
    e.glaze(&spot.poly(&[(0.025, 0.0), (0.12, 0.0), (0.075, 0.76), (0.02, 0.76)]), dark, 0.38);
    e.form(&spot.slab(-0.1, 0.755, 0.1, 0.785), dark, band);
    let glass = spot.slab(-0.055, 0.785, 0.055, 0.895);
    let lamp = e.palette.glow;
    let wash = e.plain(lamp).lifting(0.97).at(0.8);
    e.form_with(&glass, wash);
    e.form(
        &spot.poly(&[(-0.08, 0.89), (0.08, 0.89), (0.03, 0.96), (0.0, 1.0), (-0.03, 0.96)]),
        dark,
        band,
    );
    if dim {
        e.glow(spot.at(0.0, 0.84), spot.height * 0.3, lamp, 0.55);
    }
}

fn beam(e: &mut Easel, stage: &Stage, spot: Spot) {
    let lamp = e.palette.glow;
    let from = spot.at(0.0, 0.84);
    let reach = stage.unit * 0.9;
    let rise = e.chance.range(-0.12, 0.16);
    for (side, strength) in [(spot.side, 0.6), (-spot.side, 0.28)] {
        let end = pt(from.x + reach * side, from.y - reach * rise * side);
        let wide = reach * 0.13;
        let shape = Shape::of(vec![from, pt(end.x, end.y - wide), pt(end.x, end.y + wide)]);
        let mut wash = e.plain(lamp).lifting(strength).rimmed(0.0).wet(0.01, 0.6);
        wash.strength = (0.35 * smoothstep(0.0, 1.0, strength), 0.05);
        wash.fall_from_to = (from, end);
        e.lay(&shape, wash);
    }
}

/// Stone arches over water or a valley.
pub fn bridge(e: &mut Easel, stage: &Stage, spot: Spot) {
    let (front, mid, dark) = (wall(e), e.palette.mid, e.palette.dark);
    let half = (stage.width() * 0.8 / spot.height).max(1.4);
    let deck = |x: f32| 1.0 - 0.3 * (x / half).powi(2);
    let mut body = Shape::of(
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
        body = body.without(Shape::of(arch));
    }
    let stone = front.towards(mid, 0.55);
    e.form(&body, stone, e.palette.near);
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
