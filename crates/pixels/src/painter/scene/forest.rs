//! Paints a forest: pale trunks far away, dark ones near, and light between them.

use crate::painter::context::PaintContext;
use crate::painter::land;
use crate::painter::layout::{Placement, SceneLayout};
use crate::painter::motif;
use crate::painter::noise::lerp;
use crate::painter::shape::{Shape, bowed_line, pt};
use calliope_domain::Season;

/// Paints the forest behind the motifs.
pub fn paint(ctx: &mut PaintContext, layout: &SceneLayout) {
    foliage(ctx, layout, 9, 0.5);
    let conifers = ctx.rng.random_bool(0.4) || layout.has_snow();
    land::ground(ctx, layout);
    let glow = ctx.palette.low;
    let open = pt(layout.focus.x, layout.horizon - layout.unit * 0.1);
    ctx.glow(open, layout.unit * 0.35, glow, 0.8);
    for i in 0..13 {
        let depth = i as f32 / 13.0;
        let x = ctx.rng.uniform();
        let foot = pt(layout.at(x, 0.0).x, layout.ground(lerp(0.0, 0.3, depth)));
        if conifers && i % 3 != 0 {
            let height = layout.unit * lerp(0.3, 0.55, depth) * ctx.rng.range(0.8, 1.2);
            motif::pine(ctx, Placement { foot, height, facing: 1.0 });
        } else {
            trunk(ctx, layout, foot.x, foot.y, depth * 0.7);
        }
    }
    if !conifers {
        foliage(ctx, layout, 8, 0.75);
    }
    land::grass(ctx, layout, 16);
}

/// Paints dark trunks at the sides, in front of the motifs, as a frame.
pub fn foreground(ctx: &mut PaintContext, layout: &SceneLayout) {
    let focus = (layout.focus.x - layout.view.0) / layout.width();
    for _ in 0..ctx.rng.int_range(2, 3) {
        let x = if ctx.rng.random_bool(0.5) {
            ctx.rng.range(0.0, 0.16)
        } else {
            ctx.rng.range(0.84, 1.0)
        };
        if (x - focus).abs() > 0.16 {
            let foot = layout.at(x, 0.0).x;
            let y = layout.ground(ctx.rng.range(0.7, 1.0));
            trunk(ctx, layout, foot, y, 1.0);
        }
    }
}

fn trunk(ctx: &mut PaintContext, layout: &SceneLayout, x: f32, y: f32, depth: f32) {
    let top = layout.view.1 - layout.unit * 0.05;
    let lean = ctx.rng.triangular() * layout.unit * 0.06;
    let path =
        bowed_line(pt(x, y), pt(x + lean, top), ctx.rng.triangular() * layout.unit * 0.03, 16);
    let thick = layout.unit * lerp(0.012, 0.075, depth) * ctx.rng.range(0.7, 1.2);
    let bark = ctx.palette.at_depth(0.25 + 0.75 * depth).lerp(ctx.palette.dark, depth * 0.5);
    let shape = Shape::stroke(&path, |t| thick * (1.0 - 0.4 * t + 0.6 * (1.0 - t).powi(9)));
    let second = ctx.palette.dark;
    let wash = ctx.mixed_wash(bark, second).lifting(0.5 + 0.4 * depth).streaked(4.0, 1.57);
    ctx.lay(&shape, wash.with_gradient(y, top, (1.1, 0.75)));
    for _ in 0..ctx.rng.int_range(1, 3) {
        let at = path[ctx.rng.int_range(6, 14)];
        let long = layout.unit * ctx.rng.range(0.06, 0.2);
        let end = pt(at.x + long * ctx.rng.random_sign(), at.y - long * ctx.rng.range(0.2, 0.8));
        let twig = bowed_line(at, end, ctx.rng.triangular() * long * 0.2, 7);
        let wash = ctx.plain_wash(bark).with_strength(0.9);
        ctx.lay(&Shape::stroke(&twig, |t| (thick * 0.3 * (1.0 - t)).max(0.7)), wash);
    }
}

fn foliage(ctx: &mut PaintContext, layout: &SceneLayout, count: usize, strength: f32) {
    if layout.has_snow() || layout.season == Some(Season::Winter) {
        return;
    }
    let leaf =
        if layout.season == Some(Season::Autumn) { ctx.palette.accent } else { ctx.palette.mid };
    let second = ctx.palette.near;
    for _ in 0..count {
        let at = layout.at(ctx.rng.uniform(), ctx.rng.range(-0.05, 0.42));
        let size = layout.unit * ctx.rng.range(0.09, 0.2);
        let shape = Shape::blob(at, size * 1.3, size, 0.5, &mut ctx.rng);
        let mut wash = ctx.mixed_wash(leaf, second).with_strength(strength).wet(0.03, 0.8).dry(0.3);
        wash.flow = 0.7;
        wash.scale = 1.8;
        let amount = 0.03 * ctx.unit();
        ctx.lay_within(&shape, wash, amount);
    }
}
