//! Finishes a picture: adds spattered drops and the margin.

use super::context::PaintContext;
use super::noise::smoothstep;
use super::rng::Rng;
use super::shape::pt;
use super::style::Medium;

/// The way in which the painting ends at the edge of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// The paint goes over the edge; there is no margin.
    Bleed,
    /// A margin with a straight edge, as masking tape leaves it.
    Taped,
    /// A margin with an irregular edge, as a brush leaves it.
    Loose,
}

/// Adds the drops and the margin.
pub fn paint(ctx: &mut PaintContext) {
    spatter_drops(ctx);
    let mut rng = Rng::new(ctx.rng.next_u64(), 0xED6E);
    let edge = match rng.int_range(0, 9) {
        0..=2 => Edge::Bleed,
        3..=6 => Edge::Taped,
        _ => Edge::Loose,
    };
    if edge != Edge::Bleed {
        margin(ctx, edge, &mut rng);
    }
}

fn spatter_drops(ctx: &mut PaintContext) {
    if !matches!(ctx.style.medium, Medium::Watercolour | Medium::Ink) {
        return;
    }
    let (w, h) = (ctx.canvas.width as f32, ctx.canvas.height as f32);
    for colour in [ctx.palette.near, ctx.palette.accent] {
        let at = pt(w * ctx.rng.uniform(), h * ctx.rng.uniform());
        let count = ctx.rng.int_range(4, 12);
        let reach = ctx.unit() * ctx.rng.range(0.08, 0.25);
        let wash = ctx.plain_wash(colour).with_strength(0.4).rimmed(1.2);
        ctx.spatter(at, reach, count, &wash);
    }
}

fn margin(ctx: &mut PaintContext, edge: Edge, rng: &mut Rng) {
    let unit = ctx.unit();
    let (inset, stray, soft) = match edge {
        Edge::Taped => (rng.range(0.022, 0.04), 0.006, 0.0016),
        _ => (rng.range(0.03, 0.045), 0.022, 0.005),
    };
    let (w, h) = (ctx.canvas.width as f32, ctx.canvas.height as f32);
    let offset = rng.range(0.0, 256.0);
    let noise = ctx.canvas.flow.clone();
    let scale = 300.0 / unit;
    let band = unit * (inset + stray);
    let rim = ctx.style.rim * 0.28;
    ctx.canvas.map_density(|x, y, paper, density| {
        let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
        let near = x.min(y).min(w - x).min(h - y);
        if near > band * 1.8 {
            return density;
        }
        let slow = scale * 0.4;
        let wave = noise.at(x * slow + offset, y * slow) - 0.5;
        let fine = (paper - 0.5) * 0.004;
        let reach = unit * (inset + (wave * 2.0 * stray) + fine);
        let inside = smoothstep(-soft * unit, soft * unit, near - reach);
        // Pigment collects at the edge of the margin.
        let pool = 1.0 - smoothstep(0.0, unit * 0.008, near - reach);
        density.map(|d| d * inside * (rim * pool + 1.0))
    });
}
