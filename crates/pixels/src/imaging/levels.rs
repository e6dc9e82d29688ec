//! The levels that a screen with fewer than 8 bits a channel can show.

/// Maps each 8-bit value to the nearest value that a screen shows.
pub(super) type LevelTable = [u8; 256];

/// Returns the 8-bit value that a screen shows for `level`, a number of `bits` bits (1 to 8).
///
/// The bits are repeated downwards until 8 are filled, as display controllers do: 5 bits `abcde`
/// become `abcdeabc`. This maps 0 to 0 and the highest level to 255; for 4 bits it is `level * 17`.
pub(super) const fn expand(level: u8, bits: u32) -> u8 {
    let mut value = level << (8 - bits);
    let mut filled = bits;
    while filled < 8 {
        value |= value >> filled;
        filled *= 2;
    }
    value
}

/// Returns the table that maps each value to what a screen of `bits` bits a channel shows. Of two
/// levels that are equally near, it holds the lower.
pub(super) const fn nearest_level_table(bits: u32) -> LevelTable {
    let mut table = [0; 256];
    let mut value = 0;
    while value < 256 {
        let mut level = 1;
        while level < (1 << bits) {
            let candidate = expand(level as u8, bits);
            if (candidate as usize).abs_diff(value) < (table[value] as usize).abs_diff(value) {
                table[value] = candidate;
            }
            level += 1;
        }
        value += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_repeat_their_bits() {
        assert_eq!([0, 1].map(|level| expand(level, 1)), [0, 255]);
        assert_eq!([0, 7, 15].map(|level| expand(level, 4)), [0, 119, 255]);
        assert_eq!([1, 0b1_0110, 31].map(|level| expand(level, 5)), [8, 0b1011_0101, 255]);
        assert_eq!([1, 0b10_0110, 63].map(|level| expand(level, 6)), [4, 0b1001_1010, 255]);
        assert_eq!(expand(200, 8), 200);
    }

    #[test]
    fn the_table_holds_the_nearest_level() {
        for bits in [1, 4, 5, 6] {
            let levels: Vec<u8> = (0..1u16 << bits).map(|l| expand(l as u8, bits)).collect();
            for (value, shown) in (0..=255u8).zip(nearest_level_table(bits)) {
                let least = levels.iter().map(|level| level.abs_diff(value)).min();
                assert!(levels.contains(&shown));
                assert_eq!(Some(shown.abs_diff(value)), least, "{value} in {bits} bits");
            }
        }
        assert_eq!((nearest_level_table(1)[127], nearest_level_table(1)[128]), (0, 255));
    }
}
