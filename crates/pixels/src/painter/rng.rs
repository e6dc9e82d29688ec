//! The painter's chance: small, seeded, the same on every machine.

/// A `SplitMix64` generator (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014).
///
/// Written out rather than taken from a crate because a picture must stay the same for its seed
/// when dependencies change their algorithms.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// A generator for `seed`, separated by `salt` so that parts of a picture do not move together.
    pub const fn new(seed: u64, salt: u64) -> Self {
        Self(seed ^ salt.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 (included) to 1 (excluded).
    pub fn uniform(&mut self) -> f32 {
        // 24 bits are what an f32 can hold without rounding up to 1.
        (self.next_u64() >> 40) as f32 / 16_777_216.0
    }

    /// A number from `low` to `high`.
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        (high - low).mul_add(self.uniform(), low)
    }

    /// A number around 0, at most 1 away from it, mostly near: the sum of two uniform draws.
    pub fn triangular(&mut self) -> f32 {
        self.uniform() + self.uniform() - 1.0
    }

    /// A whole number from `low` to `high`, both included.
    pub fn int_range(&mut self, low: usize, high: usize) -> usize {
        let span = high.saturating_sub(low) as u64 + 1;
        low + (self.next_u64() % span) as usize
    }

    /// True with this probability.
    pub fn random_bool(&mut self, probability: f32) -> bool {
        self.uniform() < probability
    }

    /// -1 or 1.
    pub fn random_sign(&mut self) -> f32 {
        if self.random_bool(0.5) { 1.0 } else { -1.0 }
    }
}

/// The FNV-1a hash of a text: mixes the words into the seed, stable unlike `std`'s hasher.
pub fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3))
}
