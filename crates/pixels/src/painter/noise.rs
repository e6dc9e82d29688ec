//! Tiles of smooth noise for the flow of water and the grain of paper.
//!
//! The noise is computed once, into small tiles that repeat without a seam. Each wash samples a tile
//! with its own scale, rotation and offset, which is many times cheaper than computing noise for each
//! pixel.

use super::rng::Rng;

/// The side of a tile in samples. It is a power of two, so that coordinates wrap with a bit mask.
const SIDE: usize = 256;
const MASK: usize = SIDE - 1;

/// A seamless square of noise with values from 0 to 1 around a mean of 0.5.
#[derive(Debug, Clone)]
pub struct NoiseTile {
    values: Vec<f32>,
}

impl NoiseTile {
    /// Creates the sum of several octaves of value noise, each given as lattice cells per side and
    /// amplitude.
    pub fn new(rng: &mut Rng, octaves: &[(usize, f32)]) -> Self {
        let mut values = vec![0.0; SIDE * SIDE];
        for &(period, amplitude) in octaves {
            add_octave(&mut values, rng, period.min(SIDE), amplitude);
        }
        normalize(&mut values);
        Self { values }
    }

    /// Creates large eddies with finer ones on top, as flowing water leaves them in pigment.
    pub fn flow(rng: &mut Rng) -> Self {
        Self::new(rng, &[(4, 1.0), (8, 0.7), (16, 0.45), (32, 0.28), (64, 0.14), (128, 0.08)])
    }

    /// Creates the surface of cold-pressed paper: small hills and valleys.
    pub fn grain(rng: &mut Rng) -> Self {
        Self::new(rng, &[(32, 0.15), (64, 0.5), (128, 1.0), (256, 0.55)])
    }

    /// Returns the value at a point, given in samples, interpolated between its four neighbours.
    #[inline]
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let ((x0, tx), (y0, ty)) = (split(x), split(y));
        let (x1, y1) = ((x0 + 1) & MASK, (y0 + 1) & MASK);
        // One check of the length, which always holds, instead of one for each of the four.
        let Some(values) = self.values.first_chunk::<{ SIDE * SIDE }>() else { return 0.5 };
        let top = lerp(values[y0 * SIDE + x0], values[y0 * SIDE + x1], tx);
        let bottom = lerp(values[y1 * SIDE + x0], values[y1 * SIDE + x1], tx);
        lerp(top, bottom, ty)
    }
}

/// Splits a coordinate into the index of the sample before it and the fraction beyond it, 0-1. The coordinate must be
/// nearer to 0 than 2²².
///
/// It needs additions only, because the basic instructions of x86-64 have no `floor`: `f32::floor` would be a call of a
/// library function.
#[inline]
fn split(coordinate: f32) -> (usize, f32) {
    // In 1.5 × 2²³ plus a number, the last bit of the mantissa counts ones, so the sum is rounded to a whole number, and
    // the last bits of the sum are those of that number, also if it is negative.
    const ROUNDER: f32 = 12_582_912.0;
    let nearest = (coordinate + ROUNDER) - ROUNDER;
    let floor = if nearest > coordinate { nearest - 1.0 } else { nearest };
    ((floor + ROUNDER).to_bits() as usize & MASK, coordinate - floor)
}

/// Interpolates linearly between `a` (`t` = 0) and `b` (`t` = 1).
#[inline]
pub fn lerp(a: f32, b: f32, t: f32) -> f32 {
    (b - a) * t + a
}

/// Returns 0 below `low`, 1 above `high`, and a smooth S-curve between them.
#[inline]
pub fn smoothstep(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn add_octave(values: &mut [f32], rng: &mut Rng, period: usize, amplitude: f32) {
    let lattice: Vec<f32> = (0..period * period).map(|_| rng.range(-1.0, 1.0)).collect();
    let cell = SIDE / period;
    let step = 1.0 / cell as f32;
    for y in 0..SIDE {
        let (y0, ty) = (y / cell, ease((y % cell) as f32 * step));
        let y1 = (y0 + 1) % period;
        for x in 0..SIDE {
            let (x0, tx) = (x / cell, ease((x % cell) as f32 * step));
            let x1 = (x0 + 1) % period;
            let top = lerp(lattice[y0 * period + x0], lattice[y0 * period + x1], tx);
            let bottom = lerp(lattice[y1 * period + x0], lattice[y1 * period + x1], tx);
            values[y * SIDE + x] += amplitude * lerp(top, bottom, ty);
        }
    }
}

fn ease(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

/// Scales the values to a mean of 0.5 and a standard deviation of 0.22, so that washes can rely on
/// their range.
fn normalize(values: &mut [f32]) {
    let count = values.len() as f32;
    let mean = values.iter().sum::<f32>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count;
    let scale = 0.22 / variance.sqrt().max(1e-6);
    for value in values {
        *value = ((*value - mean) * scale + 0.5).clamp(0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coordinate_is_split_as_by_floor() {
        let near_whole =
            [-256.0_f32, -1.0, 0.0, 1.0, 255.0, 256.0, 70_000.0].into_iter().flat_map(|whole| {
                [whole.next_down(), whole, whole.next_up(), whole + 0.5, whole + 0.25]
            });
        let others = (-4000..4000).map(|n| n as f32 * 0.377);
        for coordinate in near_whole.chain(others) {
            let floor = coordinate.floor();
            let expected = ((floor as i64).rem_euclid(256) as usize, coordinate - floor);
            assert_eq!(split(coordinate), expected, "{coordinate}");
        }
    }
}
