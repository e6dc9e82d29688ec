//! Chooses the size at which a picture is painted, and resizes the result to the requested size.
//!
//! The brush strokes are designed for a few hundred pixels. Small pictures are painted larger and
//! scaled down, which keeps their edges clean. Large pictures are painted at [`MAX_LONGEST_SIDE`] and
//! enlarged, so that only the enlarging takes longer.

use image::RgbImage;
use image::imageops::{self, FilterType};

use calliope_domain::Size;

/// The largest longest side of the working size, in pixels.
const MAX_LONGEST_SIDE: f32 = 768.0;
/// The smallest longest side of the working size, in pixels.
const MIN_LONGEST_SIDE: f32 = 288.0;
/// The largest ratio of the longer to the shorter side. A narrower picture is cropped from a wider
/// one.
const MAX_ASPECT_RATIO: f32 = 2.6;

/// The size at which a picture is painted.
#[derive(Debug, Clone, Copy)]
pub struct WorkingSize {
    /// Working width in pixels.
    pub width: usize,
    /// Working height in pixels.
    pub height: usize,
    requested: (u32, u32),
}

impl WorkingSize {
    /// Returns the working size for a requested size; a side of 0 counts as 1.
    pub fn for_request(size: Size) -> Self {
        let requested = (size.width.max(1), size.height.max(1));
        let (w, h) = (requested.0 as f32, requested.1 as f32);
        let (w, h) = (w.max(h / MAX_ASPECT_RATIO), h.max(w / MAX_ASPECT_RATIO));
        let longest = w.max(h);
        let scale = longest.clamp(MIN_LONGEST_SIDE, MAX_LONGEST_SIDE) / longest;
        let side = |v: f32| (v * scale).round().max(1.0) as usize;
        Self { width: side(w), height: side(h), requested }
    }

    /// Resizes a painted picture to the requested size. A picture narrower than the working size is
    /// cropped around `focus`, given as fractions of width and height.
    pub fn resize_to_request(&self, picture: RgbImage, focus: (f32, f32)) -> RgbImage {
        if picture.dimensions() == self.requested {
            return picture;
        }
        let (w, h) = (picture.width() as f32, picture.height() as f32);
        let aspect = self.requested.0 as f32 / self.requested.1 as f32;
        let crop = (w.min(h * aspect).round().max(1.0), h.min(w / aspect).round().max(1.0));
        let corner =
            |side: f32, crop: f32, at: f32| (at * side - crop * 0.5).clamp(0.0, side - crop) as u32;
        let (x, y) = (corner(w, crop.0, focus.0), corner(h, crop.1, focus.1));
        let part = imageops::crop_imm(&picture, x, y, crop.0 as u32, crop.1 as u32);
        let enlarging = self.requested.0 as f32 > crop.0;
        let filter = if enlarging { FilterType::CatmullRom } else { FilterType::Triangle };
        imageops::resize(&*part, self.requested.0, self.requested.1, filter)
    }
}
