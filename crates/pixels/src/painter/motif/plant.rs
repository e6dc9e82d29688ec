//! Paints plants: trees, pines, flowers.

use super::ground_shadow;
use crate::math;
use crate::painter::context::PaintContext;
use crate::painter::layout::{Placement, SceneLayout};
use crate::painter::shape::{Point, Shape, bowed_line, pt};
use crate::vision::oklab::Lab;
use calliope_domain::Season;

/// Paints a broad-leaved tree: in blossom in spring, coloured in autumn, bare in winter and in snow.
pub fn tree(ctx: &mut PaintContext, layout: &SceneLayout, spot: Placement) {
    let p = &ctx.palette;
    let (leaf, second) = match layout.season {
        Some(Season::Autumn) => (p.accent, p.near),
        Some(Season::Spring) => (p.mid.lerp(p.low, 0.35), p.accent.lerp(p.low, 0.4)),
        _ => (p.mid.lerp(p.near, 0.5), p.dark),
    };
    let bark = p.dark;
    let bare = layout.has_snow() || layout.season == Some(Season::Winter);
    ground_shadow(ctx, spot, 0.32);
    if !bare {
        crown(ctx, spot, leaf, second, 0.75);
    }
    trunk(ctx, spot, bark);
    let lean = ctx.rng.triangular() * 0.08;
    for _ in 0..ctx.rng.int_range(4, 6) {
        let from = spot.at(lean, ctx.rng.range(0.3, 0.5));
        branch(ctx, from, spot.height * 0.4, 1.2, bark, 2);
    }
    if !bare {
        crown(ctx, spot, leaf, second, 0.6);
        let wash = ctx.plain_wash(leaf).with_strength(0.9);
        ctx.spatter(spot.at(0.0, 0.7), spot.height * 0.5, 14, &wash);
    }
}

fn trunk(ctx: &mut PaintContext, spot: Placement, bark: Lab) {
    let bow = ctx.rng.triangular() * spot.height * 0.06;
    let path = bowed_line(spot.at(0.0, -0.01), spot.at(ctx.rng.triangular() * 0.1, 0.6), bow, 10);
    let thick = spot.height * ctx.rng.range(0.06, 0.09);
    let shape = Shape::stroke(&path, |t| thick * (1.15 - t + 0.5 * (1.0 - t).powi(8)));
    let second = ctx.palette.near;
    ctx.paint_form(&shape, bark, second);
}

/// Paints a branch of `long` pixels, and its twigs down to `forks` levels.
fn branch(ctx: &mut PaintContext, from: Point, long: f32, spread: f32, bark: Lab, forks: u32) {
    let angle = ctx.rng.triangular() * spread;
    let end = pt(from.x + math::sin(angle) * long, from.y - math::cos(angle) * long * 0.85);
    let path = bowed_line(from, end, ctx.rng.triangular() * long * 0.2, 7);
    let thick = long * 0.075;
    let shape = Shape::stroke(&path, |t| (thick * (1.0 - 0.85 * t)).max(0.7));
    let wash = ctx.plain_wash(bark).with_strength(0.95).rimmed(0.2);
    ctx.lay(&shape, wash);
    if forks > 0 {
        for _ in 0..2 {
            let at = path[ctx.rng.int_range(3, 6)];
            branch(ctx, at, long * 0.55, spread * 1.1, bark, forks - 1);
        }
    }
}

/// Paints foliage: overlapping soft shapes, darker below, with gaps between them.
fn crown(ctx: &mut PaintContext, spot: Placement, leaf: Lab, second: Lab, strength: f32) {
    for _ in 0..ctx.rng.int_range(6, 8) {
        let angle = ctx.rng.range(0.0, std::f32::consts::TAU);
        let reach = ctx.rng.uniform().sqrt();
        let at = spot.at(math::cos(angle) * 0.24 * reach, 0.7 + math::sin(angle) * 0.2 * reach);
        let size = spot.height * ctx.rng.range(0.09, 0.17);
        let mass = Shape::blob(at, size * 1.2, size, 0.45, &mut ctx.rng);
        let mut wash = ctx.mixed_wash(leaf, second).lifting(0.35).wet(0.012, 0.6).dry(0.24);
        wash.flow = 0.6;
        wash.scale = 2.2;
        let wash = wash.with_gradient(at.y - size, at.y + size, (strength * 0.7, strength * 1.35));
        let amount = 0.02 * ctx.unit();
        ctx.lay_within(&mass, wash, amount);
    }
}

/// Paints a conifer as a silhouette of seven tiers.
pub fn pine(ctx: &mut PaintContext, spot: Placement) {
    let (needle, dark) = (ctx.palette.near, ctx.palette.dark);
    let tiers = 7;
    let mut points = vec![(0.0, 1.0)];
    let mut left = Vec::new();
    for i in 0..tiers {
        let t = (i + 1) as f32 / tiers as f32;
        let (wide, y) = (0.05 + 0.19 * t, 1.0 - 0.88 * t);
        points.push((wide * ctx.rng.range(0.75, 1.15), y - 0.02));
        points.push((wide * 0.48, y + 0.03));
        left.push((-wide * 0.48, y + 0.03));
        left.push((-wide * ctx.rng.range(0.75, 1.15), y - 0.02));
    }
    // The outline runs down the right side, along the foot, and up the left side.
    points.pop();
    left.remove(left.len() - 2);
    points.extend([(0.03, 0.08), (0.025, 0.0), (-0.025, 0.0), (-0.03, 0.08)]);
    points.extend(left.into_iter().rev());
    let tone = needle.lerp(dark, ctx.rng.range(0.0, 0.7));
    let mut wash = ctx.mixed_wash(tone, dark).lifting(0.6);
    wash.flow = 0.5;
    ctx.paint_form_with(&spot.poly(&points), wash);
}

/// Paints a flower on its stem, with two leaves.
pub fn flower(ctx: &mut PaintContext, spot: Placement) {
    let (petal, stem, heart) = (ctx.palette.accent, ctx.palette.near, ctx.palette.glow);
    let bow = ctx.rng.triangular() * spot.height * 0.15;
    let head = spot.at(ctx.rng.triangular() * 0.12, 0.86);
    let path = bowed_line(spot.at(0.0, 0.0), head, bow, 10);
    let thick = (spot.height * 0.022).max(1.0);
    let wash = ctx.plain_wash(stem).with_strength(1.0).lifting(0.4);
    ctx.lay(&Shape::stroke(&path, |t| thick * (1.2 - 0.5 * t)), wash);
    for side in [-1.0, 1.0] {
        let from = path[ctx.rng.int_range(2, 5)];
        let long = spot.height * ctx.rng.range(0.16, 0.28);
        let leaf =
            bowed_line(from, pt(from.x + long * side, from.y - long * 0.7), long * 0.2 * side, 8);
        let wash = ctx.mixed_wash(stem, petal).lifting(0.5);
        ctx.lay(
            &Shape::stroke(&leaf, |t| long * 0.32 * math::powf(t * (1.0 - t) * 4.0, 0.8)),
            wash,
        );
    }
    let count = ctx.rng.int_range(5, 8);
    let size = spot.height * ctx.rng.range(0.11, 0.15);
    let turn = ctx.rng.uniform();
    for i in 0..count {
        let (sin, cos) = math::sin_cos((i as f32 + turn) / count as f32 * std::f32::consts::TAU);
        let tip = pt(head.x + cos * size * 1.35, head.y + sin * size * 1.1);
        let path = bowed_line(head, tip, ctx.rng.triangular() * size * 0.3, 6);
        let shape = Shape::stroke(&path, |t| {
            size * 0.85 * math::powf((t * (1.12 - t) * 3.4).max(0.0), 0.7)
        });
        let wash = ctx
            .mixed_wash(petal, heart)
            .lifting(0.75)
            .with_strength(ctx.rng.range(0.7, 1.1))
            .rimmed(0.9);
        ctx.paint_form_with(&shape, wash);
    }
    let dark = ctx.palette.dark;
    let eye = Shape::ellipse(head, size * 0.28, size * 0.25);
    let wash = ctx.mixed_wash(heart, dark).lifting(0.8).wet(0.008, 0.8);
    ctx.lay_within(&eye, wash, 1.0);
}
