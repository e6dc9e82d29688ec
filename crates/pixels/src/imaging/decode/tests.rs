use image::{ImageBuffer, Luma, Rgb, Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;
use crate::imaging::testing::{
    LOSSY_WEBP_1X1, animated_gif, encode_as, fixture, one_of_each, photo, png_header,
    with_orientation,
};

const PNG: image::ImageFormat = image::ImageFormat::Png;
const WEBP: image::ImageFormat = image::ImageFormat::WebP;

#[test]
fn every_format_gives_its_pixels() {
    let image = photo(37, 21);
    for (format, file) in one_of_each(&image) {
        let decoded = decode(&file).unwrap();
        assert_eq!(decoded.dimensions(), (37, 21), "{format}");
        let total: u32 =
            image.iter().zip(decoded.iter()).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        let tolerance = match format {
            InputFormat::Jpeg => 30,
            InputFormat::Gif => 16,
            InputFormat::Png | InputFormat::Webp | InputFormat::Bmp => 0,
        };
        assert!(total <= tolerance * 37 * 21 * 3, "{format} is off by {total}");
    }
    assert_eq!(decode(&LOSSY_WEBP_1X1).unwrap().dimensions(), (1, 1));
}

#[test]
fn photos_decode() {
    for (name, size) in [
        ("astronaut_640x480.jpg", (640, 480)),
        ("rocket_640x427.jpg", (640, 427)),
        ("chelsea_451x300.png", (451, 300)),
    ] {
        assert_eq!(decode(&fixture(name)).unwrap().dimensions(), size, "{name}");
    }
}

#[test]
fn an_animation_gives_its_first_frame() {
    assert_eq!(decode(&animated_gif()).unwrap(), RgbImage::from_pixel(4, 4, Rgb([255, 0, 0])));
}

#[test]
fn alpha_is_dropped_and_not_blended() {
    for alpha in [0, 128, 255] {
        let clear = RgbaImage::from_pixel(3, 2, Rgba([200, 100, 50, alpha]));
        let opaque = RgbImage::from_pixel(3, 2, Rgb([200, 100, 50]));
        assert_eq!(decode(&encode_as(clear.clone(), PNG)).unwrap(), opaque, "alpha {alpha}");
        assert_eq!(decode(&encode_as(clear, WEBP)).unwrap(), opaque, "alpha {alpha}");
    }
}

#[test]
fn sixteen_bits_become_eight_and_grey_becomes_rgb() {
    let deep = ImageBuffer::from_pixel(2, 1, Rgb([0xffff_u16, 0x8080, 0]));
    assert_eq!(decode(&encode_as(deep, PNG)).unwrap().into_raw(), [255, 128, 0, 255, 128, 0]);
    let grey = ImageBuffer::from_pixel(1, 1, Luma([0x4040_u16]));
    assert_eq!(decode(&encode_as(grey, PNG)).unwrap().into_raw(), [64, 64, 64]);
}

/// For each orientation, the stored corner that appears at the top left, top right, bottom left and
/// bottom right, by the table of the EXIF standard. Corners are numbered in the same order.
const SHOWN_CORNERS: [[usize; 4]; 8] = [
    [0, 1, 2, 3],
    [1, 0, 3, 2],
    [3, 2, 1, 0],
    [2, 3, 0, 1],
    [0, 2, 1, 3],
    [2, 0, 3, 1],
    [3, 1, 2, 0],
    [1, 3, 0, 2],
];

#[test]
fn all_eight_orientations_are_applied() {
    const CORNERS: [u8; 4] = [0, 80, 160, 240];
    let quarters = RgbImage::from_fn(48, 32, |x, y| {
        Rgb([CORNERS[usize::from(x >= 24) + 2 * usize::from(y >= 16)]; 3])
    });
    let jpeg = encode_as(quarters, image::ImageFormat::Jpeg);
    for (orientation, shown) in (1..).zip(SHOWN_CORNERS) {
        let upright = decode(&with_orientation(&jpeg, orientation)).unwrap();
        let size = if orientation < 5 { (48, 32) } else { (32, 48) };
        assert_eq!(upright.dimensions(), size, "orientation {orientation}");
        let (right, bottom) = (size.0 - 4, size.1 - 4);
        let seen = [(4, 4), (right, 4), (4, bottom), (right, bottom)];
        for ((x, y), corner) in seen.into_iter().zip(shown) {
            let level = upright.get_pixel(x, y).0[0];
            assert!(level.abs_diff(CORNERS[corner]) < 9, "orientation {orientation}: {level}");
        }
    }
}

/// Inserts a chunk with an orientation into a PNG or a WebP.
fn with_exif_chunk(file: &[u8], is_png: bool, prefix: &[u8], orientation: u8) -> Vec<u8> {
    let jpeg = with_orientation(&[0xff, 0xd8], orientation);
    let exif = [prefix, &jpeg[2 + 4 + 6..]].concat();
    let length = u32::try_from(exif.len()).unwrap();
    if is_png {
        // The decoder does not check the checksum of this chunk; `IEND` takes the last 12 bytes.
        let end = file.len() - 12;
        return [&file[..end], &length.to_be_bytes(), b"eXIf", &exif, &[0; 4], &file[end..]]
            .concat();
    }
    let chunk = [b"EXIF", &length.to_le_bytes()[..], &exif].concat();
    let mut webp = [file, &chunk].concat();
    let size = u32::try_from(webp.len() - 8).unwrap();
    webp[4..8].copy_from_slice(&size.to_le_bytes());
    webp
}

#[test]
fn the_orientation_of_png_and_webp_is_applied_with_and_without_a_prefix() {
    let image = photo(12, 7);
    for (is_png, format) in [(true, PNG), (false, WEBP)] {
        let file = encode_as(image.clone(), format);
        for prefix in [&b""[..], b"Exif\0\0"] {
            for orientation in 1..=8 {
                let mut expected = image::DynamicImage::from(image.clone());
                let order = image::metadata::Orientation::from_exif(orientation).unwrap();
                expected.apply_orientation(order);
                let oriented = with_exif_chunk(&file, is_png, prefix, orientation);
                let upright = decode(&oriented).unwrap();
                assert_eq!(upright, expected.into_rgb8(), "{format:?} {prefix:?} {orientation}");
            }
        }
    }
}

#[test]
fn a_gif_without_its_trailer_shows_its_first_frame() {
    let gif = animated_gif();
    let red = RgbImage::from_pixel(4, 4, Rgb([255, 0, 0]));
    for missing in [1, 5, 20] {
        assert_eq!(decode(&gif[..gif.len() - missing]).unwrap(), red, "{missing} bytes less");
    }
}

#[test]
fn a_photograph_of_another_format_is_refused_by_its_name() {
    let heic = decode(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x08meta").unwrap_err();
    assert!(heic.to_string().contains("HEIC") && heic.to_string().contains("JPEG"), "{heic}");
    assert!(matches!(heic, ImagingError::OtherFormat(_)));
}

#[test]
fn a_nonsensical_orientation_is_ignored() {
    let jpeg = encode_as(photo(16, 8), image::ImageFormat::Jpeg);
    let plain = decode(&jpeg).unwrap();
    for orientation in [0, 9, 255] {
        assert_eq!(decode(&with_orientation(&jpeg, orientation)).unwrap(), plain);
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let mut files = one_of_each(&photo(40, 30));
    files.push((InputFormat::Jpeg, fixture("rocket_640x427.jpg")));
    files.push((InputFormat::Png, fixture("chelsea_451x300.png")));
    for (format, file) in files {
        let step = 1 + file.len() / 293;
        // A GIF needs its first frame only, so the trailer of one frame and the block before it may be missing.
        let end = if format == InputFormat::Gif { file.len() - 2 } else { file.len() };
        for cut in (0..end).step_by(step).chain([file.len() / 2, end - 1]) {
            assert!(decode(&file[..cut]).is_err(), "{format} cut at {cut}");
        }
        let refused = decode(&file[..file.len() / 2]).unwrap_err();
        let named = match format {
            InputFormat::Bmp => matches!(refused, ImagingError::DecodeFailed { .. }),
            _ => matches!(refused, ImagingError::Truncated(_)),
        };
        assert!(named, "{format}: {refused}");
    }
}

#[test]
fn padding_after_the_end_changes_nothing() {
    for (format, file) in one_of_each(&photo(40, 30)) {
        let expected = decode(&file).unwrap();
        for padding in [vec![0; 1000], vec![0xff; 33], file.clone()] {
            let padded = [&file[..], &padding[..]].concat();
            assert_eq!(decode(&padded).unwrap(), expected, "{format}");
        }
    }
}

#[test]
fn a_picture_out_of_bounds_is_refused_by_its_header_alone() {
    for (width, height) in [(60_000, 60_000), (16_385, 1), (8193, 8192), (u32::MAX, u32::MAX)] {
        let refused = decode(&png_header(width, height)).unwrap_err();
        assert!(matches!(refused, ImagingError::TooLarge(_)), "{refused}");
    }
}

#[test]
fn a_frame_far_larger_than_its_screen_is_refused_before_it_is_allocated() {
    let mut gif = b"GIF89a\x04\0\x04\0\0\0\0".to_vec();
    gif.extend(b",\0\0\0\0\xff\xff\xff\xff\x80\0\0\0\xff\xff\xff\x02\x02\x4c\x01\0;");
    let refused = decode(&gif).unwrap_err();
    let by_limit =
        matches!(refused, ImagingError::DecodeFailed { source: image::ImageError::Limits(_), .. });
    assert!(by_limit, "{refused:?}");
}

#[test]
fn what_is_no_picture_is_refused() {
    for bytes in [&b""[..], b"Once upon a time", b"<svg xmlns='x'/>", b"BM and more text here"] {
        assert!(matches!(decode(bytes), Err(ImagingError::UnsupportedFormat)));
    }
}

fn small_files() -> Vec<Vec<u8>> {
    let mut files: Vec<_> = one_of_each(&photo(24, 17)).into_iter().map(|(_, f)| f).collect();
    files.extend([animated_gif(), LOSSY_WEBP_1X1.to_vec()]);
    let upside_down = with_orientation(&files[0], 3);
    files.push(upside_down);
    files
}

proptest! {
    #[test]
    fn random_bytes_never_panic(
        file in prop::sample::select(small_files()),
        prefix in 0_usize..40,
        noise in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let bytes = [&file[..prefix.min(file.len())], &noise[..]].concat();
        let _ = decode(&bytes);
    }

    #[test]
    fn damaged_files_never_panic(
        mut file in prop::sample::select(small_files()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        for (at, byte) in edits {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let end = cut.map_or(file.len(), |cut| cut.index(file.len()));
        if let Ok(image) = decode(&file[..end]) {
            prop_assert!(bounds::check_input(bounds::size_of(&image)).is_ok());
        }
    }
}
