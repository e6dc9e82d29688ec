//! Coverage masks: the fraction of each pixel that a shape covers, and blurred masks.

use super::shape::{Point, Shape};

/// The coverage of each pixel in a rectangle of the canvas.
#[derive(Debug, Clone)]
pub struct Mask {
    /// The left edge on the canvas, in pixels.
    pub x: usize,
    /// The top edge on the canvas, in pixels.
    pub y: usize,
    /// The width in pixels.
    pub width: usize,
    /// The height in pixels.
    pub height: usize,
    /// The coverage of each pixel, 0-1, row by row.
    pub cover: Vec<f32>,
}

impl Mask {
    /// Returns the coverage of `shape` with `margin` pixels around it, clipped to a canvas of the
    /// given size. Returns `None` if the shape is outside the canvas or has a coordinate that is not
    /// finite.
    pub fn rasterize(shape: &Shape, canvas: (usize, usize), margin: usize) -> Option<Self> {
        let (low, high) = bounds(shape)?;
        let margin = margin as f32 + 1.0;
        let clip = |v: f32, end: usize| v.clamp(0.0, end as f32) as usize;
        let (x0, x1) = (clip(low.x - margin, canvas.0), clip(high.x + margin + 1.0, canvas.0));
        let (y0, y1) = (clip(low.y - margin, canvas.1), clip(high.y + margin + 1.0, canvas.1));
        if x1 <= x0 || y1 <= y0 {
            return None;
        }
        let (width, height) = (x1 - x0, y1 - y0);
        let mut area = Accumulator { width, height, cells: vec![0.0; width * height + 2] };
        for contour in &shape.contours {
            let Some(&last) = contour.last() else { continue };
            let mut from = last;
            for &to in contour {
                area.edge(from, to, (x0 as f32, y0 as f32));
                from = to;
            }
        }
        Some(Self { x: x0, y: y0, width, height, cover: area.finish() })
    }

    /// Returns the coverage blurred by two passes of a moving average of `radius` pixels.
    pub fn blurred(&self, radius: usize) -> Vec<f32> {
        let mut out = self.cover.clone();
        if radius == 0 {
            return out;
        }
        let mut spare = vec![0.0; out.len()];
        for _ in 0..2 {
            blur_rows(&out, &mut spare, self.width, radius);
            blur_columns(&spare, &mut out, self.width, radius);
        }
        out
    }
}

fn bounds(shape: &Shape) -> Option<(Point, Point)> {
    let mut points = shape.contours.iter().flatten();
    let first = *points.next()?;
    let (low, high) = points.fold((first, first), |(low, high), p| {
        (
            Point { x: low.x.min(p.x), y: low.y.min(p.y) },
            Point { x: high.x.max(p.x), y: high.y.max(p.y) },
        )
    });
    [low.x, low.y, high.x, high.y].iter().all(|v| v.is_finite()).then_some((low, high))
}

/// A rasteriser with exact area coverage. Each edge adds signed area to cells, and a running sum along
/// each row turns it into coverage, as in Raph Levien's `font-rs` (2016).
struct Accumulator {
    width: usize,
    height: usize,
    cells: Vec<f32>,
}

impl Accumulator {
    fn edge(&mut self, a: Point, b: Point, origin: (f32, f32)) {
        let (ax, ay, bx, by) = (a.x - origin.0, a.y - origin.1, b.x - origin.0, b.y - origin.1);
        if (ay - by).abs() < 1e-6 {
            return;
        }
        let (dir, x0, y0, x1, y1) =
            if ay < by { (1.0, ax, ay, bx, by) } else { (-1.0, bx, by, ax, ay) };
        let slope = (x1 - x0) / (y1 - y0);
        let mut x = if y0 < 0.0 { x0 - slope * y0 } else { x0 };
        let first = y0.max(0.0) as usize;
        let end = self.height.min(ceil(y1));
        for row in first..end {
            let top = (row as f32).max(y0);
            let bottom = ((row + 1) as f32).min(y1);
            let dy = bottom - top;
            let next = slope * dy + x;
            self.span(row, dir * dy, x.min(next), x.max(next));
            x = next;
        }
    }

    /// Adds the area `d` of an edge that runs from `left` to `right` within one row.
    fn span(&mut self, row: usize, d: f32, left: f32, right: f32) {
        let limit = self.width as f32;
        let (left, right) = (left.clamp(0.0, limit), right.clamp(0.0, limit));
        let start = row * self.width;
        let i = left as usize;
        let first = i as f32;
        if right <= first + 1.0 {
            let covered = 1.0 - (0.5 * (left + right) - first);
            self.put(start, i, d * covered);
            self.put(start, i + 1, d * (1.0 - covered));
            return;
        }
        // `total(end)` is the mean distance from the points of the edge to `end`. Its difference
        // between two cells is the fraction of the cell that lies to the right of the edge.
        let inverse = 1.0 / (right - left);
        let total = |end: f32| {
            let reach = (end.min(right) - left).max(0.0);
            0.5 * reach * reach * inverse + (end - right).max(0.0)
        };
        let mut before = 0.0;
        for cell in i..=ceil(right) {
            let part = total((cell + 1) as f32) - total(cell as f32);
            self.put(start, cell, d * (part - before));
            before = part;
        }
    }

    fn put(&mut self, start: usize, cell: usize, area: f32) {
        // Area beyond the right edge is dropped, because it would go to the next row.
        if cell < self.width {
            self.cells[start + cell] += area;
        }
    }

    fn finish(mut self) -> Vec<f32> {
        self.cells.truncate(self.width * self.height);
        for row in self.cells.chunks_exact_mut(self.width) {
            let mut sum = 0.0f32;
            for cell in row {
                sum += *cell;
                *cell = sum.abs().min(1.0);
            }
        }
        self.cells
    }
}

/// Returns the smallest whole number that is not below `value`, or 0 if it is negative. `f32::ceil` would be a call of
/// a library function, because the basic instructions of x86-64 do not include it.
fn ceil(value: f32) -> usize {
    let truncated = value as usize;
    truncated + usize::from((truncated as f32) < value)
}

/// Computes moving averages along the rows. Beyond an edge, the outermost value is repeated.
fn blur_rows(from: &[f32], to: &mut [f32], width: usize, radius: usize) {
    let scale = 1.0 / (2 * radius + 1) as f32;
    for (row, out) in from.chunks_exact(width).zip(to.chunks_exact_mut(width)) {
        let after = |x: usize| row[x.min(width - 1)];
        let before = |x: usize| row[x.saturating_sub(radius)];
        let mut sum = row[0] * radius as f32 + (0..=radius).map(after).sum::<f32>();
        for (x, cell) in out.iter_mut().enumerate() {
            *cell = sum * scale;
            sum += after(x + radius + 1) - before(x);
        }
    }
}

/// Computes moving averages along the columns, like [`blur_rows`]. It handles a whole row at a time,
/// so that memory is read in order.
fn blur_columns(from: &[f32], to: &mut [f32], width: usize, radius: usize) {
    let height = from.len() / width;
    let scale = 1.0 / (2 * radius + 1) as f32;
    let row = |y: usize| &from[y * width..(y + 1) * width];
    let mut sums: Vec<f32> = row(0).iter().map(|v| v * radius as f32).collect();
    for y in 0..=radius {
        for (sum, v) in sums.iter_mut().zip(row(y.min(height - 1))) {
            *sum += v;
        }
    }
    for (y, out) in to.chunks_exact_mut(width).enumerate() {
        let enter = row((y + radius + 1).min(height - 1));
        let leave = row(y.saturating_sub(radius));
        for (x, cell) in out.iter_mut().enumerate() {
            *cell = sums[x] * scale;
            sums[x] += enter[x] - leave[x];
        }
    }
}
