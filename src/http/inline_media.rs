//! Decodes images and sounds that are embedded in text, in the variants that small clients and browsers send.

use base64_simd::STANDARD;
use bytes::Bytes;

/// Decodes base64 in the variants that clients send: after a `data:` prefix, with line breaks, in the URL-safe
/// alphabet, or with spaces instead of plus signs, as an unescaped query yields. Returns `None` if it is not base64.
pub(super) fn decode_base64(text: &str) -> Option<Bytes> {
    let data = match text.strip_prefix("data:") {
        Some(rest) => rest.split_once(',')?.1,
        None => text,
    };
    // Most clients write plain base64; anything else is first made into that.
    if let Ok(bytes) = STANDARD.decode_to_vec(data) {
        return Some(Bytes::from(bytes));
    }
    let mut plain: Vec<u8> = data
        .bytes()
        .filter(|b| !matches!(b, b'\r' | b'\n' | b'\t'))
        .map(|b| match b {
            b' ' | b'-' => b'+',
            b'_' => b'/',
            b => b,
        })
        .collect();
    while plain.last() == Some(&b'=') {
        plain.pop();
    }
    base64_simd::forgiving_decode_to_vec(&plain).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_small_clients_write_it() {
        for text in [
            "+/8=",
            "+/8",
            "+/9=",
            "-_8",
            " /8=",
            "+/8=\r\n",
            "+/8==",
            "+/\r\n8=\n",
            "data:image/png;base64,+/8=",
            "data:,+/8=",
        ] {
            assert_eq!(decode_base64(text).as_deref(), Some(&[0xfb, 0xff][..]), "{text:?}");
        }
        for text in ["?", "a", "data:image/png;base64", "ü"] {
            assert_eq!(decode_base64(text), None, "{text:?}");
        }
    }
}
