//! Decompresses request bodies (`Content-Encoding`, RFC 9110, section 8.4).

use std::io::{self, Read};

use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::problem::Problem;

/// A compression that bodies may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentEncoding {
    Gzip,
    /// zlib (RFC 1950), or the bare DEFLATE stream that some clients send under the same name.
    Deflate,
}

/// Returns the compression of a request's body, or `None` if the body is sent as it is.
///
/// # Errors
///
/// A 415 that names the encoding if it is not supported.
pub(super) fn parse(headers: &HeaderMap) -> Result<Option<ContentEncoding>, Problem> {
    let lines = headers.get_all(CONTENT_ENCODING).iter();
    let names = lines.flat_map(|line| line.to_str().unwrap_or("?").split(','));
    let names: Vec<String> = names
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != "identity")
        .collect();
    match names.iter().map(String::as_str).collect::<Vec<&str>>()[..] {
        [] => Ok(None),
        ["gzip" | "x-gzip"] => Ok(Some(ContentEncoding::Gzip)),
        ["deflate"] => Ok(Some(ContentEncoding::Deflate)),
        _ => {
            let shown: String = names.join(", ").chars().take(60).collect();
            let detail = format!(
                "The Content-Encoding {shown} is not supported; send the body as it is, or with gzip or deflate."
            );
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
        }
    }
}

/// A body could not be decompressed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InflateError {
    /// The body has more bytes than are accepted.
    TooLarge,
    /// The bytes are not what the encoding says, or end early.
    Corrupt,
}

/// Decompresses a body to at most `max_bytes` bytes.
pub(super) fn inflate(
    encoding: ContentEncoding,
    body: &[u8],
    max_bytes: usize,
) -> Result<Bytes, InflateError> {
    let mut plain = Vec::new();
    copy(encoding, body, max_bytes, &mut plain)?;
    Ok(Bytes::from(plain))
}

/// Returns the length of a body after it is decompressed, without storing it. It is at most `max_bytes`.
pub(super) fn inflated_length(
    encoding: ContentEncoding,
    body: &[u8],
    max_bytes: usize,
) -> Result<usize, InflateError> {
    copy(encoding, body, max_bytes, &mut io::sink())
}

fn copy(
    encoding: ContentEncoding,
    body: &[u8],
    max_bytes: usize,
    plain: &mut impl io::Write,
) -> Result<usize, InflateError> {
    let limit = max_bytes as u64 + 1;
    let copied = match encoding {
        ContentEncoding::Gzip => io::copy(&mut MultiGzDecoder::new(body).take(limit), plain),
        ContentEncoding::Deflate if has_zlib_header(body) => {
            io::copy(&mut ZlibDecoder::new(body).take(limit), plain)
        }
        ContentEncoding::Deflate => io::copy(&mut DeflateDecoder::new(body).take(limit), plain),
    };
    match copied {
        Ok(length) if length == limit => Err(InflateError::TooLarge),
        Ok(length) => Ok(length as usize),
        Err(_) => Err(InflateError::Corrupt),
    }
}

/// Returns whether bytes begin with a zlib header (RFC 1950, section 2.2): the method is 8, and the two bytes are a
/// multiple of 31.
fn has_zlib_header(body: &[u8]) -> bool {
    matches!(body, [cmf, flags, ..] if cmf & 15 == 8 && u16::from_be_bytes([*cmf, *flags]).is_multiple_of(31))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::http::HeaderValue;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).expect("written");
        encoder.finish().expect("finished")
    }

    #[test]
    fn gzip_and_both_kinds_of_deflate_are_read() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(b"tale").expect("written");
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(b"tale").expect("written");
        let two_members = [gzip(b"ta"), gzip(b"le")].concat();
        for (encoding, body) in [
            (ContentEncoding::Gzip, gzip(b"tale")),
            (ContentEncoding::Gzip, two_members),
            (ContentEncoding::Deflate, zlib.finish().expect("finished")),
            (ContentEncoding::Deflate, raw.finish().expect("finished")),
        ] {
            assert_eq!(inflate(encoding, &body, 4).as_deref(), Ok(&b"tale"[..]), "{encoding:?}");
            assert_eq!(inflated_length(encoding, &body, 4), Ok(4), "{encoding:?}");
            assert_eq!(inflate(encoding, &body, 3), Err(InflateError::TooLarge), "{encoding:?}");
            let broken = &body[..body.len() - 3];
            assert_eq!(inflate(encoding, broken, 9), Err(InflateError::Corrupt), "{encoding:?}");
        }
    }

    #[test]
    fn a_bomb_is_cut_at_the_limit() {
        let bomb = gzip(&vec![0; 8 << 20]);
        assert!(bomb.len() < 16 << 10);
        assert_eq!(inflate(ContentEncoding::Gzip, &bomb, 16 << 10), Err(InflateError::TooLarge));
    }

    #[test]
    fn other_encodings_are_refused_by_name() {
        let read = |given: &'static str| {
            let headers =
                HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(given))]);
            parse(&headers).map_err(|problem| format!("{problem:?}"))
        };
        assert_eq!(read("GZip"), Ok(Some(ContentEncoding::Gzip)));
        assert_eq!(read("identity, deflate"), Ok(Some(ContentEncoding::Deflate)));
        assert_eq!((read(""), read("identity")), (Ok(None), Ok(None)));
        for other in ["br", "zstd", "compress", "gzip, gzip"] {
            let refused = read(other).expect_err(other);
            assert!(refused.contains("415") && refused.contains(other), "{refused}");
        }
    }
}
