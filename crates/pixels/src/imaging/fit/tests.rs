use image::Rgb;
use proptest::prelude::*;

use super::*;
use crate::imaging::decode;
use crate::imaging::testing::{fixture, photo};

fn content(source: (u32, u32), width: u32, height: u32) -> (u32, u32) {
    let (_, content) = geometry(Size::new(source.0, source.1), Some(width), Some(height));
    (content.width, content.height)
}

#[test]
fn content_is_scaled_by_the_smaller_ratio_and_cut() {
    assert_eq!(content((96, 64), 48, 48), (48, 32));
    assert_eq!(content((640, 480), 320, 320), (320, 240));
    assert_eq!(content((480, 640), 320, 320), (240, 320));
    assert_eq!(content((100, 30), 33, 33), (33, 9));
    assert_eq!(content((7, 5), 20, 20), (20, 14));
    assert_eq!(content((1, 1), 5, 9), (5, 5));
    assert_eq!(content((4000, 1), 100, 100), (100, 1));
    assert_eq!(content((1, 4000), 100, 100), (1, 100));
    // 49 * (128 / 49) is 127.99999999999999 in 64 bits.
    assert_eq!(content((49, 10), 128, 128), (127, 26));
}

#[test]
fn bars_are_black_and_the_odd_pixel_goes_right_or_below() {
    let white = RgbImage::from_pixel(10, 10, Rgb([255; 3]));
    let wide = fit(&white, Some(15), Some(10)).unwrap();
    for (x, y, pixel) in wide.enumerate_pixels() {
        let inside = (2..12).contains(&x);
        assert_eq!(pixel.0, [if inside { 255 } else { 0 }; 3], "{x},{y}");
    }
    let tall = fit(&white, Some(5), Some(8)).unwrap();
    for (x, y, pixel) in tall.enumerate_pixels() {
        let inside = (1..6).contains(&y);
        assert_eq!(pixel.0, [if inside { 255 } else { 0 }; 3], "{x},{y}");
    }
}

#[test]
fn one_side_keeps_the_aspect() {
    let image = photo(96, 64);
    assert_eq!(fit(&image, Some(30), None).unwrap().dimensions(), (30, 20));
    assert_eq!(fit(&image, None, Some(128)).unwrap().dimensions(), (192, 128));
    assert_eq!(fit(&photo(100, 1), Some(10), None).unwrap().dimensions(), (10, 1));
    assert_eq!(fit(&photo(1, 100), None, Some(10)).unwrap().dimensions(), (1, 10));
}

#[test]
fn nothing_to_do_costs_no_copy() {
    let image = photo(96, 64);
    for (width, height) in [(None, None), (Some(96), Some(64)), (Some(96), None), (None, Some(64))]
    {
        let fitted = fit(&image, width, height).unwrap();
        assert!(matches!(fitted, Cow::Borrowed(same) if std::ptr::eq(same, &raw const image)));
    }
}

#[test]
fn the_vector_has_the_same_bars_and_nearly_the_same_pixels() {
    let source = decode(&fixture("vectors/src_96x64.png")).unwrap();
    let expected = decode(&fixture("vectors/rsz_48x48.png")).unwrap();
    let fitted = fit(&source, Some(48), Some(48)).unwrap();
    let black_rows = |image: &RgbImage| -> Vec<bool> {
        image.rows().map(|mut row| row.all(|pixel| pixel.0 == [0; 3])).collect()
    };
    assert_eq!(black_rows(&fitted), black_rows(&expected));
    assert_eq!(black_rows(&fitted).iter().filter(|black| **black).count(), 16);
    let off: u32 = fitted.iter().zip(expected.iter()).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    let mean = f64::from(off) / (48.0 * 48.0 * 3.0);
    assert!(mean <= 0.5, "off by {mean} levels");
}

#[test]
fn enlarging_is_bicubic() {
    let edge = RgbImage::from_fn(8, 1, |x, _| Rgb([if x < 4 { 50 } else { 200 }; 3]));
    let fitted = fit(&edge, Some(32), Some(4)).unwrap();
    let row: Vec<u8> = fitted.rows().next().unwrap().map(|pixel| pixel.0[0]).collect();
    assert!(row[..16].iter().rev().zip(&row[16..]).all(|(a, b)| a.abs_diff(250 - b) <= 1));
    // The Catmull-Rom kernel overshoots next to an edge; a linear one would not.
    assert!(row.iter().min() < Some(&45), "{row:?}");
    assert!(row.iter().max() > Some(&205), "{row:?}");
}

#[test]
fn every_source_pixel_counts_when_scaling_down() {
    let stripes = RgbImage::from_fn(256, 256, |x, _| Rgb([if x % 2 == 0 { 0 } else { 255 }; 3]));
    let fitted = fit(&stripes, Some(16), Some(16)).unwrap();
    assert!(fitted.iter().all(|&v| v.abs_diff(127) < 6));
}

#[test]
fn sizes_out_of_bounds_are_refused() {
    let image = photo(2, 2);
    for (width, height) in [(Some(16_385), None), (Some(8193), Some(8193)), (None, Some(u32::MAX))]
    {
        let refused = fit(&image, width, height);
        assert!(matches!(refused, Err(ImagingError::OutputTooLarge(_))));
    }
    assert!(matches!(fit(&photo(1, 9), Some(8000), None), Err(ImagingError::OutputTooLarge(_))));
    assert!(matches!(fit(&image, Some(0), Some(5)), Err(ImagingError::Empty(_))));
    assert!(matches!(fit(&image, None, Some(0)), Err(ImagingError::Empty(_))));
    assert!(matches!(fit(&RgbImage::new(0, 4), Some(5), Some(5)), Err(ImagingError::Empty(_))));
}

proptest! {
    #[test]
    fn the_size_is_the_one_asked_for_and_content_stays_within(
        source in (1_u32..80, 1_u32..80), size in (1_u32..80, 1_u32..80),
    ) {
        let image = photo(source.0, source.1);
        let fitted = fit(&image, Some(size.0), Some(size.1)).unwrap();
        prop_assert_eq!(fitted.dimensions(), size);
        let content = content(source, size.0, size.1);
        prop_assert!(content.0 <= size.0 && content.1 <= size.1);
        prop_assert!(content.0 + 1 >= size.0 || content.1 + 1 >= size.1);
    }
}
