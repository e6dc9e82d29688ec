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
pub fn encode_vector(vector: &[f32]) -> Option<Vec<u8>> {
    // Processors take their time for numbers below the smallest normal one, and these change no cosine that anyone would see.
    let half = |number: f32| {
        let half = f16::from_f32(number);
        if half.is_normal() { half } else { f16::ZERO }
    };
    Some(normalize(vector)?.into_iter().flat_map(|number| half(number).to_le_bytes()).collect())
}

/// The numbers of what was packed; `None` for bytes that are no vector.
#[must_use]
pub fn decode_vector(bytes: &[u8]) -> Option<Vec<f16>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|pair| f16::from_le_bytes(*pair)).collect())
}

/// A vector of the same direction and of length one.
pub(super) fn normalize(vector: &[f32]) -> Option<Vec<f32>> {
    let length = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
    let is_direction = length.is_finite() && length > 0.0;
    is_direction.then(|| vector.iter().map(|v| (f64::from(*v) / length) as f32).collect())
}

/// A vector of length one to compare others with.
///
/// A number in half precision becomes one in single precision by moving its bits to where that has them; its exponent is then
/// too small by the difference of the two biases, 127 - 15. Here that is made up for once, in the vector that all are compared
/// with, and what is left for each number is to move, to mask, and to multiply and add.
#[derive(Debug)]
pub(super) struct QueryVector(Vec<f32>);

impl QueryVector {
    /// `None` for a vector that has no direction.
    pub(super) fn new(vector: &[f32]) -> Option<Self> {
        const SCALE: f32 = f32::from_bits((127 + 112) << 23);
        Some(Self(normalize(vector)?.into_iter().map(|number| number * SCALE).collect()))
    }

    /// How many numbers it has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The cosine with what was packed of as many numbers.
    pub(super) fn cosine(&self, kept: &[f16]) -> f32 {
        match Arch::new() {
            // Without such an instruction, a fused product and sum is a slow call.
            Arch::Scalar => Dot::<false>(&self.0, kept).call(),
            arch => arch.dispatch(Dot::<true>(&self.0, kept)),
        }
    }
}

/// Built for each set of instructions that a processor may have: what it calls must be inlined into it.
struct Dot<'a, const IS_FUSED: bool>(&'a [f32], &'a [f16]);

impl<const IS_FUSED: bool> NullaryFnOnce for Dot<'_, IS_FUSED> {
    type Output = f32;

    #[expect(clippy::inline_always, reason = "it is built for other instructions than its caller")]
    #[inline(always)]
    fn call(self) -> f32 {
        let mut sums = [0.0_f32; LANES];
        let (ours, ours_rest) = self.0.as_chunks::<LANES>();
        let (theirs, theirs_rest) = self.1.as_chunks::<LANES>();
        for (ours, theirs) in ours.iter().zip(theirs) {
            for lane in 0..LANES {
                let theirs = f16_to_scaled_f32(theirs[lane]);
                sums[lane] = if IS_FUSED {
                    ours[lane].mul_add(theirs, sums[lane])
                } else {
                    sums[lane] + ours[lane] * theirs
                };
            }
        }
        let rest = ours_rest.iter().zip(theirs_rest);
        rest.map(|(ours, theirs)| ours * f16_to_scaled_f32(*theirs)).sum::<f32>()
            + sums.iter().sum::<f32>()
    }
}

/// A finite number divided by two to the power of 112.
#[expect(clippy::inline_always, reason = "as for what calls it")]
#[inline(always)]
fn f16_to_scaled_f32(number: f16) -> f32 {
    let bits = i32::from(number.to_bits().cast_signed()) << 13;
    f32::from_bits(bits.cast_unsigned() & 0x8FFF_E000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_packed_points_the_same_way(vector in prop::collection::vec(-100.0_f32..100.0, 1..1600)) {
            prop_assume!(vector.iter().any(|number| number.abs() > 0.01));
            let kept = decode_vector(&encode_vector(&vector).expect("a direction")).expect("a vector");
            let direction = QueryVector::new(&vector).expect("a direction");
            let cosine = direction.cosine(&kept);
            prop_assert!((cosine - 1.0).abs() < 0.002);
            let plain = Dot::<false>(&direction.0, &kept).call();
            prop_assert!((cosine - plain).abs() < 0.000_01);
        }
    }

    #[test]
    fn every_finite_number_is_moved_exactly() {
        let scale = 2.0_f32.powi(112);
        let all = (0..=u16::MAX).map(f16::from_bits).filter(|number| number.is_finite());
        for number in all {
            let moved = f16_to_scaled_f32(number) * scale;
            assert_eq!(moved.to_bits(), number.to_f32().to_bits(), "{number:?}");
        }
    }

    #[test]
    fn what_has_no_direction_is_none() {
        assert_eq!(encode_vector(&[0.0, 0.0]), None);
        assert_eq!(encode_vector(&[f32::NAN, 1.0]), None);
        assert_eq!(encode_vector(&[]), None);
        assert_eq!(decode_vector(&[1, 2, 3]), None);
    }
}
