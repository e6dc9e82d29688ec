//! Scaling a picture into the screen of a device.

use std::borrow::Cow;
use std::error::Error;

use fast_image_resize::images::{TypedCroppedImageMut, TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

use super::bounds::{self, size_of};
use super::error::ImagingError;
use calliope_domain::Size;

/// Scales `image` to the size asked for, keeping its aspect; black bars fill what is left over.
///
/// - Both sides given: the result has exactly that size. The content is scaled by
///   `min(width / w, height / h)`, each side cut to whole pixels (at least 1), and centred; where
///   the bars cannot be equal, the right or lower one is a pixel wider.
/// - One side given: the other follows from the aspect, cut likewise, and there are no bars.
/// - None given, or the size that `image` has: `image` itself, without a copy.
///
/// The arithmetic is that of 64-bit floating point: a side that is whole in exact arithmetic may
/// come out one pixel short, as it does for every client that computes the same way.
///
/// Resampling is bicubic with a = -0.5 (Catmull and Rom), its kernel widened when scaling down so
/// that every source pixel counts, in the stored (gamma-encoded) values. Enlarging works the same.
///
/// # Errors
///
/// [`ImagingError::AskedTooLarge`] if the result would exceed the bounds for pictures and
/// [`ImagingError::TooLarge`] if `image` does; [`ImagingError::Empty`] if a side of either is 0.
pub fn fit(
    image: &RgbImage,
    width: Option<u32>,
    height: Option<u32>,
) -> Result<Cow<'_, RgbImage>, ImagingError> {
    let source = size_of(image);
    bounds::check_input(source)?;
    let (canvas, content) = geometry(source, width, height);
    bounds::check_output(canvas)?;
    if canvas == source {
        return Ok(Cow::Borrowed(image));
    }
    let mut fitted = RgbImage::new(canvas.width, canvas.height);
    resample(image, &mut fitted, content)
        .map_err(|source| ImagingError::ResizeFailed { size: content, source })?;
    Ok(Cow::Owned(fitted))
}

/// The size that [`fit`] gives a picture of size `source`.
#[must_use]
pub fn fitted_size(source: Size, width: Option<u32>, height: Option<u32>) -> Size {
    geometry(source, width, height).0
}

/// The size of the result, and of the scaled picture within it.
fn geometry(source: Size, width: Option<u32>, height: Option<u32>) -> (Size, Size) {
    let across = |width: u32| f64::from(width) / f64::from(source.width);
    let down = |height: u32| f64::from(height) / f64::from(source.height);
    let cut = |side: u32, scale: f64| ((f64::from(side) * scale) as u32).max(1);
    match (width, height) {
        (None, None) => (source, source),
        (Some(width), None) => {
            let size = Size::new(width, cut(source.height, across(width)));
            (size, size)
        }
        (None, Some(height)) => {
            let size = Size::new(cut(source.width, down(height)), height);
            (size, size)
        }
        (Some(width), Some(height)) => {
            let scale = across(width).min(down(height));
            let content = Size::new(cut(source.width, scale), cut(source.height, scale));
            (Size::new(width, height), content)
        }
    }
}

/// Writes `image`, scaled to `content`, into the middle of `canvas`, in place: bars cost no copy.
fn resample(
    image: &RgbImage,
    canvas: &mut RgbImage,
    content: Size,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (width, height) = canvas.dimensions();
    let (left, top) = ((width - content.width) / 2, (height - content.height) / 2);
    let source = TypedImageRef::<U8x3>::from_buffer(image.width(), image.height(), image.as_raw())?;
    let canvas = TypedImage::<U8x3>::from_buffer(width, height, canvas.as_mut())?;
    let mut target = TypedCroppedImageMut::new(canvas, left, top, content.width, content.height)?;
    let bicubic = ResizeAlg::Convolution(FilterType::CatmullRom);
    let options = ResizeOptions::new().resize_alg(bicubic).use_alpha(false);
    Resizer::new().resize_typed(&source, &mut target, &options)?;
    Ok(())
}

#[cfg(test)]
mod tests;
