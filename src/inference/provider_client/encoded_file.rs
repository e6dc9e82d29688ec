//! Decodes files in base64, as servers really write them.

use base64_simd::STANDARD;

use crate::inference::Failure;

/// The most bytes before the comma of a `data:` URL.
const MAX_PREFIX_BYTES: usize = 200;

/// Decodes base64: also as a `data:` URL or behind the word `base64`, with line breaks, without padding, or in the
/// alphabet for URLs.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, Failure> {
    let text = text.trim().trim_matches(['"', '\'']);
    // What may stand before the file is short.
    let comma = text.bytes().take(MAX_PREFIX_BYTES).position(|byte| byte == b',');
    let text = match comma.and_then(|comma| text.split_at_checked(comma)) {
        Some((start, rest)) if start.to_ascii_lowercase().contains("base64") => &rest[1..],
        _ => text.strip_prefix("base64:").unwrap_or(text),
    };
    // Nearly every server writes plain base64, of megabytes. Anything else is first made into that.
    let file = STANDARD.decode_to_vec(text).ok().map_or_else(|| decode_variant(text), Ok)?;
    if file.is_empty() { Err(Failure::invalid_response("its file is empty")) } else { Ok(file) }
}

/// Decodes base64 with line breaks or escapes, without padding, or in the alphabet for URLs.
fn decode_variant(text: &str) -> Result<Vec<u8>, Failure> {
    let invalid = || Failure::invalid_response("its file is not valid base64");
    let mut characters = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'-' => characters.push(b'+'),
            b'_' => characters.push(b'/'),
            b'=' => {}
            // A line break that was escaped twice.
            b'\\' => {
                bytes.next();
            }
            // The characters `+`, `/`, `=` and line breaks may be written as in a URL.
            b'%' => {
                let code = [bytes.next(), bytes.next()]
                    .map(|digit| digit.unwrap_or(b'?').to_ascii_uppercase());
                match &code {
                    b"2B" => characters.push(b'+'),
                    b"2F" => characters.push(b'/'),
                    b"3D" | b"0A" | b"0D" | b"20" => {}
                    _ => return Err(invalid()),
                }
            }
            _ if byte.is_ascii_whitespace() => {}
            _ => characters.push(byte),
        }
    }
    base64_simd::forgiving_decode_to_vec(&characters).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_servers_write_it() {
        let file = [0xfb, 0xff, 0xfe, 0x01];
        for text in [
            "+//+AQ==",
            "+//+AQ",
            " +//+AQ==\n",
            "+//+\r\nAQ==",
            "-__-AQ",
            "data:image/png;base64,+//+AQ==",
            "data:image/png;base64,+//+\nAR==",
            "data:application/octet-stream;charset=utf-8;BASE64, +//+AQ",
            "base64,+//+AQ==",
            "base64:+//+AQ==",
            "\"+//+AQ==\"",
            "%2B%2f%2F%2BAQ%3D%3D",
            "+//+\\nAQ==",
        ] {
            assert_eq!(decode(text), Ok(file.to_vec()), "{text}");
        }
        for text in ["", "data:image/png;base64,", "<html>", "no file!", "%zz", "A"] {
            assert!(decode(text).is_err(), "{text}");
        }
    }
}
