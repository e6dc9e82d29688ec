//! `OKLab`, a colour space in which distances match perceived differences.
//!
//! Source: Björn Ottosson, "A perceptual color space for image processing", 2020.

use std::sync::LazyLock;

use crate::math;

/// The linear value of each 8-bit value of a channel.
static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|value| {
        let v = value as f32 / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { math::powf((v + 0.055) / 1.055, 2.4) }
    })
});

/// A colour in `OKLab`: lightness and two opponent axes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Lab {
    /// Lightness: 0 is black, 1 is white.
    pub l: f32,
    /// Green (negative) to red (positive), about -0.4 to 0.4.
    pub a: f32,
    /// Blue (negative) to yellow (positive), about -0.4 to 0.4.
    pub b: f32,
}

impl Lab {
    /// Converts a colour from 8-bit sRGB.
    #[must_use]
    pub fn from_rgb(rgb: [u8; 3]) -> Self {
        let linear = &*LINEAR;
        let [r, g, b] = rgb.map(|v| linear[usize::from(v)]);
        let l = 0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b;
        let m = 0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b;
        let s = 0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b;
        let (l, m, s) = (math::cbrt(l), math::cbrt(m), math::cbrt(s));
        Self {
            l: 0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
            a: 1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
            b: 0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
        }
    }

    /// Converts the colour to sRGB, 0-1 a channel. Channels beyond the sRGB gamut are clamped.
    #[must_use]
    pub fn to_srgb(self) -> [f32; 3] {
        let l = (self.l + 0.396_337_78 * self.a + 0.215_803_76 * self.b).powi(3);
        let m = (self.l - 0.105_561_346 * self.a - 0.063_854_17 * self.b).powi(3);
        let s = (self.l - 0.089_484_18 * self.a - 1.291_485_5 * self.b).powi(3);
        [
            4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
            -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
            -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
        ]
        .map(|v| linear_to_srgb(v.clamp(0.0, 1.0)))
    }

    /// Converts the colour to 8-bit sRGB. Channels beyond the sRGB gamut are clamped.
    #[must_use]
    pub fn to_rgb(self) -> [u8; 3] {
        self.to_srgb().map(|v| (v * 255.0).round() as u8)
    }

    /// Returns the chroma: the distance from grey, about 0-0.33.
    #[must_use]
    pub fn chroma(self) -> f32 {
        math::hypot(self.a, self.b)
    }

    /// Returns the squared distance to `other`. Lightness and both colour axes have the same weight.
    #[must_use]
    pub fn distance_squared(self, other: Self) -> f32 {
        (self.l - other.l).powi(2) + (self.a - other.a).powi(2) + (self.b - other.b).powi(2)
    }

    /// Interpolates linearly between this colour (`t` = 0) and `other` (`t` = 1).
    #[must_use]
    pub fn lerp(self, other: Self, t: f32) -> Self {
        Self {
            l: self.l + (other.l - self.l) * t,
            a: self.a + (other.a - self.a) * t,
            b: self.b + (other.b - self.b) * t,
        }
    }

    /// Returns a colour of the same hue with lightness `l` and the chroma multiplied by `chroma`.
    #[must_use]
    pub fn with_lightness_and_chroma(self, l: f32, chroma: f32) -> Self {
        Self { l, a: self.a * chroma, b: self.b * chroma }
    }
}

fn linear_to_srgb(v: f32) -> f32 {
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * math::powf(v, 1.0 / 2.4) - 0.055 }
}
