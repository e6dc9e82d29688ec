//! Vectors as they are kept: of length one, in half precision, little-endian.
//!
//! Half precision has eleven bits for a number; of two texts whose cosine is 0.7 it changes the fourth digit, and it
//! takes half the room of single precision.

use ::half::f16;
use ::half::slice::HalfFloatSliceExt;

/// Numbers that are turned into single precision at once: they stay in the nearest cache.
const AT_ONCE: usize = 512;

/// Sums that are made side by side, so that a core adds several pairs in one step.
const LANES: usize = 16;

/// A vector as bytes, made of length one; `None` for one that has no direction.
#[must_use]
pub fn packed(vector: &[f32]) -> Option<Vec<u8>> {
    let unit = unit(vector)?;
    Some(unit.iter().flat_map(|number| f16::from_f32(*number).to_le_bytes()).collect())
}

/// The numbers of what was packed; `None` for bytes that are no vector.
#[must_use]
pub fn unpacked(bytes: &[u8]) -> Option<Vec<f16>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|pair| f16::from_le_bytes(*pair)).collect())
}

/// A vector of the same direction and of length one.
pub(super) fn unit(vector: &[f32]) -> Option<Vec<f32>> {
    let length = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
    let is_direction = length.is_finite() && length > 0.0;
    is_direction.then(|| vector.iter().map(|v| (f64::from(*v) / length) as f32).collect())
}

/// The cosine of two vectors of length one and of as many numbers.
pub(super) fn cosine(vector: &[f32], kept: &[f16]) -> f32 {
    let mut wide = [0.0_f32; AT_ONCE];
    let mut total = 0.0;
    for (ours, theirs) in vector.chunks(AT_ONCE).zip(kept.chunks(AT_ONCE)) {
        let wide = &mut wide[..theirs.len()];
        theirs.convert_to_f32_slice(wide);
        total += dot(ours, wide);
    }
    total
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_packed_points_the_same_way(vector in prop::collection::vec(-100.0_f32..100.0, 1..1600)) {
            prop_assume!(vector.iter().any(|number| number.abs() > 0.01));
            let kept = unpacked(&packed(&vector).expect("a direction")).expect("a vector");
            let unit = unit(&vector).expect("a direction");
            prop_assert!((cosine(&unit, &kept) - 1.0).abs() < 0.002);
        }
    }

    #[test]
    fn what_has_no_direction_is_none() {
        assert_eq!(packed(&[0.0, 0.0]), None);
        assert_eq!(packed(&[f32::NAN, 1.0]), None);
        assert_eq!(packed(&[]), None);
        assert_eq!(unpacked(&[1, 2, 3]), None);
    }
}
