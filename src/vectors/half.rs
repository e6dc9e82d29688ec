//! Vectors as they are kept: of length one, in half precision, little-endian.
//!
//! Half precision has eleven bits for a number; of two texts whose cosine is 0.7 it changes the fourth digit, and it
//! takes half the room of single precision.

use ::half::f16;
use pulp::{Arch, NullaryFnOnce};

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
    match Arch::new() {
        // Without such an instruction, a fused product and sum is a slow call.
        Arch::Scalar => Cosine::<false> { vector, kept }.call(),
        arch => arch.dispatch(Cosine::<true> { vector, kept }),
    }
}

/// Built for each set of instructions that a processor may have: what it calls must be inlined into it.
struct Cosine<'a, const IS_FUSED: bool> {
    vector: &'a [f32],
    kept: &'a [f16],
}

impl<const IS_FUSED: bool> NullaryFnOnce for Cosine<'_, IS_FUSED> {
    type Output = f32;

    #[expect(clippy::inline_always, reason = "it is built for other instructions than its caller")]
    #[inline(always)]
    fn call(self) -> f32 {
        let mut sums = [0.0_f32; LANES];
        let (ours, ours_rest) = self.vector.as_chunks::<LANES>();
        let (theirs, theirs_rest) = self.kept.as_chunks::<LANES>();
        for (ours, theirs) in ours.iter().zip(theirs) {
            for lane in 0..LANES {
                let theirs = wide(theirs[lane]);
                sums[lane] = if IS_FUSED {
                    ours[lane].mul_add(theirs, sums[lane])
                } else {
                    sums[lane] + ours[lane] * theirs
                };
            }
        }
        let rest = ours_rest.iter().zip(theirs_rest);
        rest.map(|(ours, theirs)| ours * wide(*theirs)).sum::<f32>() + sums.iter().sum::<f32>()
    }
}

/// A finite number in single precision: its bits moved to where that has them, and its exponent put right by a product. Unlike
/// a call for it, this becomes part of the loop around it.
#[inline(always)]
fn wide(number: f16) -> f32 {
    /// Two to the power of the difference of the exponents' biases, 127 - 15.
    const SCALE: f32 = f32::from_bits((127 + 112) << 23);
    let bits = u32::from(number.to_bits());
    let magnitude = f32::from_bits((bits & 0x7FFF) << 13) * SCALE;
    f32::from_bits(magnitude.to_bits() | ((bits & 0x8000) << 16))
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
            let plain = Cosine::<false> { vector: &unit, kept: &kept }.call();
            prop_assert!((cosine(&unit, &kept) - plain).abs() < 0.000_01);
        }
    }

    #[test]
    fn every_finite_number_is_widened_exactly() {
        let all = (0..=u16::MAX).map(f16::from_bits).filter(|number| number.is_finite());
        for number in all {
            assert_eq!(wide(number).to_bits(), number.to_f32().to_bits(), "{number:?}");
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
