//! The last touches: drops, a dried margin, the taped or ragged edge of the painting.

use super::context::PaintContext;
use super::noise::smoothstep;
use super::rng::Rng;
use super::shape::pt;
use super::style::Medium;

/// How the painting ends at the sheet's edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// Over the edge.
    Bleed,
    /// A clean margin, where tape was.
    Taped,
    /// A loose margin that the brush left.
    Loose,
}

/// Finishes the sheet.
pub fn paint(e: &mut PaintContext) {
    spatter_drops(e);
    let mut rng = Rng::new(e.rng.next_u64(), 0xED6E);
    let edge = match rng.int_range(0, 9) {
        0..=2 => Edge::Bleed,
        3..=6 => Edge::Taped,
        _ => Edge::Loose,
    };
    // On a very small sheet a margin would only cost room.
    if edge != Edge::Bleed {
        margin(e, edge, &mut rng);
    }
}

fn spatter_drops(e: &mut PaintContext) {
    if !matches!(e.style.medium, Medium::Watercolour | Medium::Ink) {
        return;
    }
    let (w, h) = (e.canvas.width as f32, e.canvas.height as f32);
    for colour in [e.palette.near, e.palette.accent] {
        let at = pt(w * e.rng.uniform(), h * e.rng.uniform());
        let count = e.rng.int_range(4, 12);
        let reach = e.unit() * e.rng.range(0.08, 0.25);
        let wash = e.plain_wash(colour).with_strength(0.4).rimmed(1.2);
        e.spatter(at, reach, count, &wash);
    }
}

fn margin(e: &mut PaintContext, edge: Edge, rng: &mut Rng) {
    let unit = e.unit();
    let (inset, stray, soft) = match edge {
        Edge::Taped => (rng.range(0.022, 0.04), 0.006, 0.0016),
        _ => (rng.range(0.03, 0.045), 0.022, 0.005),
    };
    let (w, h) = (e.canvas.width as f32, e.canvas.height as f32);
    let offset = rng.range(0.0, 256.0);
    let noise = e.canvas.flow.clone();
    let scale = 300.0 / unit;
    let band = unit * (inset + stray);
    let rim = e.style.rim * 0.28;
    e.canvas.map_density(|x, y, paper, density| {
        let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
        let near = x.min(y).min(w - x).min(h - y);
        if near > band * 1.8 {
            return density;
        }
        let slow = scale * 0.4;
        let wave = noise.at(x.mul_add(slow, offset), y * slow) - 0.5;
        let fine = (paper - 0.5) * 0.004;
        let reach = unit * (inset + (wave * 2.0 * stray) + fine);
        let inside = smoothstep(-soft * unit, soft * unit, near - reach);
        // Pigment gathers where the wash met the tape.
        let pool = 1.0 - smoothstep(0.0, unit * 0.008, near - reach);
        density.map(|d| d * inside * rim.mul_add(pool, 1.0))
    });
}
