//! The shapes that a brush fills, and the operations to build them.

use super::noise::NoiseTile;
use super::rng::Rng;
use crate::math;

/// A point on the canvas, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The distance from the left edge.
    pub x: f32,
    /// The distance from the top edge.
    pub y: f32,
}

/// Creates a [`Point`].
pub const fn pt(x: f32, y: f32) -> Point {
    Point { x, y }
}

/// Closed outlines that are filled together.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// The outlines: filled ones are clockwise on the canvas, holes are counterclockwise.
    pub contours: Vec<Vec<Point>>,
}

impl Shape {
    /// Creates a polygon. The points may have either orientation.
    pub fn polygon(points: Vec<Point>) -> Self {
        Self { contours: vec![oriented(points, true)] }
    }

    /// Creates a polygon in the local coordinates of a motif: x to the right and y *up* from its foot,
    /// in units of `size` (width and height in pixels).
    pub fn local(foot: Point, size: (f32, f32), points: &[(f32, f32)]) -> Self {
        let place = |&(x, y): &(f32, f32)| pt(x * size.0 + foot.x, foot.y - y * size.1);
        Self::polygon(points.iter().map(place).collect())
    }

    /// Creates an axis-aligned rectangle between two corners.
    pub fn rect(x0: f32, y0: f32, x1: f32, y1: f32) -> Self {
        Self::polygon(vec![pt(x0, y0), pt(x1, y0), pt(x1, y1), pt(x0, y1)])
    }

    /// Creates an axis-aligned ellipse with the radii `rx` and `ry`.
    pub fn ellipse(centre: Point, rx: f32, ry: f32) -> Self {
        let count = (rx.max(ry) * 1.5).clamp(12.0, 72.0) as usize;
        let on = |i: usize| {
            let (sin, cos) = math::sin_cos(i as f32 / count as f32 * std::f32::consts::TAU);
            pt(rx * cos + centre.x, ry * sin + centre.y)
        };
        Self::polygon((0..count).map(on).collect())
    }

    /// Creates an irregular ellipse, such as foliage or a cloud; `lumps` is the largest relative
    /// change of its radii, 0-1.
    pub fn blob(centre: Point, rx: f32, ry: f32, lumps: f32, rng: &mut Rng) -> Self {
        let count = 14;
        let first = rng.uniform();
        let on = |i: usize| {
            let angle = (i as f32 + first) / count as f32 * std::f32::consts::TAU;
            let reach = lumps * rng.triangular() + 1.0;
            pt(rx * reach * math::cos(angle) + centre.x, ry * reach * math::sin(angle) + centre.y)
        };
        Self::polygon((0..count).map(on).collect()).smoothed()
    }

    /// Creates a brush stroke along `path`; `width` returns its full width in pixels from 0 (start) to
    /// 1 (end).
    pub fn stroke(path: &[Point], width: impl Fn(f32) -> f32) -> Self {
        let last = path.len().saturating_sub(1);
        let mut left = Vec::with_capacity(path.len() * 2);
        let mut right = Vec::with_capacity(path.len());
        for (i, p) in path.iter().enumerate() {
            let (a, b) = (path[i.saturating_sub(1)], path[(i + 1).min(last)]);
            let (dx, dy) = (b.x - a.x, b.y - a.y);
            let length = math::hypot(dx, dy).max(1e-3);
            let half = 0.5 * width(i as f32 / last.max(1) as f32);
            let (nx, ny) = (-dy / length * half, dx / length * half);
            left.push(pt(p.x + nx, p.y + ny));
            right.push(pt(p.x - nx, p.y - ny));
        }
        left.extend(right.into_iter().rev());
        Self::polygon(left)
    }

    /// Returns this shape and another, filled together.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        self.contours.extend(other.contours);
        self
    }

    /// Returns this shape with `hole` cut out.
    #[must_use]
    pub fn without(mut self, hole: Self) -> Self {
        self.contours.extend(hole.contours.into_iter().map(|c| oriented(c, false)));
        self
    }

    /// Returns the shape with rounded corners, by two passes of Chaikin's corner cutting (1974).
    #[must_use]
    pub fn smoothed(mut self) -> Self {
        for contour in &mut self.contours {
            *contour = chaikin(&chaikin(contour));
        }
        self
    }

    /// Returns the shape mirrored at the vertical line through `x` if `side` is negative, else
    /// unchanged.
    #[must_use]
    pub fn mirrored(self, x: f32, side: f32) -> Self {
        if side >= 0.0 {
            return self;
        }
        let flip = |c: Vec<Point>| c.into_iter().rev().map(|p| pt(2.0 * x - p.x, p.y)).collect();
        Self { contours: self.contours.into_iter().map(flip).collect() }
    }

    /// Returns the shape with an irregular outline, as if drawn by hand: the outline is split into
    /// steps of at most `step` pixels, and noise of two frequencies moves each point by about `amount`
    /// pixels.
    #[must_use]
    pub fn hand_drawn(&self, noise: &NoiseTile, amount: f32, step: f32, offset: f32) -> Self {
        let jog = |p: Point| {
            let (sx, sy) = (p.x * 1.1 + offset, p.y * 1.1);
            let slow = (noise.at(sx, sy) - 0.5, noise.at(sy + 91.0, sx + 37.0) - 0.5);
            let fine = (noise.at(sx * 5.0, sy * 5.0) - 0.5, noise.at(sy * 5.0, sx * 5.0) - 0.5);
            pt(
                amount * (0.5 * fine.0 + slow.0) * 2.0 + p.x,
                amount * (0.5 * fine.1 + slow.1) * 2.0 + p.y,
            )
        };
        let walk = |c: &Vec<Point>| subdivide(c, step).into_iter().map(jog).collect();
        Self { contours: self.contours.iter().map(walk).collect() }
    }
}

/// Returns a line from `a` to `b` in `count` steps, bent sideways by `bow` pixels in its middle.
pub fn bowed_line(a: Point, b: Point, bow: f32, count: usize) -> Vec<Point> {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length = math::hypot(dx, dy).max(1e-3);
    (0..=count)
        .map(|i| {
            let t = i as f32 / count as f32;
            let away = bow * 4.0 * t * (1.0 - t);
            pt(dx * t + a.x - dy / length * away, dy * t + a.y + dx / length * away)
        })
        .collect()
}

fn chaikin(points: &[Point]) -> Vec<Point> {
    let mut cut = Vec::with_capacity(points.len() * 2);
    for (i, a) in points.iter().enumerate() {
        let b = points[(i + 1) % points.len()];
        cut.push(pt(0.75 * a.x + 0.25 * b.x, 0.75 * a.y + 0.25 * b.y));
        cut.push(pt(0.25 * a.x + 0.75 * b.x, 0.25 * a.y + 0.75 * b.y));
    }
    cut
}

fn subdivide(points: &[Point], step: f32) -> Vec<Point> {
    let mut fine = Vec::new();
    for (i, a) in points.iter().enumerate() {
        let b = points[(i + 1) % points.len()];
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let parts = (math::hypot(dx, dy) / step.max(0.5)).ceil().clamp(1.0, 400.0) as usize;
        for part in 0..parts {
            let t = part as f32 / parts as f32;
            fine.push(pt(dx * t + a.x, dy * t + a.y));
        }
    }
    fine
}

/// Returns the outline with the given orientation.
fn oriented(mut points: Vec<Point>, clockwise: bool) -> Vec<Point> {
    let area: f32 = (0..points.len())
        .map(|i| {
            let (a, b) = (points[i], points[(i + 1) % points.len()]);
            a.x * b.y - b.x * a.y
        })
        .sum();
    if (area > 0.0) != clockwise {
        points.reverse();
    }
    points
}
