//! Things on a table or a wall.

use super::ground_shadow;
use crate::painter::context::PaintContext;
use crate::painter::layout::Placement;
use crate::painter::shape::{Shape, bowed_line};
use crate::vision::oklab::Lab;

fn paper(e: &PaintContext) -> Lab {
    let p = &e.palette;
    p.glow.lerp(p.paper, 0.7).with_lightness_and_chroma(0.95, 0.7)
}

/// From where to where a line of writing runs, in the thing's own measures.
type Row = ((f32, f32), (f32, f32));

/// Lines of writing between two edges, as a hand leaves them.
fn writing(e: &mut PaintContext, spot: Placement, rows: &[Row]) {
    let ink = e.palette.dark;
    for &(from, to) in rows {
        let reach = e.rng.range(0.7, 1.0);
        let end = (from.0 + (to.0 - from.0) * reach, from.1 + (to.1 - from.1) * reach);
        let path =
            bowed_line(spot.at(from.0, from.1), spot.at(end.0, end.1), e.rng.triangular(), 8);
        e.line(&path, 0.6, ink, 0.55);
    }
}

/// An unfolded letter beside its envelope.
pub fn letter(e: &mut PaintContext, spot: Placement) {
    let (sheet, shade, seal) = (paper(e), e.palette.far, e.palette.accent);
    ground_shadow(e, spot, 0.6);
    let cover = spot.poly(&[(-0.72, 0.02), (-0.02, -0.1), (0.06, 0.3), (-0.62, 0.44)]);
    e.paint_form(&cover, sheet.lerp(shade, 0.3), shade);
    let dark = e.palette.dark;
    e.line(&[spot.at(-0.62, 0.44), spot.at(-0.26, 0.14), spot.at(0.06, 0.3)], 0.8, dark, 0.5);
    e.paint_form(&spot.ellipse(-0.27, 0.16, 0.05, 0.045), seal, dark);
    let leaf = spot.poly(&[
        (-0.22, 0.08),
        (0.62, 0.0),
        (0.72, 0.62),
        (0.68, 0.9),
        (-0.06, 0.98),
        (-0.16, 0.5),
    ]);
    e.paint_form(&leaf, sheet, shade);
    e.glaze(&spot.poly(&[(-0.16, 0.5), (0.71, 0.44), (0.62, 0.0), (-0.22, 0.08)]), shade, 0.25);
    let rows: Vec<_> = (0..7)
        .map(|i| {
            let y = 0.84 - i as f32 * 0.11;
            ((-0.06, y), (0.58, y - 0.06))
        })
        .collect();
    writing(e, spot, &rows);
}

/// An open book.
pub fn book(e: &mut PaintContext, spot: Placement) {
    let (sheet, shade, cover, dark) = (paper(e), e.palette.far, e.palette.accent, e.palette.dark);
    ground_shadow(e, spot, 0.8);
    e.paint_form(&spot.poly(&[(-0.86, 0.0), (0.86, 0.0), (0.78, 0.5), (-0.78, 0.5)]), cover, dark);
    for side in [-1.0, 1.0] {
        let page = [
            (0.0, 0.04),
            (0.35 * side, 0.1),
            (0.8 * side, 0.06),
            (0.72 * side, 0.56),
            (0.34 * side, 0.62),
            (0.0, 0.54),
        ];
        e.paint_form(&spot.poly(&page), sheet, shade);
        let rows: Vec<_> = (0..5)
            .map(|i| {
                let y = 0.5 - i as f32 * 0.08;
                ((0.1 * side, y), (0.62 * side, y + 0.02))
            })
            .collect();
        writing(e, spot, &rows);
    }
    e.glaze(&spot.poly(&[(-0.1, 0.07), (0.1, 0.07), (0.08, 0.57), (-0.08, 0.57)]), shade, 0.6);
}

/// A glass bottle, light through it.
pub fn bottle(e: &mut PaintContext, spot: Placement) {
    let (glass, dark, light) = (e.palette.mid, e.palette.dark, e.palette.low);
    ground_shadow(e, spot, 0.3);
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
    let wash = e.mixed_wash(glass, light).lifting(0.55).rimmed(1.8);
    e.paint_form_with(&body, wash);
    e.glaze(&spot.poly(&[(-0.18, 0.02), (0.18, 0.02), (0.19, 0.36), (-0.19, 0.38)]), dark, 0.4);
    let wash = e.plain_wash(light).lifting(0.85).with_strength(0.2).rimmed(0.0);
    e.lay_within(&spot.poly(&[(-0.14, 0.1), (-0.1, 0.1), (-0.11, 0.55), (-0.15, 0.5)]), wash, 0.6);
    let cork = e.palette.accent;
    e.paint_form(&spot.rect(-0.055, 0.93, 0.055, 1.02), cork, dark);
}

/// A candle in a dish.
pub fn candle(e: &mut PaintContext, spot: Placement) {
    let (wax, dark, glow, accent) = (paper(e), e.palette.dark, e.palette.glow, e.palette.accent);
    e.glow(spot.at(0.0, 0.86), spot.height * 1.2, glow, 1.5);
    ground_shadow(e, spot, 0.4);
    e.paint_form(&spot.poly(&[(-0.28, 0.1), (0.28, 0.1), (0.18, 0.0), (-0.18, 0.0)]), accent, dark);
    e.paint_form(
        &spot.poly(&[(-0.09, 0.06), (0.09, 0.06), (0.085, 0.66), (0.03, 0.64), (-0.085, 0.68)]),
        wax,
        glow,
    );
    e.glaze(&spot.rect(0.03, 0.08, 0.09, 0.62), dark, 0.3);
    e.line(&[spot.at(0.0, 0.65), spot.at(0.005, 0.74)], 0.8, dark, 1.0);
    flame(e, spot.sub_placement(0.0, 0.71, 0.3));
}

fn flame(e: &mut PaintContext, spot: Placement) {
    let (glow, hot) = (e.palette.glow, e.palette.accent);
    let body = [(0.0, 0.0), (0.2, 0.25), (0.16, 0.5), (0.03, 1.0), (-0.13, 0.5), (-0.19, 0.25)];
    let wash = e.mixed_wash(glow, hot).lifting(0.97);
    e.lay_within(&spot.poly(&body).smoothed(), wash, 0.8);
    let core: Vec<_> = body.iter().map(|&(x, y)| (x * 0.5, y * 0.55 + 0.08)).collect();
    let white = glow.with_lightness_and_chroma(0.98, 0.4);
    let wash = e.plain_wash(white).lifting(0.95).with_strength(0.5).rimmed(0.0);
    e.lay_within(&spot.poly(&core).smoothed(), wash, 0.4);
}

/// An oil lamp with a glass chimney.
pub fn lamp(e: &mut PaintContext, spot: Placement) {
    let (brass, dark, glow) = (e.palette.accent, e.palette.dark, e.palette.glow);
    e.glow(spot.at(0.0, 0.62), spot.height * 1.35, glow, 1.5);
    ground_shadow(e, spot, 0.4);
    e.paint_form(
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
    let wash = e.plain_wash(glow).lifting(0.8).with_strength(0.6).rimmed(1.4);
    e.paint_form_with(&chimney.smoothed(), wash);
    e.paint_form(&spot.rect(-0.11, 0.31, 0.11, 0.36), dark, brass);
    flame(e, spot.sub_placement(0.0, 0.38, 0.3));
}

/// A clock with a round face.
pub fn clock(e: &mut PaintContext, spot: Placement) {
    let (face, wood, dark) = (paper(e), e.palette.accent, e.palette.dark);
    ground_shadow(e, spot, 0.4);
    e.paint_form(&spot.poly(&[(-0.4, 0.0), (0.4, 0.0), (0.34, 0.1), (-0.34, 0.1)]), wood, dark);
    e.paint_form(&spot.ellipse(0.0, 0.52, 0.44, 0.44), wood, dark);
    e.paint_form(&spot.ellipse(0.0, 0.52, 0.35, 0.35), face, e.palette.far);
    for i in 0..12 {
        let (sin, cos) = (i as f32 / 12.0 * std::f32::consts::TAU).sin_cos();
        let at = |r: f32| spot.at(sin * r, 0.52 + cos * r);
        e.line(&[at(0.27), at(0.32)], 0.8, dark, 0.9);
    }
    for (long, weight) in [(0.17, 1.7), (0.26, 1.1)] {
        let (sin, cos) = e.rng.range(0.0, std::f32::consts::TAU).sin_cos();
        e.line(&[spot.at(0.0, 0.52), spot.at(sin * long, 0.52 + cos * long)], weight, dark, 1.1);
    }
}

/// A cup that steams.
pub fn cup(e: &mut PaintContext, spot: Placement) {
    let (china, dark, tea, band) = (paper(e), e.palette.dark, e.palette.near, e.palette.accent);
    ground_shadow(e, spot, 0.5);
    e.paint_form(&spot.ellipse(0.0, 0.04, 0.5, 0.09), china, e.palette.far);
    let ear: Vec<_> = (0..=10)
        .map(|i| {
            let angle = i as f32 / 10.0 * 3.4 - 1.7;
            spot.at(0.32 + 0.14 * angle.cos(), 0.33 + 0.14 * angle.sin())
        })
        .collect();
    e.line(&ear, 2.6, china.lerp(dark, 0.3), 0.9);
    e.paint_form(
        &spot.poly(&[
            (-0.33, 0.54),
            (0.33, 0.54),
            (0.27, 0.2),
            (0.14, 0.06),
            (-0.14, 0.06),
            (-0.27, 0.2),
        ]),
        china,
        e.palette.far,
    );
    e.paint_form(&spot.ellipse(0.0, 0.54, 0.33, 0.075), tea, dark);
    e.glaze(&spot.poly(&[(-0.31, 0.42), (0.31, 0.42), (0.29, 0.32), (-0.29, 0.32)]), band, 0.8);
    e.glaze(&spot.poly(&[(0.08, 0.07), (0.27, 0.2), (0.32, 0.5), (0.14, 0.48)]), dark, 0.25);
    let white = e.palette.paper;
    for x in [-0.1, 0.08] {
        let path = bowed_line(
            spot.at(x, 0.62),
            spot.at(x + e.rng.triangular() * 0.2, 1.05),
            e.rng.triangular() * spot.height * 0.3,
            10,
        );
        let wide = spot.height * 0.06;
        let wash = e.plain_wash(white).lifting(0.4).with_strength(0.2).wet(0.012, 1.2).rimmed(0.0);
        e.lay(&Shape::stroke(&path, |t| wide * (0.4 + t)), wash);
    }
}

/// An old key lying flat.
pub fn key(e: &mut PaintContext, spot: Placement) {
    let (iron, rust) = (e.palette.dark, e.palette.accent);
    ground_shadow(e, spot, 0.7);
    let ring = spot.ellipse(-0.6, 0.32, 0.27, 0.23).without(spot.ellipse(-0.6, 0.32, 0.16, 0.13));
    e.paint_form(&ring, iron, rust);
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
    e.paint_form(&shaft, iron, rust);
}

/// A plain wooden chair.
pub fn chair(e: &mut PaintContext, spot: Placement) {
    let (wood, dark) = (e.palette.accent, e.palette.dark);
    ground_shadow(e, spot, 0.4);
    for (x, top) in [(-0.24, 1.0), (0.12, 0.98), (-0.16, 0.46), (0.28, 0.44)] {
        let path = bowed_line(
            spot.at(x, if top > 0.5 { 0.06 } else { 0.0 }),
            spot.at(x - 0.02, top),
            1.0,
            6,
        );
        let thick = spot.height * 0.045;
        e.paint_form(&Shape::stroke(&path, |_| thick), wood, dark);
    }
    e.paint_form(&spot.poly(&[(-0.3, 0.42), (0.32, 0.4), (0.2, 0.52), (-0.26, 0.53)]), wood, dark);
    for y in [0.7, 0.84, 0.96] {
        e.paint_form(
            &spot.poly(&[(-0.25, y), (0.13, y - 0.01), (0.13, y - 0.06), (-0.25, y - 0.05)]),
            wood,
            dark,
        );
    }
}

/// The bars of a window over the view outside.
pub fn window_panes(e: &mut PaintContext, view: (f32, f32, f32, f32), bars: (usize, usize)) {
    let (x0, y0, x1, y1) = view;
    let frame = e
        .palette
        .low
        .with_lightness_and_chroma(0.9, 0.5)
        .lerp(e.palette.near, if e.has_lit_lamps() { 0.75 } else { 0.15 });
    let shade = e.palette.dark;
    let thick = (x1 - x0).min(y1 - y0) * 0.032;
    let mut shape = Shape::rect(x0 - thick, y0 - thick, x1 + thick, y1 + thick).without(
        Shape::rect(x0 + thick * 0.6, y0 + thick * 0.6, x1 - thick * 0.6, y1 - thick * 0.6),
    );
    for i in 1..bars.0 {
        let x = x0 + (x1 - x0) * i as f32 / bars.0 as f32;
        shape = shape.union(Shape::rect(x - thick * 0.4, y0, x + thick * 0.4, y1));
    }
    for i in 1..bars.1 {
        let y = y0 + (y1 - y0) * i as f32 / bars.1 as f32;
        shape = shape.union(Shape::rect(x0, y - thick * 0.4, x1, y + thick * 0.4));
    }
    e.paint_form(&shape, frame, shade);
    let sill = Shape::rect(x0 - thick * 2.0, y1 + thick, x1 + thick * 2.0, y1 + thick * 2.6);
    e.paint_form(&sill, frame, shade);
    e.glaze(&Shape::rect(x0 - thick, y1 + thick * 2.6, x1 + thick, y1 + thick * 3.6), shade, 0.35);
}
