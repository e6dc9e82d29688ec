//! Error diffusion: trades fine detail for the levels that a screen lacks.

use super::levels::LevelTable;

/// Replaces each sample with a value that the screen shows, and distributes the error to its
/// neighbours.
///
/// `samples` are rows of `width` pixels (at least 1) with `N` interleaved channels. Each channel has
/// its own table and its own error. The result holds only values that the screen shows, so packing
/// it loses nothing more.
///
/// The algorithm is that of Floyd and Steinberg, "An Adaptive Algorithm for Spatial Grey Scale",
/// Proc. SID 17/2 (1976). Each row is processed from left to right; 7/16 of the error goes to the
/// right, and 3/16, 5/16 and 1/16 go to the row below. Errors are whole sixteenths and the last
/// share takes the remainder, so rounding loses nothing. Shares beyond the edges are dropped. The
/// error of a value outside black to white is taken before clamping, which keeps the mean.
pub(super) fn diffuse<const N: usize>(samples: &mut [u8], width: usize, tables: [&LevelTable; N]) {
    // One pixel of margin at each end takes the shares beyond the edges.
    let mut current = vec![[0_i32; N]; width + 2];
    let mut below = current.clone();
    for row in samples.chunks_exact_mut(width * N) {
        for (x, pixel) in row.as_chunks_mut::<N>().0.iter_mut().enumerate() {
            for channel in 0..N {
                let target = i32::from(pixel[channel]) * 16 + current[x + 1][channel];
                let nearest = ((target + 8) >> 4).clamp(0, 255) as usize;
                pixel[channel] = tables[channel][nearest];
                let error = target - i32::from(pixel[channel]) * 16;
                let [right, left_below, under] = [7, 3, 5].map(|weight| (error * weight) >> 4);
                current[x + 2][channel] += right;
                below[x][channel] += left_below;
                below[x + 1][channel] += under;
                below[x + 2][channel] += error - right - left_below - under;
            }
        }
        std::mem::swap(&mut current, &mut below);
        below.fill([0; N]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::imaging::levels::nearest_level_table;

    const ONE_BIT: LevelTable = nearest_level_table(1);
    const FOUR_BITS: LevelTable = nearest_level_table(4);

    fn mean(samples: &[u8]) -> f64 {
        samples.iter().map(|&v| f64::from(v)).sum::<f64>() / samples.len() as f64
    }

    #[test]
    fn the_error_goes_where_floyd_and_steinberg_send_it() {
        // This screen shows every value except 160, and black instead of it, so each share of the
        // error stays visible.
        let mut all_but_160: LevelTable = std::array::from_fn(|value| value as u8);
        all_but_160[160] = 0;
        let mut samples = [0, 160, 0, 0, 0, 0];
        diffuse(&mut samples, 3, [&all_but_160]);
        assert_eq!(samples, [0, 0, 70, 30, 50, 10]);
    }

    #[test]
    fn shares_beyond_the_edges_are_dropped() {
        let mut all_but_160: LevelTable = std::array::from_fn(|value| value as u8);
        all_but_160[160] = 0;
        let mut column = [160, 0];
        diffuse(&mut column, 1, [&all_but_160]);
        assert_eq!(column, [0, 50]);

        // The second pixel is 160 + 70 = 230 with the error from its left, and this screen shows 230
        // as black too. Below the first pixel: 50 + 230 * 3/16. Below the second: 10 + 230 * 5/16.
        let mut all_but_two = all_but_160;
        all_but_two[230] = 0;
        let mut samples = [160, 160, 0, 0];
        diffuse(&mut samples, 2, [&all_but_two]);
        assert_eq!(samples, [0, 0, 93, 82]);
    }

    #[test]
    fn greys_between_levels_keep_their_mean() {
        for grey in [1, 30, 77, 128, 200, 254] {
            for table in [&ONE_BIT, &FOUR_BITS] {
                let mut samples = vec![grey; 128 * 128];
                diffuse(&mut samples, 128, [table]);
                assert!((mean(&samples) - f64::from(grey)).abs() < 1.5, "{grey}");
                assert!(samples.iter().all(|v| table.contains(v)));
            }
        }
    }

    #[test]
    fn channels_do_not_mix() {
        let mut samples: Vec<u8> = [0, 90, 255].repeat(32 * 32);
        diffuse(&mut samples, 32, [&ONE_BIT, &ONE_BIT, &ONE_BIT]);
        assert!(samples.iter().step_by(3).all(|&v| v == 0));
        assert!(samples.iter().skip(2).step_by(3).all(|&v| v == 255));
        let green: Vec<u8> = samples.iter().skip(1).step_by(3).copied().collect();
        assert!((mean(&green) - 90.0).abs() < 4.0);
    }

    proptest! {
        #[test]
        fn what_can_be_shown_is_left_alone(
            levels in prop::collection::vec(0_u8..16, 1..200),
            width in 1_usize..20,
        ) {
            let mut samples: Vec<u8> = levels.iter().map(|level| level * 17).collect();
            let before = samples.clone();
            diffuse(&mut samples, width, [&FOUR_BITS]);
            prop_assert_eq!(samples, before);
        }
    }
}
