//! Luma (perceived brightness), for screens without colour.

use image::RgbImage;

/// Returns the luma of each pixel, row by row.
pub(super) fn luma_plane(image: &RgbImage) -> Vec<u8> {
    let (pixels, _) = image.as_raw().as_chunks();
    pixels.iter().copied().map(luma).collect()
}

/// Returns the luma of a pixel by ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B.
///
/// The weights are in 65536ths and the sum is rounded. This is the integer form that Pillow uses, so
/// the results of both agree to the bit. The weights add up to 65536, so greys do not change.
pub(super) fn luma([r, g, b]: [u8; 3]) -> u8 {
    let sum = 19_595 * u32::from(r) + 38_470 * u32::from(g) + 7_471 * u32::from(b);
    ((sum + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_are_those_of_bt_601() {
        assert_eq!([[255, 0, 0], [0, 255, 0], [0, 0, 255]].map(luma), [76, 150, 29]);
        assert_eq!(luma([200, 100, 50]), 124);
    }

    #[test]
    fn the_weights_are_exact() {
        // For each weight, two pixels whose luma would change if it were one less, or one more.
        assert_eq!([[5, 27, 54], [5, 3, 46]].map(luma), [24, 8]);
        assert_eq!([[0, 12, 4], [0, 18, 131]].map(luma), [8, 25]);
        assert_eq!([[0, 9, 230], [0, 0, 250]].map(luma), [32, 28]);
    }

    #[test]
    fn greys_stay_as_they_are() {
        assert!((0..=255).all(|v| luma([v, v, v]) == v));
    }

    #[test]
    fn the_plane_runs_along_rows() {
        let image = RgbImage::from_fn(2, 2, |x, y| image::Rgb([(x + 2 * y) as u8; 3]));
        assert_eq!(luma_plane(&image), [0, 1, 2, 3]);
    }
}
