//! A small seeded random number generator with the same results on every machine.

/// A `SplitMix64` generator (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014).
///
/// It is implemented here because a crate may change its algorithm, and the same seed must always
/// give the same picture.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// Creates a generator for `seed`. Generators with different `salt` are independent.
    pub const fn new(seed: u64, salt: u64) -> Self {
        Self(seed ^ salt.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    /// Returns the next 64 random bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number from 0 (inclusive) to 1 (exclusive).
    pub fn uniform(&mut self) -> f32 {
        // An f32 holds 24 bits exactly; more bits could round up to 1.
        (self.next_u64() >> 40) as f32 / 16_777_216.0
    }

    /// Returns a number from `low` to `high`.
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        (high - low) * self.uniform() + low
    }

    /// Returns a number from -1 to 1 with a triangular distribution around 0.
    pub fn triangular(&mut self) -> f32 {
        self.uniform() + self.uniform() - 1.0
    }

    /// Returns a whole number from `low` to `high`, both inclusive.
    pub fn int_range(&mut self, low: usize, high: usize) -> usize {
        let span = high.saturating_sub(low) as u64 + 1;
        low + (self.next_u64() % span) as usize
    }

    /// Returns `true` with the given probability.
    pub fn random_bool(&mut self, probability: f32) -> bool {
        self.uniform() < probability
    }

    /// Returns -1 or 1 with equal probability.
    pub fn random_sign(&mut self) -> f32 {
        if self.random_bool(0.5) { 1.0 } else { -1.0 }
    }
}

/// Returns the 64-bit FNV-1a hash of a text. Unlike the hasher of `std`, it never changes, so it can
/// be part of a seed.
pub fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3))
}
