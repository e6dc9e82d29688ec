//! Scales a picture to the size of a screen.

use std::borrow::Cow;
use std::error::Error;

use fast_image_resize::images::{TypedCroppedImageMut, TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

use super::bounds::{self, size_of};
use super::error::ImagingError;
use calliope_domain::Size;

/// Scales `image` to the requested size and keeps its aspect ratio; black bars fill the rest.
///
/// - If both sides are given, the result has exactly that size. The content is scaled by
///   `min(width / w, height / h)`, where `w` and `h` are the sides of `image`; each side is
///   truncated to whole pixels (at least 1), and the content is centred. If the bars cannot be
///   equal, the right or bottom one is one pixel wider.
/// - If one side is given, the other follows from the aspect ratio and is truncated in the same
///   way. There are no bars.
/// - If no side is given, or the result has the size of `image`, `image` itself is returned without
///   a copy.
///
/// Sizes are computed in 64-bit floating point. A side that is a whole number in exact arithmetic
/// may be one pixel shorter, as it is for every client that computes it the same way.
///
/// Resampling is bicubic with a = -0.5 (Catmull-Rom) on the stored (gamma-encoded) values. When
/// scaling down, the kernel is widened so that every source pixel counts.
///
/// # Errors
///
/// Returns [`ImagingError::OutputTooLarge`] if the result would exceed the size limits,
/// [`ImagingError::TooLarge`] if `image` does, [`ImagingError::Empty`] if a side of either is 0, and
/// [`ImagingError::ResizeFailed`] if the resampler fails.
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

/// Returns the size of the result of [`fit`] for a picture of size `source`.
#[must_use]
pub fn fitted_size(source: Size, width: Option<u32>, height: Option<u32>) -> Size {
    geometry(source, width, height).0
}

/// Returns the size of the result and the size of the scaled picture in it.
fn geometry(source: Size, width: Option<u32>, height: Option<u32>) -> (Size, Size) {
    let scale_x = |width: u32| f64::from(width) / f64::from(source.width);
    let scale_y = |height: u32| f64::from(height) / f64::from(source.height);
    let scaled = |side: u32, scale: f64| ((f64::from(side) * scale) as u32).max(1);
    match (width, height) {
        (None, None) => (source, source),
        (Some(width), None) => {
            let size = Size::new(width, scaled(source.height, scale_x(width)));
            (size, size)
        }
        (None, Some(height)) => {
            let size = Size::new(scaled(source.width, scale_y(height)), height);
            (size, size)
        }
        (Some(width), Some(height)) => {
            let scale = scale_x(width).min(scale_y(height));
            let content = Size::new(scaled(source.width, scale), scaled(source.height, scale));
            (Size::new(width, height), content)
        }
    }
}

/// Scales `image` to `content` and writes it directly into the middle of `canvas`, so that the bars
/// need no extra copy.
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
