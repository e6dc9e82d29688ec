//! Paints a town: rows of roofs, and houses along a street.

use crate::math;
use crate::painter::context::PaintContext;
use crate::painter::land;
use crate::painter::layout::{Placement, SceneLayout};
use crate::painter::motif;
use crate::painter::noise::lerp;
use crate::painter::prompt::PaintedWeather;
use crate::painter::shape::{Point, Shape, bowed_line, pt};
use crate::vision::oklab::Lab;

/// Paints the town behind the motifs.
pub fn paint(ctx: &mut PaintContext, layout: &SceneLayout) {
    for depth in [0.0, 0.35] {
        skyline(ctx, layout, depth);
    }
    street(ctx, layout);
    for side in [-1.0, 1.0] {
        terrace(ctx, layout, side);
    }
    let count = ctx.rng.int_range(1, 2);
    for i in 0..count {
        let x = if i == 0 { ctx.rng.range(0.1, 0.3) } else { ctx.rng.range(0.7, 0.9) };
        let foot = pt(layout.at(x, 0.0).x, layout.ground(ctx.rng.range(0.2, 0.5)));
        let height = layout.unit * ctx.rng.range(0.26, 0.4);
        motif::street_lamp(ctx, Placement { foot, height, facing: 1.0 });
    }
}

/// Paints a row of roofs with chimneys as one wash. `depth` goes from 0 (far) to 1 (near).
fn skyline(ctx: &mut PaintContext, layout: &SceneLayout, depth: f32) {
    let (x0, _, x1, _) = layout.view;
    let base = layout.horizon + layout.unit * 0.03;
    let tall = layout.unit * lerp(0.3, 0.2, depth);
    let mut line = vec![pt(x0 - 9.0, base)];
    let mut x = x0 - 9.0;
    while x < x1 + 9.0 {
        let wide = layout.unit * ctx.rng.range(0.06, 0.15);
        let eaves = base - tall * ctx.rng.range(0.5, 0.9);
        let ridge = eaves - wide * ctx.rng.range(0.25, 0.7);
        let stack = ctx.rng.range(0.6, 0.8);
        line.extend([pt(x, eaves), pt(x + wide * 0.5, ridge)]);
        if ctx.rng.random_bool(0.5) {
            let at = x + wide * stack;
            let top = ridge - wide * 0.1;
            line.extend([
                pt(at, lerp(ridge, eaves, 0.3)),
                pt(at, top),
                pt(at + wide * 0.12, top),
                pt(at + wide * 0.12, lerp(ridge, eaves, 0.6)),
            ]);
        }
        line.push(pt(x + wide, eaves));
        x += wide;
    }
    let shape = land::area_under(&line, base);
    let colour = ctx.palette.at_depth(depth * 0.9);
    let low = ctx.palette.low;
    let wash = ctx.plain_wash(colour).lifting(0.5).wet(0.006, 0.5).with_gradient(
        base - tall,
        base,
        (0.95, 0.5),
    );
    ctx.lay(&shape, wash);
    if ctx.has_lit_lamps() {
        for _ in 0..16 {
            let at =
                pt(layout.at(ctx.rng.uniform(), 0.0).x, base - tall * ctx.rng.range(0.1, 0.45));
            let size = layout.unit * 0.007;
            let glow = ctx.palette.glow.lerp(low, 0.2);
            let wash = ctx.plain_wash(glow).lifting(0.9).with_strength(0.8).rimmed(0.2);
            ctx.lay_within(&Shape::rect(at.x, at.y, at.x + size, at.y + size * 1.5), wash, 0.5);
        }
    }
}

/// Paints houses along one side of the street, in perspective: -1 is the left side, 1 the right.
fn terrace(ctx: &mut PaintContext, layout: &SceneLayout, side: f32) {
    let meet =
        pt(layout.focus.x.clamp(layout.at(0.35, 0.0).x, layout.at(0.65, 0.0).x), layout.horizon);
    let edge = if side < 0.0 { layout.view.0 - 9.0 } else { layout.view.2 + 9.0 };
    let count = 3;
    let mut bounds: Vec<f32> = (0..=count)
        .map(|i| 0.86 * math::powf(1.0 - (i as f32 / count as f32), 1.4) + 0.14)
        .collect();
    bounds[0] = 1.0;
    let tall = ctx.rng.range(0.42, 0.58) * layout.height();
    for i in (0..count).rev() {
        let (near, far) = (bounds[i], bounds[i + 1]);
        let x = |t: f32| lerp(meet.x, edge, t);
        let foot = |t: f32| meet.y + (layout.view.3 - meet.y) * 0.55 * t;
        let rise = tall * ctx.rng.range(0.85, 1.15);
        let head = |t: f32| meet.y - rise * t;
        let wall = Shape::polygon(vec![
            pt(x(near), foot(near)),
            pt(x(far), foot(far)),
            pt(x(far), head(far)),
            pt(x(near), head(near)),
        ]);
        let tone = facade_colour(ctx, i);
        let shade = ctx.palette.near;
        ctx.paint_form(&wall, tone, shade);
        let dark = ctx.palette.dark;
        let roof = Shape::polygon(vec![
            pt(x(near), head(near)),
            pt(x(far) - side * layout.unit * 0.01, head(far)),
            pt(x(lerp(near, far, 0.85)), head(far) - rise * 0.16),
            pt(x(near), head(near) - rise * 0.26),
        ]);
        let tile = if ctx.rng.random_bool(0.4) { ctx.palette.accent } else { ctx.palette.near };
        ctx.paint_form(&roof, tile, dark);
        windows(ctx, &|t, h| {
            pt(x(lerp(near, far, t)), lerp(foot(lerp(near, far, t)), head(lerp(near, far, t)), h))
        });
        if side > 0.0 {
            ctx.glaze(&wall, dark, 0.22);
        }
    }
}

fn facade_colour(ctx: &mut PaintContext, i: usize) -> Lab {
    let pale = if ctx.has_lit_lamps() {
        ctx.palette.mid.lerp(ctx.palette.low, 0.2)
    } else {
        ctx.palette.low
    };
    match (i + ctx.rng.int_range(0, 2)) % 3 {
        0 => pale,
        1 => pale.lerp(ctx.palette.accent, 0.3),
        _ => pale.lerp(ctx.palette.far, 0.6),
    }
}

fn windows(ctx: &mut PaintContext, at: &dyn Fn(f32, f32) -> Point) {
    let lit = ctx.has_lit_lamps();
    for (column, row) in [(0.2, 0.45), (0.6, 0.45), (0.2, 0.72), (0.6, 0.72), (0.58, 0.06)] {
        let (wide, tall) = (0.2, if row < 0.1 { 0.28 } else { 0.14 });
        let pane = Shape::polygon(vec![
            at(column, row),
            at(column + wide, row),
            at(column + wide, row + tall),
            at(column, row + tall),
        ]);
        let is_lit = lit && row > 0.1 && ctx.rng.random_bool(0.6);
        let wash = if is_lit {
            let glow = ctx.palette.glow;
            ctx.plain_wash(glow).lifting(0.95).with_strength(0.9).rimmed(0.4)
        } else {
            let dark = ctx.palette.dark;
            ctx.plain_wash(dark).with_strength(0.6)
        };
        ctx.lay_within(&pane, wash, 1.0);
    }
}

fn street(ctx: &mut PaintContext, layout: &SceneLayout) {
    land::ground(ctx, layout);
    let wet = layout.weather == Some(PaintedWeather::Rain);
    let colour = if ctx.has_lit_lamps() || wet { ctx.palette.glow } else { ctx.palette.low };
    let count = if wet { 22 } else { 8 };
    for _ in 0..count {
        let at =
            pt(layout.at(ctx.rng.range(0.1, 0.9), 0.0).x, layout.ground(ctx.rng.range(0.05, 0.95)));
        let wide = layout.unit * ctx.rng.range(0.03, 0.12);
        let path = bowed_line(pt(at.x - wide, at.y), pt(at.x + wide, at.y), 0.0, 6);
        let thick = layout.unit * ctx.rng.range(0.004, 0.012);
        let wash = ctx.plain_wash(colour).lifting(0.55).with_strength(0.4).rimmed(0.1).dry(0.38);
        ctx.lay(&Shape::stroke(&path, |t| thick * (t * (1.0 - t) * 4.0)), wash);
    }
}
