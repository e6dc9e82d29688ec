//! Which pictures take long to decode.

use crate::imaging;

/// The number of pixels above which a picture is large. The cameras of small devices have at most five megapixels.
const LARGE_PIXELS: u64 = 8_000_000;

/// The size of a file, in bytes, above which a picture is large, however few pixels it has.
const LARGE_BYTES: usize = 4 << 20;

/// Returns whether decoding a picture takes long, as far as its header and its size say.
pub(super) fn is_large(bytes: &[u8]) -> bool {
    let pixels = imaging::dimensions(bytes)
        .map(|size| u64::from(size.width) * u64::from(size.height))
        .unwrap_or_default();
    bytes.len() > LARGE_BYTES || pixels > LARGE_PIXELS
}
