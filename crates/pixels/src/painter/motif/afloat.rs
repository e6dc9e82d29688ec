//! Paints things that float or fly: boats, balloons, kites, rockets.

use crate::painter::context::PaintContext;
use crate::painter::layout::Placement;
use crate::painter::shape::{Shape, bowed_line};
use crate::painter::water;

/// Paints a small sailing boat, or a rowing boat with a lantern.
pub fn boat(ctx: &mut PaintContext, spot: Placement) {
    let (hull, dark, sail) = (ctx.palette.dark, ctx.palette.near, ctx.palette.low);
    water::reflection(ctx, spot.at(0.0, 0.02), spot.height * 0.6, spot.height * 0.35);
    let rowing = ctx.rng.random_bool(0.25);
    let accent = ctx.palette.accent;
    if rowing {
        let coat = ctx.palette.accent;
        ctx.paint_form(
            &spot.poly(&[(-0.1, 0.12), (0.08, 0.12), (0.05, 0.38), (-0.06, 0.38)]).smoothed(),
            coat,
            hull,
        );
        ctx.paint_form(&spot.ellipse(0.0, 0.42, 0.045, 0.05), hull, coat);
        ctx.line(&bowed_line(spot.at(0.05, 0.28), spot.at(0.5, -0.04), 0.0, 5), 1.2, hull, 1.0);
        let glow = ctx.palette.glow;
        ctx.glow(spot.at(0.42, 0.24), spot.height * 0.3, glow, 0.8);
    } else {
        let lean = ctx.rng.range(-0.04, 0.1);
        ctx.line(
            &bowed_line(spot.at(0.02, 0.12), spot.at(0.02 + lean, 1.0), 0.0, 6),
            1.3,
            hull,
            1.0,
        );
        let light = sail.with_lightness_and_chroma(sail.l.max(0.8), 0.8);
        let main = spot.poly(&[(0.0, 0.22), (lean, 0.97), (-0.18, 0.6), (-0.4, 0.24)]);
        let wash = ctx.mixed_wash(light, sail).lifting(0.95).rimmed(1.0);
        ctx.paint_form_with(&main, wash);
        let jib = spot.poly(&[(0.05, 0.24), (0.04 + lean, 0.86), (0.42, 0.22)]);
        let wash = ctx.mixed_wash(accent, sail).lifting(0.9).with_strength(0.8);
        ctx.paint_form_with(&jib, wash);
        let shade = ctx.palette.far;
        ctx.glaze(
            &spot.poly(&[(0.0, 0.22), (lean, 0.97), (-0.08, 0.5), (-0.16, 0.24)]),
            shade,
            0.5,
        );
    }
    let body = spot.poly(&[
        (-0.5, 0.2),
        (-0.3, 0.15),
        (0.2, 0.14),
        (0.56, 0.22),
        (0.42, 0.02),
        (0.3, -0.02),
        (-0.34, -0.02),
        (-0.42, 0.03),
    ]);
    ctx.paint_form(&body, hull, dark);
    ctx.line(
        &bowed_line(spot.at(-0.46, 0.15), spot.at(0.5, 0.16), spot.height * 0.02, 8),
        1.0,
        accent,
        0.7,
    );
}

/// Paints a hot-air balloon in gores of two colours.
pub fn balloon(ctx: &mut PaintContext, spot: Placement) {
    let (accent, light, dark) = (ctx.palette.accent, ctx.palette.low, ctx.palette.dark);
    for x in [-0.08, 0.08] {
        ctx.line(&[spot.at(x, 0.13), spot.at(x * 2.2, 0.34)], 0.8, dark, 0.8);
    }
    let envelope = [
        (-0.1, 0.3),
        (0.1, 0.3),
        (0.32, 0.56),
        (0.36, 0.76),
        (0.24, 0.96),
        (0.0, 1.03),
        (-0.24, 0.96),
        (-0.36, 0.76),
        (-0.32, 0.56),
    ];
    ctx.paint_form(&spot.poly(&envelope).smoothed(), accent, light);
    let gore: Vec<_> = envelope.iter().map(|&(x, y)| (x * 0.4, y)).collect();
    let wash = ctx.mixed_wash(light, accent).lifting(0.8);
    ctx.lay_within(&spot.poly(&gore).smoothed(), wash, 1.0);
    ctx.glaze(
        &spot.poly(&[(0.06, 0.3), (0.3, 0.56), (0.34, 0.76), (0.2, 0.95), (0.2, 0.6)]).smoothed(),
        dark,
        0.35,
    );
    ctx.paint_form(&spot.rect(-0.08, 0.0, 0.08, 0.13), dark, accent);
}

/// Paints a kite with a tail of bows.
pub fn kite(ctx: &mut PaintContext, spot: Placement) {
    let (accent, light, dark) = (ctx.palette.accent, ctx.palette.glow, ctx.palette.dark);
    let string = bowed_line(spot.at(0.0, 0.3), spot.at(-1.6, -1.3), spot.height * 0.3, 16);
    ctx.line(&string, 0.5, dark, 0.6);
    let tail = bowed_line(spot.at(0.0, 0.3), spot.at(0.5, -0.35), spot.height * 0.25, 12);
    ctx.line(&tail, 0.7, accent, 0.9);
    ctx.paint_form(
        &spot.poly(&[(0.0, 1.0), (0.3, 0.72), (0.0, 0.25), (-0.3, 0.72)]),
        accent,
        light,
    );
    let wash = ctx.mixed_wash(light, accent).lifting(0.8);
    ctx.lay_within(&spot.poly(&[(0.0, 1.0), (0.3, 0.72), (0.0, 0.72)]), wash, 1.0);
    for at in [4, 7, 10] {
        let size = spot.height * 0.05;
        let bow = Shape::blob(tail[at], size * 1.6, size * 0.8, 0.3, &mut ctx.rng);
        ctx.paint_form(&bow, accent, dark);
    }
}

/// Paints a slender rocket taking off from its smoke.
pub fn rocket(ctx: &mut PaintContext, spot: Placement) {
    let (accent, light, dark, glow) =
        (ctx.palette.accent, ctx.palette.low, ctx.palette.dark, ctx.palette.glow);
    ctx.glow(spot.at(0.0, 0.08), spot.height * 0.5, glow, 0.9);
    for i in 0..7 {
        let side = if i % 2 == 0 { 1.0 } else { -1.0 };
        let at = spot.at(side * ctx.rng.range(0.05, 0.42), ctx.rng.range(-0.04, 0.06));
        let size = spot.height * ctx.rng.range(0.06, 0.13);
        let puff = Shape::blob(at, size * 1.4, size, 0.3, &mut ctx.rng);
        let wash = ctx.mixed_wash(light, dark).lifting(0.7).with_strength(0.5).wet(0.015, 0.9);
        ctx.lay(&puff, wash);
    }
    ctx.paint_form(
        &spot.poly(&[(-0.05, 0.16), (0.05, 0.16), (0.02, 0.0), (-0.02, 0.0)]),
        glow,
        accent,
    );
    ctx.paint_form(
        &spot.poly(&[(-0.16, 0.12), (0.16, 0.12), (0.06, 0.36), (-0.06, 0.36)]),
        accent,
        dark,
    );
    let body = spot.poly(&[
        (-0.065, 0.15),
        (0.065, 0.15),
        (0.08, 0.5),
        (0.06, 0.78),
        (0.0, 1.0),
        (-0.06, 0.78),
        (-0.08, 0.5),
    ]);
    ctx.paint_form(&body, light.with_lightness_and_chroma(light.l.max(0.85), 0.7), ctx.palette.far);
    ctx.paint_form(&spot.poly(&[(0.06, 0.78), (0.0, 1.0), (-0.06, 0.78)]), accent, dark);
    ctx.glaze(
        &spot.poly(&[(0.02, 0.16), (0.065, 0.16), (0.08, 0.5), (0.05, 0.78), (0.02, 0.8)]),
        dark,
        0.4,
    );
    ctx.glaze(&spot.ellipse(-0.015, 0.6, 0.03, 0.03), dark, 0.9);
}
