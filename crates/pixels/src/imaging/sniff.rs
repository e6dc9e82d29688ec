//! Detects the format of an image file from its signature.

use std::fmt;

/// A file format that [`decode`](super::decode()) accepts.
///
/// It differs from [`ImageFormat`](calliope_domain::ImageFormat), the output formats: people upload
/// GIFs, but no device requests one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InputFormat {
    /// JPEG, ITU-T T.81: baseline or progressive.
    Jpeg,
    /// PNG, ISO/IEC 15948.
    Png,
    /// WebP, RFC 9649: lossy, lossless or animated.
    Webp,
    /// GIF 87a or 89a.
    Gif,
    /// Windows bitmap.
    Bmp,
}

impl InputFormat {
    /// Returns the file extension, without a dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
        }
    }

    /// Returns the media type with which such a file is stored and served.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
        }
    }
}

/// Writes the common name of the format, such as `JPEG`.
impl fmt::Display for InputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
        })
    }
}

/// Detects the format of `bytes` from its signature; returns `None` if it is not supported.
///
/// The media type that a client sends is often wrong, so only the signature counts. It says nothing
/// about the rest of the file.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Option<InputFormat> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(InputFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(InputFormat::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(InputFormat::Webp),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(InputFormat::Gif),
        [b'B', b'M', rest @ ..] if has_bmp_header(rest) => Some(InputFormat::Bmp),
        _ => None,
    }
}

/// A picture format that is known by its signature but not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherFormat {
    /// The name of such a file, with its article, such as `a TIFF file`.
    pub name: &'static str,
    /// What to do instead.
    pub advice: &'static str,
}

impl OtherFormat {
    const fn new(name: &'static str) -> Self {
        Self { name, advice: "convert it to JPEG, and send that" }
    }

    /// Detects a format that people send although it is not supported.
    pub(super) fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [_, _, _, _, b'f', b't', b'y', b'p', brands @ ..] => Self::from_brands(bytes, brands),
            [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Some(Self::new("a TIFF file")),
            [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => {
                Some(Self::new("a JPEG XL file"))
            }
            [0, 0, 0, 12, b'j', b'P', ..] => Some(Self::new("a JPEG 2000 file")),
            [b'8', b'B', b'P', b'S', ..] => Some(Self::new("a Photoshop file")),
            [b'%', b'P', b'D', b'F', ..] => Some(Self::new("a PDF file")),
            [0, 0, 1, 0, ..] => Some(Self::new("an icon file")),
            _ => None,
        }
    }

    /// Detects a format by the brands of an `ftyp` box (ISO/IEC 14496-12), whose length the file begins with. The first
    /// brand may be a general one, so all of them count.
    fn from_brands(file: &[u8], brands: &[u8]) -> Option<Self> {
        let length = u32::from_be_bytes(*file.first_chunk()?) as usize;
        let brands = brands.get(..length.saturating_sub(8)).unwrap_or(brands);
        let has =
            |wanted: &[&[u8; 4]]| brands.chunks(4).any(|brand| wanted.iter().any(|w| brand == *w));
        if has(&[b"avif", b"avis"]) {
            Some(Self::new("an AVIF file"))
        } else if has(&[b"crx "]) {
            Some(Self::new("a CR3 raw file"))
        } else if has(&[
            b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1",
            b"msf1",
        ]) {
            let advice =
                "send it as JPEG: on an iPhone choose Settings, Camera, Formats, Most Compatible";
            Some(Self { name: "a HEIC file", advice })
        } else {
            Some(Self { name: "a video or a sound", advice: "send a JPEG" })
        }
    }
}

/// Reports whether the size of the second header, 12 bytes after the letters `BM`, is one that BMP
/// defines.
///
/// `BM` alone is not enough for a signature, because plain text may begin with it.
fn has_bmp_header(after_letters: &[u8]) -> bool {
    let size = after_letters.get(12..).and_then(<[u8]>::first_chunk);
    size.is_some_and(|&size| {
        matches!(u32::from_le_bytes(size), 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::testing::{fixture, one_of_each, photo};

    #[test]
    fn each_format_is_known_by_its_first_bytes() {
        for (format, bytes) in one_of_each(&photo(8, 8)) {
            assert_eq!(sniff(&bytes), Some(format));
            assert_eq!(sniff(&bytes[..18]), Some(format));
            assert_eq!(sniff(&bytes[1..]), None);
        }
    }

    #[test]
    fn text_audio_and_nothing_are_not_pictures() {
        for bytes in [
            &b"BMW makes cars, and this is a sentence."[..],
            b"GIF85a",
            b"RIFF\x24\0\0\0WAVEfmt ",
            b"data:image/png;base64,iVBORw0KGgo=",
            b"BM",
            b"",
        ] {
            assert_eq!(sniff(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn known_pictures_that_are_not_read_have_a_name() {
        let brands = |brands: &[&[u8; 4]]| {
            let length = u32::try_from(8 + 4 * brands.len()).unwrap();
            let brands: Vec<u8> = brands.iter().flat_map(|brand| **brand).collect();
            [&length.to_be_bytes()[..], b"ftyp", &brands, b"\0\0\0\x08meta"].concat()
        };
        for (bytes, name) in [
            (brands(&[b"heic", b"\0\0\0\0", b"mif1", b"heic"]), "a HEIC file"),
            (brands(&[b"mif1", b"\0\0\0\0", b"heix"]), "a HEIC file"),
            (brands(&[b"avif", b"\0\0\0\0", b"mif1"]), "an AVIF file"),
            (brands(&[b"mif1", b"\0\0\0\0", b"avif"]), "an AVIF file"),
            (brands(&[b"crx ", b"\0\0\0\x01"]), "a CR3 raw file"),
            (brands(&[b"isom", b"\0\0\x02\0"]), "a video or a sound"),
            (b"II*\0\x08\0\0\0".to_vec(), "a TIFF file"),
            (b"MM\0*\0\0\0\x08".to_vec(), "a TIFF file"),
            (b"\xff\x0a\xfa\x1f".to_vec(), "a JPEG XL file"),
            (b"%PDF-1.7".to_vec(), "a PDF file"),
        ] {
            assert_eq!(sniff(&bytes), None, "{name}");
            assert_eq!(OtherFormat::sniff(&bytes).map(|format| format.name), Some(name));
        }
        for bytes in
            [&b""[..], b"Once upon a time", b"RIFF\x24\0\0\0WAVEfmt ", b"<html>", b"....ftyq"]
        {
            assert_eq!(OtherFormat::sniff(bytes), None);
        }
    }

    #[test]
    fn the_bytes_count_and_not_the_file_name() {
        assert_eq!(sniff(&fixture("astronaut_640x480.jpg")), Some(InputFormat::Jpeg));
        assert_eq!(sniff(&fixture("chelsea_451x300.png")), Some(InputFormat::Png));
    }

    #[test]
    fn names_for_files_headers_and_people() {
        let named = |format: InputFormat| {
            format!("{format} {} {}", format.media_type(), format.extension())
        };
        assert_eq!(named(InputFormat::Jpeg), "JPEG image/jpeg jpg");
        assert_eq!(named(InputFormat::Png), "PNG image/png png");
        assert_eq!(named(InputFormat::Webp), "WebP image/webp webp");
        assert_eq!(named(InputFormat::Gif), "GIF image/gif gif");
        assert_eq!(named(InputFormat::Bmp), "BMP image/bmp bmp");
    }
}
