//! Roofs behind roofs and a street between them.

use crate::painter::context::PaintContext;
use crate::painter::land;
use crate::painter::layout::{Placement, SceneLayout};
use crate::painter::motif;
use crate::painter::noise::lerp;
use crate::painter::prompt::Weather;
use crate::painter::shape::{Point, Shape, bowed_line, pt};
use crate::vision::oklab::Lab;

/// The town behind the things.
pub fn paint(e: &mut PaintContext, stage: &SceneLayout) {
    for depth in [0.0, 0.35] {
        skyline(e, stage, depth);
    }
    street(e, stage);
    for side in [-1.0, 1.0] {
        terrace(e, stage, side);
    }
    let count = e.rng.int_range(1, 2);
    for i in 0..count {
        let x = if i == 0 { e.rng.range(0.1, 0.3) } else { e.rng.range(0.7, 0.9) };
        let foot = pt(stage.at(x, 0.0).x, stage.ground(e.rng.range(0.2, 0.5)));
        let height = stage.unit * e.rng.range(0.26, 0.4);
        motif::street_lamp(e, Placement { foot, height, facing: 1.0 });
    }
}

/// A row of roofs as one wash, with chimneys.
fn skyline(e: &mut PaintContext, stage: &SceneLayout, depth: f32) {
    let (x0, _, x1, _) = stage.view;
    let base = stage.horizon + stage.unit * 0.03;
    let tall = stage.unit * lerp(0.3, 0.2, depth);
    let mut line = vec![pt(x0 - 9.0, base)];
    let mut x = x0 - 9.0;
    while x < x1 + 9.0 {
        let wide = stage.unit * e.rng.range(0.06, 0.15);
        let eaves = base - tall * e.rng.range(0.5, 0.9);
        let ridge = eaves - wide * e.rng.range(0.25, 0.7);
        let stack = e.rng.range(0.6, 0.8);
        line.extend([pt(x, eaves), pt(x + wide * 0.5, ridge)]);
        if e.rng.random_bool(0.5) {
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
    let colour = e.palette.at_depth(depth * 0.9);
    let low = e.palette.low;
    let wash = e.plain_wash(colour).lifting(0.5).wet(0.006, 0.5).with_gradient(
        base - tall,
        base,
        (0.95, 0.5),
    );
    e.lay(&shape, wash);
    if e.has_lit_lamps() {
        for _ in 0..16 {
            let at = pt(stage.at(e.rng.uniform(), 0.0).x, base - tall * e.rng.range(0.1, 0.45));
            let size = stage.unit * 0.007;
            let glow = e.palette.glow.lerp(low, 0.2);
            let wash = e.plain_wash(glow).lifting(0.9).with_strength(0.8).rimmed(0.2);
            e.lay_within(&Shape::rect(at.x, at.y, at.x + size, at.y + size * 1.5), wash, 0.5);
        }
    }
}

/// Houses along one side of the street, running away towards the middle.
fn terrace(e: &mut PaintContext, stage: &SceneLayout, side: f32) {
    let meet = pt(stage.focus.x.clamp(stage.at(0.35, 0.0).x, stage.at(0.65, 0.0).x), stage.horizon);
    let edge = if side < 0.0 { stage.view.0 - 9.0 } else { stage.view.2 + 9.0 };
    let count = 3;
    let mut bounds: Vec<f32> =
        (0..=count).map(|i| 0.86 * (1.0 - (i as f32 / count as f32)).powf(1.4) + 0.14).collect();
    bounds[0] = 1.0;
    let tall = e.rng.range(0.42, 0.58) * stage.height();
    for i in (0..count).rev() {
        let (near, far) = (bounds[i], bounds[i + 1]);
        let x = |t: f32| lerp(meet.x, edge, t);
        let foot = |t: f32| meet.y + (stage.view.3 - meet.y) * 0.55 * t;
        let rise = tall * e.rng.range(0.85, 1.15);
        let head = |t: f32| meet.y - rise * t;
        let wall = Shape::polygon(vec![
            pt(x(near), foot(near)),
            pt(x(far), foot(far)),
            pt(x(far), head(far)),
            pt(x(near), head(near)),
        ]);
        let tone = facade_colour(e, i);
        let shade = e.palette.near;
        e.paint_form(&wall, tone, shade);
        let dark = e.palette.dark;
        let roof = Shape::polygon(vec![
            pt(x(near), head(near)),
            pt(x(far) - side * stage.unit * 0.01, head(far)),
            pt(x(lerp(near, far, 0.85)), head(far) - rise * 0.16),
            pt(x(near), head(near) - rise * 0.26),
        ]);
        let tile = if e.rng.random_bool(0.4) { e.palette.accent } else { e.palette.near };
        e.paint_form(&roof, tile, dark);
        windows(e, &|t, h| {
            pt(x(lerp(near, far, t)), lerp(foot(lerp(near, far, t)), head(lerp(near, far, t)), h))
        });
        if side > 0.0 {
            e.glaze(&wall, dark, 0.22);
        }
    }
}

fn facade_colour(e: &mut PaintContext, i: usize) -> Lab {
    let pale =
        if e.has_lit_lamps() { e.palette.mid.lerp(e.palette.low, 0.2) } else { e.palette.low };
    match (i + e.rng.int_range(0, 2)) % 3 {
        0 => pale,
        1 => pale.lerp(e.palette.accent, 0.3),
        _ => pale.lerp(e.palette.far, 0.6),
    }
}

fn windows(e: &mut PaintContext, at: &dyn Fn(f32, f32) -> Point) {
    let lit = e.has_lit_lamps();
    for (column, row) in [(0.2, 0.45), (0.6, 0.45), (0.2, 0.72), (0.6, 0.72), (0.58, 0.06)] {
        let (wide, tall) = (0.2, if row < 0.1 { 0.28 } else { 0.14 });
        let pane = Shape::polygon(vec![
            at(column, row),
            at(column + wide, row),
            at(column + wide, row + tall),
            at(column, row + tall),
        ]);
        let shines = lit && row > 0.1 && e.rng.random_bool(0.6);
        let wash = if shines {
            let glow = e.palette.glow;
            e.plain_wash(glow).lifting(0.95).with_strength(0.9).rimmed(0.4)
        } else {
            let dark = e.palette.dark;
            e.plain_wash(dark).with_strength(0.6)
        };
        e.lay_within(&pane, wash, 1.0);
    }
}

fn street(e: &mut PaintContext, stage: &SceneLayout) {
    land::ground(e, stage);
    let wet = stage.weather == Some(Weather::Rain);
    let colour = if e.has_lit_lamps() || wet { e.palette.glow } else { e.palette.low };
    let count = if wet { 22 } else { 8 };
    for _ in 0..count {
        let at = pt(stage.at(e.rng.range(0.1, 0.9), 0.0).x, stage.ground(e.rng.range(0.05, 0.95)));
        let wide = stage.unit * e.rng.range(0.03, 0.12);
        let path = bowed_line(pt(at.x - wide, at.y), pt(at.x + wide, at.y), 0.0, 6);
        let thick = stage.unit * e.rng.range(0.004, 0.012);
        let wash = e.plain_wash(colour).lifting(0.55).with_strength(0.4).rimmed(0.1).dry(0.38);
        e.lay(&Shape::stroke(&path, |t| thick * (t * (1.0 - t) * 4.0)), wash);
    }
}
