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
