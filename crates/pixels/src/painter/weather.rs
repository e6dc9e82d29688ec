//! Rain, snow, fog and wind, laid over the dry scene.

use super::context::PaintContext;
use super::layout::SceneLayout;
use super::noise::lerp;
use super::prompt::Weather;
use super::shape::{Shape, bowed_line, pt};

/// Paints what falls or drifts.
pub fn paint(e: &mut PaintContext, stage: &SceneLayout) {
    match stage.weather {
        Some(Weather::Rain) => rain(e, stage),
        Some(Weather::Snow) => snow(e, stage),
        Some(Weather::Fog) => fog(e, stage),
        Some(Weather::Wind) => wind(e, stage),
        None => {}
    }
}

fn rain(e: &mut PaintContext, stage: &SceneLayout) {
    let slant = e.rng.range(-0.45, 0.45);
    let light = e.palette.low.with_lightness_and_chroma(0.93, 0.6);
    let dark = e.palette.near;
    // Curtains: broad wet strokes that hang from the clouds.
    for _ in 0..e.rng.int_range(2, 4) {
        let top = stage.at(e.rng.uniform(), e.rng.range(-0.05, 0.2));
        let long = stage.height() * e.rng.range(0.45, 0.75);
        let path = bowed_line(top, pt(top.x + slant * long, top.y + long), 0.0, 6);
        let wide = stage.unit * e.rng.range(0.08, 0.2);
        let wash = e
            .plain_wash(dark)
            .with_strength(0.14)
            .rimmed(0.0)
            .streaked(9.0, 1.57 - slant)
            .wet(0.02, 1.0);
        e.lay(&Shape::stroke(&path, |t| wide * (0.5 + 0.5 * t)), wash);
    }
    for i in 0..110 {
        let start = stage.at(e.rng.range(-0.1, 1.1), e.rng.range(-0.05, 0.95));
        let long = stage.unit * e.rng.range(0.03, 0.11);
        let path = [start, pt(start.x + slant * long, start.y + long)];
        let wide = (stage.unit * 0.0028).max(0.7);
        let shape = Shape::stroke(&path, |t| wide * (0.4 + 0.6 * t));
        let wash = if i % 3 == 0 {
            e.plain_wash(dark).with_strength(0.4)
        } else {
            e.plain_wash(light).lifting(e.rng.range(0.35, 0.7)).with_strength(0.2)
        };
        e.lay_within(&shape, wash.rimmed(0.0), 0.0);
    }
}

fn snow(e: &mut PaintContext, stage: &SceneLayout) {
    let white = e.palette.paper.with_lightness_and_chroma(0.985, 0.6);
    for _ in 0..130 {
        let at = stage.at(e.rng.uniform(), e.rng.uniform());
        let near = e.rng.uniform().powi(3);
        let size = stage.unit * lerp(0.0022, 0.0095, near) + 0.3;
        let flake = Shape::ellipse(at, size, size * e.rng.range(0.8, 1.2));
        let wash =
            e.plain_wash(white).lifting(e.rng.range(0.6, 0.95)).with_strength(0.5).rimmed(0.0);
        e.lay_within(&flake, wash, size * 0.3);
    }
}

fn fog(e: &mut PaintContext, stage: &SceneLayout) {
    let pale = e.palette.low.with_lightness_and_chroma(e.palette.low.l.max(0.85), 0.6);
    for _ in 0..e.rng.int_range(3, 5) {
        let y = stage.horizon + stage.unit * e.rng.range(-0.22, 0.2);
        let at = pt(stage.at(e.rng.uniform(), 0.0).x, y);
        let (rx, ry) = (stage.unit * e.rng.range(0.3, 0.7), stage.unit * e.rng.range(0.03, 0.08));
        let shape = Shape::blob(at, rx, ry, 0.35, &mut e.rng);
        let wash = e
            .plain_wash(pale)
            .lifting(e.rng.range(0.4, 0.7))
            .with_strength(0.4)
            .rimmed(0.0)
            .wet(0.05, 1.5);
        e.lay(&shape, wash);
    }
}

fn wind(e: &mut PaintContext, stage: &SceneLayout) {
    let (light, leaf) = (e.palette.low, e.palette.accent);
    let side = e.rng.random_sign();
    for _ in 0..5 {
        let from = stage.at(e.rng.uniform(), e.rng.range(0.1, 0.7));
        let long = stage.unit * e.rng.range(0.25, 0.5) * side;
        let path = bowed_line(
            from,
            pt(from.x + long, from.y + e.rng.triangular() * 9.0),
            e.rng.triangular() * 22.0,
            16,
        );
        let wide = stage.unit * 0.012;
        let wash = e.plain_wash(light).lifting(0.4).with_strength(0.2).rimmed(0.0).dry(0.4);
        e.lay(&Shape::stroke(&path, |t| wide * t * (1.0 - t) * 4.0), wash);
    }
    for _ in 0..22 {
        let at = stage.at(e.rng.uniform(), e.rng.range(0.2, 0.95));
        let size = stage.unit * e.rng.range(0.004, 0.011);
        let tip = pt(at.x + size * 2.0 * side, at.y + e.rng.triangular() * size);
        let path = bowed_line(at, tip, size * 0.6, 4);
        let wash = e.plain_wash(leaf).lifting(0.5).with_strength(0.9);
        e.lay_within(&Shape::stroke(&path, |t| size * t * (1.0 - t) * 4.0), wash, 0.0);
    }
}
