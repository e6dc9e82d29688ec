//! Paints a room: a window with a view, a wall, and a table with small things.

use crate::painter::canvas::pigment;
use crate::painter::context::PaintContext;
use crate::painter::layout::{Placement, SceneLayout};
use crate::painter::motif;
use crate::painter::noise::lerp;
use crate::painter::prompt::{Light, Motif, ParsedPrompt, Setting};
use crate::painter::shape::{Shape, bowed_line, pt};

/// The left, top, right and bottom of a rectangle, in pixels.
type Rect = (f32, f32, f32, f32);

/// Paints an outdoor view, and then the room around its window.
pub fn paint(ctx: &mut PaintContext, prompt: &ParsedPrompt, focus: (f32, f32), sheet: Rect) {
    let (width, height) = (sheet.2, sheet.3);
    let table = height * ctx.rng.range(0.64, 0.74);
    let window = place_window(ctx, focus, (width, height), table);
    view(ctx, prompt, window);
    wall(ctx, sheet, window, table);
    let bars = (ctx.rng.int_range(2, 3), ctx.rng.int_range(2, 3));
    motif::window_panes(ctx, window, bars);
    if ctx.rng.random_bool(0.6) {
        curtains(ctx, window, table);
    }
    tabletop(ctx, sheet, table);
    if ctx.light != Light::Night {
        sunlight(ctx, window, table, height);
    }
    objects(ctx, prompt, focus, (width, height), table);
}

fn place_window(ctx: &mut PaintContext, focus: (f32, f32), size: (f32, f32), table: f32) -> Rect {
    // The window is on the side away from the focus, because the objects stand there.
    let centre = if focus.0 < 0.5 { ctx.rng.range(0.54, 0.66) } else { ctx.rng.range(0.34, 0.46) };
    let wide = size.0 * ctx.rng.range(0.44, 0.58);
    let top = size.1 * ctx.rng.range(0.08, 0.13);
    let bottom = table - size.1 * ctx.rng.range(0.09, 0.15);
    let left = (centre * size.0 - wide * 0.5).clamp(size.0 * 0.06, size.0 * 0.94 - wide);
    (left, top, left + wide, bottom)
}

fn view(ctx: &mut PaintContext, prompt: &ParsedPrompt, window: Rect) {
    let any = [Setting::Hills, Setting::Sea, Setting::Field, Setting::Mountains, Setting::River];
    let setting = match prompt.setting {
        Some(setting) if setting != Setting::Room => setting,
        _ => any[ctx.rng.int_range(0, any.len() - 1)],
    };
    let focus = (ctx.rng.range(0.3, 0.7), ctx.rng.range(0.4, 0.6));
    let outside: Vec<Motif> = prompt
        .motifs
        .iter()
        .filter(|m| {
            !m.is_indoor()
                && !matches!(
                    m,
                    Motif::Figure | Motif::Flower | Motif::Stairs | Motif::Ladder | Motif::Door
                )
        })
        .copied()
        .collect();
    let layout = SceneLayout::new(prompt, setting, window, focus, &mut ctx.rng);
    super::outdoors(ctx, &layout, &outside);
}

fn wall(ctx: &mut PaintContext, sheet: Rect, window: Rect, table: f32) {
    let pad = ctx.unit() * 0.05;
    let shape = Shape::rect(-pad, -pad, sheet.2 + pad, table + pad)
        .without(Shape::rect(window.0, window.1, window.2, window.3));
    let (colour, second) = if ctx.light == Light::Night {
        (ctx.palette.near.lerp(ctx.palette.accent, 0.3), ctx.palette.dark)
    } else if ctx.has_lit_lamps() {
        (ctx.palette.mid.lerp(ctx.palette.accent, 0.25), ctx.palette.near)
    } else {
        (ctx.palette.low.lerp(ctx.palette.mid, 0.3), ctx.palette.far)
    };
    let mut wash = ctx.plain_wash(colour).with_pigment(pigment(second), 0.15, 0.7).lifting(1.0);
    wash.flow = 0.36;
    wash.scale = 0.7;
    let angle = ctx.rng.range(0.9, 2.2);
    ctx.lay(&shape, wash.streaked(2.5, angle).with_gradient(0.0, table, (1.0, 0.8)));
    let stripes = if ctx.rng.random_bool(0.35) { 11 } else { 0 };
    for i in 0..stripes {
        let x = sheet.2 * (i as f32 + 0.5) / stripes as f32;
        if x > window.0 - pad && x < window.2 + pad {
            continue;
        }
        let path = bowed_line(pt(x, -pad), pt(x, table), ctx.rng.triangular() * 3.0, 8);
        let wide = sheet.2 * 0.018;
        let wash = ctx.plain_wash(second).with_strength(0.25).dry(0.36);
        ctx.lay(&Shape::stroke(&path, |_| wide), wash);
    }
}

fn curtains(ctx: &mut PaintContext, window: Rect, table: f32) {
    let cloth = if ctx.rng.random_bool(0.5) { ctx.palette.accent } else { ctx.palette.far };
    let shade = ctx.palette.near;
    let wide = (window.2 - window.0) * ctx.rng.range(0.16, 0.26);
    let rod = window.1 - (window.3 - window.1) * 0.09;
    for side in [-1.0, 1.0] {
        let edge = if side < 0.0 { window.0 } else { window.2 };
        let x = |t: f32| edge + side * wide * (0.5 - t);
        let foot = table - (table - window.3) * 0.45;
        let shape = Shape::polygon(vec![
            pt(x(0.0), rod),
            pt(x(1.0), rod),
            pt(x(0.85), lerp(rod, foot, 0.4)),
            pt(x(0.3), lerp(rod, foot, 0.68)),
            pt(x(0.62), foot),
            pt(x(-0.1), foot),
        ]);
        let wash = ctx
            .plain_wash(cloth)
            .with_pigment(pigment(shade), 0.1, 0.7)
            .lifting(0.97)
            .streaked(4.0, 1.57);
        ctx.paint_form_with(&shape, wash);
        for t in [0.15, 0.4, 0.6] {
            let path = bowed_line(pt(x(t), rod), pt(x(t * 0.8), foot), wide * 0.1 * side, 9);
            let fold = wide * 0.07;
            ctx.glaze(&Shape::stroke(&path, |k| fold * (0.4 + k * (1.0 - k) * 3.0)), shade, 0.4);
        }
    }
    let dark = ctx.palette.dark;
    ctx.line(
        &bowed_line(pt(window.0 - wide, rod), pt(window.2 + wide, rod), 1.0, 12),
        1.8,
        dark,
        0.9,
    );
}

fn tabletop(ctx: &mut PaintContext, sheet: Rect, table: f32) {
    let pad = ctx.unit() * 0.05;
    let shape = Shape::rect(-pad, table, sheet.2 + pad, sheet.3 + pad);
    let wood = ctx.palette.mid.lerp(ctx.palette.accent, 0.3).lerp(ctx.palette.near, 0.4);
    let dark = ctx.palette.dark;
    let mut wash =
        ctx.plain_wash(wood).with_pigment(pigment(dark), 0.0, 0.5).lifting(1.0).streaked(9.0, 0.02);
    wash.mix_gradient = 0.35;
    wash.flow = 0.45;
    ctx.lay(&shape, wash);
    ctx.line(
        &bowed_line(pt(-pad, table + 1.0), pt(sheet.2 + pad, table + 1.0), 1.0, 20),
        1.4,
        dark,
        0.7,
    );
    for _ in 0..5 {
        let y = lerp(table, sheet.3, ctx.rng.range(0.1, 1.0));
        let path = bowed_line(
            pt(sheet.2 * ctx.rng.range(-0.2, 0.5), y),
            pt(sheet.2 * ctx.rng.range(0.6, 1.2), y),
            ctx.rng.triangular() * 5.0,
            14,
        );
        let thick = ctx.unit() * ctx.rng.range(0.006, 0.02);
        let wash = ctx.plain_wash(dark).with_strength(0.3).dry(0.4).streaked(8.0, 0.0);
        ctx.lay(&Shape::stroke(&path, |t| thick * (t * (1.0 - t) * 4.0).sqrt()), wash);
    }
}

/// Paints the light that falls through the window onto the table.
fn sunlight(ctx: &mut PaintContext, window: Rect, table: f32, height: f32) {
    let light = ctx.palette.glow;
    let (wide, slant) = ((window.2 - window.0) * 0.42, height * ctx.rng.range(-0.25, 0.25));
    for i in 0..2 {
        let x = window.0 + wide * (0.1 + 1.1 * i as f32);
        let shape = Shape::polygon(vec![
            pt(x + slant * 0.3, table + height * 0.03),
            pt(x + wide + slant * 0.3, table + height * 0.03),
            pt(x + wide * 1.15 + slant, table + height * 0.2),
            pt(x + slant, table + height * 0.2),
        ]);
        let wash = ctx
            .plain_wash(light)
            .lifting(0.5)
            .with_strength(0.4)
            .rimmed(0.0)
            .wet(0.012, 0.7)
            .dry(0.2);
        ctx.lay(&shape, wash);
    }
}

fn objects(
    ctx: &mut PaintContext,
    prompt: &ParsedPrompt,
    focus: (f32, f32),
    size: (f32, f32),
    table: f32,
) {
    let mut things: Vec<Motif> = prompt
        .motifs
        .iter()
        .filter(|m| (m.is_indoor() && **m != Motif::Window) || matches!(m, Motif::Flower))
        .copied()
        .take(3)
        .collect();
    let extras = [
        Motif::Cup,
        Motif::Bottle,
        Motif::Book,
        Motif::Candle,
        Motif::Letter,
        Motif::Lamp,
        Motif::Clock,
    ];
    while things.len() < 2 {
        let extra = extras[ctx.rng.int_range(0, extras.len() - 1)];
        if !things.contains(&extra) {
            things.push(extra);
        }
    }
    let unit = size.0.min(size.1);
    let main = focus.0.clamp(0.25, 0.75);
    let step = if main < 0.5 { 0.36 } else { -0.36 };
    let layout =
        SceneLayout::new(prompt, Setting::Room, (0.0, 0.0, size.0, size.1), focus, &mut ctx.rng);
    // Upright objects stand further back than flat ones. They are painted from back to front.
    let mut spots: Vec<(Motif, Placement)> = Vec::new();
    for (i, &thing) in things.iter().enumerate() {
        let x = (main + step * i as f32 + ctx.rng.triangular() * 0.04).clamp(0.12, 0.88);
        let x = if i == 2 { (main - step * 0.75).clamp(0.12, 0.88) } else { x };
        let tall =
            tabletop_height(thing) * unit * if i == 0 { 1.0 } else { ctx.rng.range(0.72, 0.9) };
        let back = if lies_flat(thing) { ctx.rng.range(0.6, 0.8) } else { ctx.rng.range(0.2, 0.5) };
        let foot = pt(x * size.0, lerp(table, size.1, back));
        spots.push((
            thing,
            Placement { foot, height: tall, facing: if x < 0.5 { 1.0 } else { -1.0 } },
        ));
    }
    spots.sort_by(|a, b| a.1.foot.y.total_cmp(&b.1.foot.y));
    for (thing, spot) in spots {
        motif::paint(ctx, &layout, thing, spot);
    }
}

const fn lies_flat(thing: Motif) -> bool {
    matches!(thing, Motif::Book | Motif::Letter | Motif::Key)
}

/// Returns the height of an object on a table, in units of the canvas's shorter side.
const fn tabletop_height(thing: Motif) -> f32 {
    match thing {
        Motif::Letter => 0.23,
        Motif::Book => 0.25,
        Motif::Key => 0.2,
        Motif::Cup => 0.17,
        Motif::Lamp | Motif::Flower | Motif::Cat => 0.4,
        _ => 0.33,
    }
}
