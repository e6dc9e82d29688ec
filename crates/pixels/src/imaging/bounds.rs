//! Limits on the size of a picture, so that no request can use up the memory.

use image::RgbImage;

use super::error::ImagingError;
use calliope_domain::Size;

/// The longest side of an input or output picture, in pixels: more than the panorama of a phone.
pub const MAX_SIDE: u32 = 16_384;

/// The largest number of pixels of an input or output picture: 64 megapixels of 2^20, because the
/// cameras that are sold as such write up to 9280 x 6944. That is 192 MiB as RGB.
pub const MAX_PIXELS: u64 = 64 << 20;

/// The largest number of bytes that a decoder may allocate: [`MAX_PIXELS`] in 16-bit RGBA.
pub(super) const MAX_DECODER_BYTES: u64 = MAX_PIXELS * 8;

/// Returns the size of `image` in pixels.
pub(super) fn size_of(image: &RgbImage) -> Size {
    Size::new(image.width(), image.height())
}

/// Returns the size of an input picture if it is within the limits.
pub(super) fn check_input(size: Size) -> Result<Size, ImagingError> {
    check(size, ImagingError::TooLarge)
}

/// Returns the size of an output picture if it is within the limits.
pub(super) fn check_output(size: Size) -> Result<Size, ImagingError> {
    check(size, ImagingError::OutputTooLarge)
}

fn check(size: Size, too_large: fn(Size) -> ImagingError) -> Result<Size, ImagingError> {
    let Size { width, height } = size;
    if width == 0 || height == 0 {
        return Err(ImagingError::Empty(size));
    }
    if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(too_large(size));
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_are_inclusive() {
        let phones = [(8160, 6144), (8192, 6144), (9280, 6944), (10_800, 3872)];
        let limits = [(1, 1), (16_384, 1), (1, 16_384), (8192, 8192), (16_384, 4096)];
        for (width, height) in phones.into_iter().chain(limits) {
            assert!(check_input(Size::new(width, height)).is_ok(), "{width}x{height}");
        }
    }

    #[test]
    fn one_pixel_more_is_refused() {
        for (width, height) in [
            (16_385, 1),
            (1, 16_385),
            (8193, 8192),
            (16_384, 4097),
            (u32::MAX, 1),
            (u32::MAX, u32::MAX),
        ] {
            let refused = check_input(Size::new(width, height));
            assert!(matches!(refused, Err(ImagingError::TooLarge(_))), "{width}x{height}");
        }
    }

    #[test]
    fn no_pixels_are_refused() {
        for (width, height) in [(0, 0), (0, 5), (5, 0)] {
            let refused = check_output(Size::new(width, height));
            assert!(matches!(refused, Err(ImagingError::Empty(_))), "{width}x{height}");
        }
    }

    #[test]
    fn the_refusals_say_what_to_change() {
        let huge = Size::new(60_000, 60_000);
        assert_eq!(
            check_input(huge).unwrap_err().to_string(),
            "the image is 60000x60000 pixels; at most 16384 a side and 64 megapixels are read"
        );
        assert_eq!(
            check_output(huge).unwrap_err().to_string(),
            "a picture of 60000x60000 pixels was asked for; ask for at most 16384 a side and 64 megapixels"
        );
    }
}
