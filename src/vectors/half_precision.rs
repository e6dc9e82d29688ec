//! The stored form of vectors: normalized to length one, in half precision (IEEE 754 binary16), little-endian.
//!
//! Half precision has eleven significant bits. It takes half the space of single precision, and changes a cosine of
//! about 0.7 only in the fourth digit.

use ::half::f16;
use pulp::{Arch, NullaryFnOnce};

/// Number of independent partial sums, so that a core can process several pairs per instruction.
const LANES: usize = 16;

/// Normalizes and encodes a vector. Returns `None` if the vector is zero, empty or not finite.
#[must_use]
pub fn encode_vector(vector: &[f32]) -> Option<Vec<u8>> {
    // Subnormal numbers are slow on many processors, and too small to change a cosine noticeably.
    let half = |number: f32| {
        let half = f16::from_f32(number);
        if half.is_normal() { half } else { f16::ZERO }
    };
    Some(normalize(vector)?.into_iter().flat_map(|number| half(number).to_le_bytes()).collect())
}

/// Decodes the result of [`encode_vector`]. Returns `None` if the number of bytes is odd.
#[must_use]
pub fn decode_vector(bytes: &[u8]) -> Option<Vec<f16>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|pair| f16::from_le_bytes(*pair)).collect())
}

/// Scales a vector to length one. Returns `None` if the vector is zero, empty or not finite.
pub(super) fn normalize(vector: &[f32]) -> Option<Vec<f32>> {
    let length = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
    let is_direction = length.is_finite() && length > 0.0;
    is_direction.then(|| vector.iter().map(|v| (f64::from(*v) / length) as f32).collect())
}

/// A normalized vector that is prepared for comparisons with stored vectors.
///
/// Shifting the bits of a half-precision number to the positions of a single-precision number converts it, except that
/// the exponent is then too small by the difference of the two biases, 127 - 15 = 112. The query vector is multiplied
/// by 2^112 once to compensate for that, so that the work per stored number is a shift, a mask, and a multiply-add.
#[derive(Debug)]
pub(super) struct QueryVector(Vec<f32>);

impl QueryVector {
    /// Prepares a vector. Returns `None` if the vector is zero, empty or not finite.
    pub(super) fn new(vector: &[f32]) -> Option<Self> {
        const SCALE: f32 = f32::from_bits((127 + 112) << 23);
        Some(Self(normalize(vector)?.into_iter().map(|number| number * SCALE).collect()))
    }

    /// Returns the dimension of the vector.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the cosine with a stored vector of the same dimension.
    pub(super) fn cosine(&self, stored: &[f16]) -> f32 {
        match Arch::new() {
            // Without a fused multiply-add instruction, `mul_add` is a slow function call.
            Arch::Scalar => Dot::<false>(&self.0, stored).call(),
            arch => arch.dispatch(Dot::<true>(&self.0, stored)),
        }
    }
}

/// The dot product, which is compiled for each instruction set that a processor may have. Every function that it calls
/// must be inlined into it.
struct Dot<'a, const IS_FUSED: bool>(&'a [f32], &'a [f16]);

impl<const IS_FUSED: bool> NullaryFnOnce for Dot<'_, IS_FUSED> {
    type Output = f32;

    #[expect(
        clippy::inline_always,
        reason = "it is compiled for another instruction set than its caller"
    )]
    #[inline(always)]
    fn call(self) -> f32 {
        let mut sums = [0.0_f32; LANES];
        let (query, query_rest) = self.0.as_chunks::<LANES>();
        let (stored, stored_rest) = self.1.as_chunks::<LANES>();
        for (query, stored) in query.iter().zip(stored) {
            for lane in 0..LANES {
                let number = f16_to_scaled_f32(stored[lane]);
                sums[lane] = if IS_FUSED {
                    query[lane].mul_add(number, sums[lane])
                } else {
                    sums[lane] + query[lane] * number
                };
            }
        }
        let rest = query_rest.iter().zip(stored_rest);
        rest.map(|(query, stored)| query * f16_to_scaled_f32(*stored)).sum::<f32>()
            + sums.iter().sum::<f32>()
    }
}

/// Converts a finite number to single precision, divided by 2^112.
#[expect(clippy::inline_always, reason = "its caller is compiled for several instruction sets")]
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
            let stored = decode_vector(&encode_vector(&vector).expect("a direction")).expect("a vector");
            let direction = QueryVector::new(&vector).expect("a direction");
            let cosine = direction.cosine(&stored);
            prop_assert!((cosine - 1.0).abs() < 0.002);
            let plain = Dot::<false>(&direction.0, &stored).call();
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
