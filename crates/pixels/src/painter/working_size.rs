//! From the wished size to a working size and back.
//!
//! Brush work is thought of at a few hundred pixels. Small pictures are painted larger and
//! shrunk, which keeps their edges clean; very large ones are painted at [`LARGEST`] and enlarged,
//! so that their cost grows with the copying only.

use image::RgbImage;
use image::imageops::{self, FilterType};

use calliope_domain::Size;

/// The longest side that is painted, in pixels.
const MAX_LONGEST_SIDE: f32 = 768.0;
/// The shortest longest side that is painted, in pixels.
const MIN_LONGEST_SIDE: f32 = 288.0;
/// The most that one side may exceed the other; narrower wishes are cut from such a sheet.
const MAX_ASPECT_RATIO: f32 = 2.6;

/// A working sheet for a wished size.
#[derive(Debug, Clone, Copy)]
pub struct WorkingSize {
    /// Working width in pixels.
    pub width: usize,
    /// Working height in pixels.
    pub height: usize,
    requested: (u32, u32),
}

impl WorkingSize {
    /// The sheet to work on for `wish`; a side of zero counts as one.
    pub fn for_request(wish: Size) -> Self {
        let wish = (wish.width.max(1), wish.height.max(1));
        let (w, h) = (wish.0 as f32, wish.1 as f32);
        let (w, h) = (w.max(h / MAX_ASPECT_RATIO), h.max(w / MAX_ASPECT_RATIO));
        let longest = w.max(h);
        let scale = longest.clamp(MIN_LONGEST_SIDE, MAX_LONGEST_SIDE) / longest;
        let side = |v: f32| (v * scale).round().max(1.0) as usize;
        Self { width: side(w), height: side(h), requested: wish }
    }

    /// The finished picture at the wished size; a narrow wish is cut around `focus` (parts of width
    /// and height).
    pub fn resize_to_request(&self, picture: RgbImage, focus: (f32, f32)) -> RgbImage {
        if picture.dimensions() == self.requested {
            return picture;
        }
        let (w, h) = (picture.width() as f32, picture.height() as f32);
        let aspect = self.requested.0 as f32 / self.requested.1 as f32;
        let cut = (w.min(h * aspect).round().max(1.0), h.min(w / aspect).round().max(1.0));
        let corner =
            |whole: f32, cut: f32, at: f32| (at * whole - cut * 0.5).clamp(0.0, whole - cut) as u32;
        let (x, y) = (corner(w, cut.0, focus.0), corner(h, cut.1, focus.1));
        let part = imageops::crop_imm(&picture, x, y, cut.0 as u32, cut.1 as u32);
        let enlarging = self.requested.0 as f32 > cut.0;
        let filter = if enlarging { FilterType::CatmullRom } else { FilterType::Triangle };
        imageops::resize(&*part, self.requested.0, self.requested.1, filter)
    }
}
