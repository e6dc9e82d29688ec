//! The last touches: drops, a dried margin, the taped or ragged edge of the painting.

use super::chance::Chance;
use super::easel::Easel;
use super::manner::Medium;
use super::noise::smoothstep;
use super::shape::pt;

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
pub fn paint(e: &mut Easel) {
    drops(e);
    let mut chance = Chance::new(e.chance.bits(), 0xED6E);
    let edge = match chance.whole(0, 9) {
        0..=2 => Edge::Bleed,
        3..=6 => Edge::Taped,
        _ => Edge::Loose,
    };
    // On a very small sheet a margin would only cost room.
    if edge != Edge::Bleed {
        margin(e, edge, &mut chance);
    }
}

fn drops(e: &mut Easel) {
    if !matches!(e.manner.medium, Medium::Watercolour | Medium::Ink) {
        return;
    }
    let (w, h) = (e.canvas.width as f32, e.canvas.height as f32);
    for colour in [e.palette.near, e.palette.accent] {
        let at = pt(w * e.chance.unit(), h * e.chance.unit());
        let count = e.chance.whole(4, 12);
        let reach = e.unit() * e.chance.range(0.08, 0.25);
        let wash = e.plain(colour).at(0.4).rimmed(1.2);
        e.spatter(at, reach, count, &wash);
    }
}

fn margin(e: &mut Easel, edge: Edge, chance: &mut Chance) {
    let unit = e.unit();
    let (inset, stray, soft) = match edge {
        Edge::Taped => (chance.range(0.022, 0.04), 0.006, 0.0016),
        _ => (chance.range(0.03, 0.045), 0.022, 0.005),
    };
    let (w, h) = (e.canvas.width as f32, e.canvas.height as f32);
    let offset = chance.range(0.0, 256.0);
    let noise = e.canvas.flow.clone();
    let scale = 300.0 / unit;
    let band = unit * (inset + stray);
    let rim = e.manner.rim * 0.28;
    e.canvas.each(|x, y, paper, density| {
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
