//! Repeatable randomness: seeds derived from ids.

use uuid::Uuid;

/// Derives a seed from all bits of an id.
pub(super) fn seed_from_id(id: Uuid) -> u64 {
    let (high, low) = id.as_u64_pair();
    mix(high ^ mix(low))
}

/// Applies the finaliser of `SplitMix64` (Steele, Lea and Flood, 2014), which maps neighbouring numbers to unrelated
/// ones.
pub(super) const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stories_begun_in_the_same_millisecond_have_unlike_seeds() {
        let seeds: Vec<u64> = (0..64).map(|n| seed_from_id(Uuid::from_u128(n))).collect();
        for (index, seed) in seeds.iter().enumerate().skip(1) {
            let differing = (seed ^ seeds[index - 1]).count_ones();
            assert!((12..=52).contains(&differing), "{differing} bits differ");
        }
    }
}
