//! Among trees: pale trunks far off, dark ones near, light between.

use crate::painter::easel::Easel;
use crate::painter::land;
use crate::painter::motif;
use crate::painter::noise::lerp;
use crate::painter::shape::{Shape, bowed, pt};
use crate::painter::stage::{Spot, Stage};
use calliope_domain::Season;

/// The wood behind the things.
pub fn paint(e: &mut Easel, stage: &Stage) {
    foliage(e, stage, 9, 0.5);
    let conifers = e.chance.happens(0.4) || stage.snow();
    land::ground(e, stage);
    let glow = e.palette.low;
    let open = pt(stage.focus.x, stage.horizon - stage.unit * 0.1);
    e.glow(open, stage.unit * 0.35, glow, 0.8);
    for i in 0..13 {
        let depth = i as f32 / 13.0;
        let x = e.chance.unit();
        let foot = pt(stage.at(x, 0.0).x, stage.ground(lerp(0.0, 0.3, depth)));
        if conifers && i % 3 != 0 {
            let height = stage.unit * lerp(0.3, 0.55, depth) * e.chance.range(0.8, 1.2);
            motif::pine(e, Spot { foot, height, side: 1.0 });
        } else {
            trunk(e, stage, foot.x, foot.y, depth * 0.7);
        }
    }
    if !conifers {
        foliage(e, stage, 8, 0.75);
    }
    land::grass(e, stage, 16);
}

/// Dark trunks at the sides, in front of everything: a frame to look through.
pub fn foreground(e: &mut Easel, stage: &Stage) {
    let clear = (stage.focus.x - stage.view.0) / stage.width();
    for _ in 0..e.chance.whole(2, 3) {
        let x = if e.chance.happens(0.5) {
            e.chance.range(0.0, 0.16)
        } else {
            e.chance.range(0.84, 1.0)
        };
        if (x - clear).abs() > 0.16 {
            let foot = stage.at(x, 0.0).x;
            let y = stage.ground(e.chance.range(0.7, 1.0));
            trunk(e, stage, foot, y, 1.0);
        }
    }
}

fn trunk(e: &mut Easel, stage: &Stage, x: f32, y: f32, depth: f32) {
    let top = stage.view.1 - stage.unit * 0.05;
    let lean = e.chance.sway() * stage.unit * 0.06;
    let path = bowed(pt(x, y), pt(x + lean, top), e.chance.sway() * stage.unit * 0.03, 16);
    let thick = stage.unit * lerp(0.012, 0.075, depth) * e.chance.range(0.7, 1.2);
    let bark = e.palette.depth(0.25 + 0.75 * depth).towards(e.palette.dark, depth * 0.5);
    let shape = Shape::stroke(&path, |t| thick * (1.0 - 0.4 * t + 0.6 * (1.0 - t).powi(9)));
    let second = e.palette.dark;
    let wash = e.mixed(bark, second).lifting(0.5 + 0.4 * depth).streaked(4.0, 1.57);
    e.lay(&shape, wash.falling(y, top, (1.1, 0.75)));
    for _ in 0..e.chance.whole(1, 3) {
        let at = path[e.chance.whole(6, 14)];
        let long = stage.unit * e.chance.range(0.06, 0.2);
        let end = pt(at.x + long * e.chance.side(), at.y - long * e.chance.range(0.2, 0.8));
        let twig = bowed(at, end, e.chance.sway() * long * 0.2, 7);
        let wash = e.plain(bark).at(0.9);
        e.lay(&Shape::stroke(&twig, |t| (thick * 0.3 * (1.0 - t)).max(0.7)), wash);
    }
}

fn foliage(e: &mut Easel, stage: &Stage, count: usize, strength: f32) {
    if stage.snow() || stage.season == Some(Season::Winter) {
        return;
    }
    let leaf = if stage.season == Some(Season::Autumn) { e.palette.accent } else { e.palette.mid };
    let second = e.palette.near;
    for _ in 0..count {
        let at = stage.at(e.chance.unit(), e.chance.range(-0.05, 0.42));
        let size = stage.unit * e.chance.range(0.09, 0.2);
        let shape = Shape::blob(at, size * 1.3, size, 0.5, &mut e.chance);
        let mut wash = e.mixed(leaf, second).at(strength).wet(0.03, 0.8).dry(0.3);
        wash.flow = 0.7;
        wash.scale = 1.8;
        let amount = 0.03 * e.unit();
        e.lay_within(&shape, wash, amount);
    }
}
