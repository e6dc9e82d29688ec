//! Paints things in a room: on a table, on the floor or on a wall.

use super::ground_shadow;
use crate::math;
use crate::painter::context::PaintContext;
use crate::painter::layout::Placement;
use crate::painter::shape::{Shape, bowed_line};
use crate::vision::oklab::Lab;

/// Returns the colour of paper, wax and china.
fn paper_colour(ctx: &PaintContext) -> Lab {
    let p = &ctx.palette;
    p.glow.lerp(p.paper, 0.7).with_lightness_and_chroma(0.95, 0.7)
}

/// The start and the end of a line of writing, in local coordinates.
type Row = ((f32, f32), (f32, f32));

/// Paints lines of handwriting.
fn writing(ctx: &mut PaintContext, spot: Placement, rows: &[Row]) {
    let ink = ctx.palette.dark;
    for &(from, to) in rows {
        let reach = ctx.rng.range(0.7, 1.0);
        let end = (from.0 + (to.0 - from.0) * reach, from.1 + (to.1 - from.1) * reach);
        let path =
            bowed_line(spot.at(from.0, from.1), spot.at(end.0, end.1), ctx.rng.triangular(), 8);
        ctx.line(&path, 0.6, ink, 0.55);
    }
}

/// Paints an unfolded letter beside its envelope.
pub fn letter(ctx: &mut PaintContext, spot: Placement) {
    let (sheet, shade, seal) = (paper_colour(ctx), ctx.palette.far, ctx.palette.accent);
    ground_shadow(ctx, spot, 0.6);
    let cover = spot.poly(&[(-0.72, 0.02), (-0.02, -0.1), (0.06, 0.3), (-0.62, 0.44)]);
    ctx.paint_form(&cover, sheet.lerp(shade, 0.3), shade);
    let dark = ctx.palette.dark;
    ctx.line(&[spot.at(-0.62, 0.44), spot.at(-0.26, 0.14), spot.at(0.06, 0.3)], 0.8, dark, 0.5);
    ctx.paint_form(&spot.ellipse(-0.27, 0.16, 0.05, 0.045), seal, dark);
    let leaf = spot.poly(&[
        (-0.22, 0.08),
        (0.62, 0.0),
        (0.72, 0.62),
        (0.68, 0.9),
        (-0.06, 0.98),
        (-0.16, 0.5),
    ]);
    ctx.paint_form(&leaf, sheet, shade);
    ctx.glaze(&spot.poly(&[(-0.16, 0.5), (0.71, 0.44), (0.62, 0.0), (-0.22, 0.08)]), shade, 0.25);
    let rows: Vec<_> = (0..7)
        .map(|i| {
            let y = 0.84 - i as f32 * 0.11;
            ((-0.06, y), (0.58, y - 0.06))
        })
        .collect();
    writing(ctx, spot, &rows);
}

/// Paints an open book.
pub fn book(ctx: &mut PaintContext, spot: Placement) {
    let (sheet, shade, cover, dark) =
        (paper_colour(ctx), ctx.palette.far, ctx.palette.accent, ctx.palette.dark);
    ground_shadow(ctx, spot, 0.8);
    ctx.paint_form(
        &spot.poly(&[(-0.86, 0.0), (0.86, 0.0), (0.78, 0.5), (-0.78, 0.5)]),
        cover,
        dark,
    );
    for side in [-1.0, 1.0] {
        let page = [
            (0.0, 0.04),
            (0.35 * side, 0.1),
            (0.8 * side, 0.06),
            (0.72 * side, 0.56),
            (0.34 * side, 0.62),
            (0.0, 0.54),
        ];
        ctx.paint_form(&spot.poly(&page), sheet, shade);
        let rows: Vec<_> = (0..5)
            .map(|i| {
                let y = 0.5 - i as f32 * 0.08;
                ((0.1 * side, y), (0.62 * side, y + 0.02))
            })
            .collect();
        writing(ctx, spot, &rows);
    }
    ctx.glaze(&spot.poly(&[(-0.1, 0.07), (0.1, 0.07), (0.08, 0.57), (-0.08, 0.57)]), shade, 0.6);
}

/// Paints a glass bottle with light shining through it.
pub fn bottle(ctx: &mut PaintContext, spot: Placement) {
    let (glass, dark, light) = (ctx.palette.mid, ctx.palette.dark, ctx.palette.low);
    ground_shadow(ctx, spot, 0.3);
    let body = spot.poly(&[
        (-0.2, 0.0),
        (0.2, 0.0),
        (0.21, 0.5),
        (0.16, 0.63),
        (0.07, 0.72),
        (0.07, 0.94),
        (-0.07, 0.94),
        (-0.07, 0.72),
        (-0.16, 0.63),
        (-0.21, 0.5),
    ]);
    let wash = ctx.mixed_wash(glass, light).lifting(0.55).rimmed(1.8);
    ctx.paint_form_with(&body, wash);
    ctx.glaze(&spot.poly(&[(-0.18, 0.02), (0.18, 0.02), (0.19, 0.36), (-0.19, 0.38)]), dark, 0.4);
    let wash = ctx.plain_wash(light).lifting(0.85).with_strength(0.2).rimmed(0.0);
    ctx.lay_within(
        &spot.poly(&[(-0.14, 0.1), (-0.1, 0.1), (-0.11, 0.55), (-0.15, 0.5)]),
        wash,
        0.6,
    );
    let cork = ctx.palette.accent;
    ctx.paint_form(&spot.rect(-0.055, 0.93, 0.055, 1.02), cork, dark);
}

/// Paints a candle in a dish.
pub fn candle(ctx: &mut PaintContext, spot: Placement) {
    let (wax, dark, glow, accent) =
        (paper_colour(ctx), ctx.palette.dark, ctx.palette.glow, ctx.palette.accent);
    ctx.glow(spot.at(0.0, 0.86), spot.height * 1.2, glow, 1.5);
    ground_shadow(ctx, spot, 0.4);
    ctx.paint_form(
        &spot.poly(&[(-0.28, 0.1), (0.28, 0.1), (0.18, 0.0), (-0.18, 0.0)]),
        accent,
        dark,
    );
    ctx.paint_form(
        &spot.poly(&[(-0.09, 0.06), (0.09, 0.06), (0.085, 0.66), (0.03, 0.64), (-0.085, 0.68)]),
        wax,
        glow,
    );
    ctx.glaze(&spot.rect(0.03, 0.08, 0.09, 0.62), dark, 0.3);
    ctx.line(&[spot.at(0.0, 0.65), spot.at(0.005, 0.74)], 0.8, dark, 1.0);
    flame(ctx, spot.sub_placement(0.0, 0.71, 0.3));
}

fn flame(ctx: &mut PaintContext, spot: Placement) {
    let (glow, hot) = (ctx.palette.glow, ctx.palette.accent);
    let body = [(0.0, 0.0), (0.2, 0.25), (0.16, 0.5), (0.03, 1.0), (-0.13, 0.5), (-0.19, 0.25)];
    let wash = ctx.mixed_wash(glow, hot).lifting(0.97);
    ctx.lay_within(&spot.poly(&body).smoothed(), wash, 0.8);
    let core: Vec<_> = body.iter().map(|&(x, y)| (x * 0.5, y * 0.55 + 0.08)).collect();
    let white = glow.with_lightness_and_chroma(0.98, 0.4);
    let wash = ctx.plain_wash(white).lifting(0.95).with_strength(0.5).rimmed(0.0);
    ctx.lay_within(&spot.poly(&core).smoothed(), wash, 0.4);
}

/// Paints an oil lamp with a glass chimney.
pub fn lamp(ctx: &mut PaintContext, spot: Placement) {
    let (brass, dark, glow) = (ctx.palette.accent, ctx.palette.dark, ctx.palette.glow);
    ctx.glow(spot.at(0.0, 0.62), spot.height * 1.35, glow, 1.5);
    ground_shadow(ctx, spot, 0.4);
    ctx.paint_form(
        &spot.poly(&[
            (-0.22, 0.0),
            (0.22, 0.0),
            (0.15, 0.06),
            (0.06, 0.1),
            (0.18, 0.2),
            (0.16, 0.32),
            (-0.16, 0.32),
            (-0.18, 0.2),
            (-0.06, 0.1),
            (-0.15, 0.06),
        ]),
        brass,
        dark,
    );
    let chimney = spot.poly(&[
        (-0.1, 0.34),
        (0.1, 0.34),
        (0.17, 0.52),
        (0.09, 0.76),
        (0.07, 1.0),
        (-0.07, 1.0),
        (-0.09, 0.76),
        (-0.17, 0.52),
    ]);
    let wash = ctx.plain_wash(glow).lifting(0.8).with_strength(0.6).rimmed(1.4);
    ctx.paint_form_with(&chimney.smoothed(), wash);
    ctx.paint_form(&spot.rect(-0.11, 0.31, 0.11, 0.36), dark, brass);
    flame(ctx, spot.sub_placement(0.0, 0.38, 0.3));
}

/// Paints a clock with a round face.
pub fn clock(ctx: &mut PaintContext, spot: Placement) {
    let (face, wood, dark) = (paper_colour(ctx), ctx.palette.accent, ctx.palette.dark);
    ground_shadow(ctx, spot, 0.4);
    ctx.paint_form(&spot.poly(&[(-0.4, 0.0), (0.4, 0.0), (0.34, 0.1), (-0.34, 0.1)]), wood, dark);
    ctx.paint_form(&spot.ellipse(0.0, 0.52, 0.44, 0.44), wood, dark);
    ctx.paint_form(&spot.ellipse(0.0, 0.52, 0.35, 0.35), face, ctx.palette.far);
    for i in 0..12 {
        let (sin, cos) = math::sin_cos(i as f32 / 12.0 * std::f32::consts::TAU);
        let at = |r: f32| spot.at(sin * r, 0.52 + cos * r);
        ctx.line(&[at(0.27), at(0.32)], 0.8, dark, 0.9);
    }
    for (long, weight) in [(0.17, 1.7), (0.26, 1.1)] {
        let (sin, cos) = math::sin_cos(ctx.rng.range(0.0, std::f32::consts::TAU));
        ctx.line(&[spot.at(0.0, 0.52), spot.at(sin * long, 0.52 + cos * long)], weight, dark, 1.1);
    }
}

/// Paints a steaming cup.
pub fn cup(ctx: &mut PaintContext, spot: Placement) {
    let (china, dark, tea, band) =
        (paper_colour(ctx), ctx.palette.dark, ctx.palette.near, ctx.palette.accent);
    ground_shadow(ctx, spot, 0.5);
    ctx.paint_form(&spot.ellipse(0.0, 0.04, 0.5, 0.09), china, ctx.palette.far);
    let ear: Vec<_> = (0..=10)
        .map(|i| {
            let angle = i as f32 / 10.0 * 3.4 - 1.7;
            spot.at(0.32 + 0.14 * math::cos(angle), 0.33 + 0.14 * math::sin(angle))
        })
        .collect();
    ctx.line(&ear, 2.6, china.lerp(dark, 0.3), 0.9);
    ctx.paint_form(
        &spot.poly(&[
            (-0.33, 0.54),
            (0.33, 0.54),
            (0.27, 0.2),
            (0.14, 0.06),
            (-0.14, 0.06),
            (-0.27, 0.2),
        ]),
        china,
        ctx.palette.far,
    );
    ctx.paint_form(&spot.ellipse(0.0, 0.54, 0.33, 0.075), tea, dark);
    ctx.glaze(&spot.poly(&[(-0.31, 0.42), (0.31, 0.42), (0.29, 0.32), (-0.29, 0.32)]), band, 0.8);
    ctx.glaze(&spot.poly(&[(0.08, 0.07), (0.27, 0.2), (0.32, 0.5), (0.14, 0.48)]), dark, 0.25);
    let white = ctx.palette.paper;
    for x in [-0.1, 0.08] {
        let path = bowed_line(
            spot.at(x, 0.62),
            spot.at(x + ctx.rng.triangular() * 0.2, 1.05),
            ctx.rng.triangular() * spot.height * 0.3,
            10,
        );
        let wide = spot.height * 0.06;
        let wash =
            ctx.plain_wash(white).lifting(0.4).with_strength(0.2).wet(0.012, 1.2).rimmed(0.0);
        ctx.lay(&Shape::stroke(&path, |t| wide * (0.4 + t)), wash);
    }
}

/// Paints an old key lying flat.
pub fn key(ctx: &mut PaintContext, spot: Placement) {
    let (iron, rust) = (ctx.palette.dark, ctx.palette.accent);
    ground_shadow(ctx, spot, 0.7);
    let ring = spot.ellipse(-0.6, 0.32, 0.27, 0.23).without(spot.ellipse(-0.6, 0.32, 0.16, 0.13));
    ctx.paint_form(&ring, iron, rust);
    let shaft = spot.poly(&[
        (-0.36, 0.27),
        (0.84, 0.25),
        (0.84, 0.02),
        (0.76, 0.02),
        (0.76, 0.1),
        (0.68, 0.1),
        (0.68, -0.02),
        (0.56, -0.02),
        (0.56, 0.17),
        (-0.36, 0.17),
    ]);
    let shaft = Shape { contours: shaft.contours }.union(spot.ellipse(-0.32, 0.24, 0.05, 0.1));
    ctx.paint_form(&shaft, iron, rust);
}

/// Paints a plain wooden chair.
pub fn chair(ctx: &mut PaintContext, spot: Placement) {
    let (wood, dark) = (ctx.palette.accent, ctx.palette.dark);
    ground_shadow(ctx, spot, 0.4);
    for (x, top) in [(-0.24, 1.0), (0.12, 0.98), (-0.16, 0.46), (0.28, 0.44)] {
        let path = bowed_line(
            spot.at(x, if top > 0.5 { 0.06 } else { 0.0 }),
            spot.at(x - 0.02, top),
            1.0,
            6,
        );
        let thick = spot.height * 0.045;
        ctx.paint_form(&Shape::stroke(&path, |_| thick), wood, dark);
    }
    ctx.paint_form(
        &spot.poly(&[(-0.3, 0.42), (0.32, 0.4), (0.2, 0.52), (-0.26, 0.53)]),
        wood,
        dark,
    );
    for y in [0.7, 0.84, 0.96] {
        ctx.paint_form(
            &spot.poly(&[(-0.25, y), (0.13, y - 0.01), (0.13, y - 0.06), (-0.25, y - 0.05)]),
            wood,
            dark,
        );
    }
}

/// Paints the frame, bars and sill of a window over the view outside. `view` is the left, top, right
/// and bottom in pixels; `panes` is the number of panes across and down.
pub fn window_panes(ctx: &mut PaintContext, view: (f32, f32, f32, f32), panes: (usize, usize)) {
    let (x0, y0, x1, y1) = view;
    let frame = ctx
        .palette
        .low
        .with_lightness_and_chroma(0.9, 0.5)
        .lerp(ctx.palette.near, if ctx.has_lit_lamps() { 0.75 } else { 0.15 });
    let shade = ctx.palette.dark;
    let thick = (x1 - x0).min(y1 - y0) * 0.032;
    let mut shape = Shape::rect(x0 - thick, y0 - thick, x1 + thick, y1 + thick).without(
        Shape::rect(x0 + thick * 0.6, y0 + thick * 0.6, x1 - thick * 0.6, y1 - thick * 0.6),
    );
    for i in 1..panes.0 {
        let x = x0 + (x1 - x0) * i as f32 / panes.0 as f32;
        shape = shape.union(Shape::rect(x - thick * 0.4, y0, x + thick * 0.4, y1));
    }
    for i in 1..panes.1 {
        let y = y0 + (y1 - y0) * i as f32 / panes.1 as f32;
        shape = shape.union(Shape::rect(x0, y - thick * 0.4, x1, y + thick * 0.4));
    }
    ctx.paint_form(&shape, frame, shade);
    let sill = Shape::rect(x0 - thick * 2.0, y1 + thick, x1 + thick * 2.0, y1 + thick * 2.6);
    ctx.paint_form(&sill, frame, shade);
    ctx.glaze(
        &Shape::rect(x0 - thick, y1 + thick * 2.6, x1 + thick, y1 + thick * 3.6),
        shade,
        0.35,
    );
}
