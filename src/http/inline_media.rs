//! Decodes images and sounds that are embedded in text, in the variants that small clients and browsers send.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

/// Padding is optional, because small clients omit it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes base64 in the variants that clients send: after a `data:` prefix, with line breaks, in the URL-safe
/// alphabet, or with spaces instead of plus signs, as an unescaped query yields. Returns `None` if it is not base64.
pub(super) fn decode_base64(text: &str) -> Option<Bytes> {
    let data = match text.strip_prefix("data:") {
        Some(rest) => rest.split_once(',')?.1,
        None => text,
    };
    let plain: Vec<u8> = data
        .bytes()
        .filter(|b| !matches!(b, b'\r' | b'\n' | b'\t'))
        .map(|b| match b {
            b' ' | b'-' => b'+',
            b'_' => b'/',
            b => b,
        })
        .collect();
    BASE64.decode(plain).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_small_clients_write_it() {
        for text in
            ["+/8=", "+/8", "-_8", " /8=", "+/\r\n8=\n", "data:image/png;base64,+/8=", "data:,+/8="]
        {
            assert_eq!(decode_base64(text).as_deref(), Some(&[0xfb, 0xff][..]), "{text:?}");
        }
        for text in ["?", "a", "data:image/png;base64", "ü"] {
            assert_eq!(decode_base64(text), None, "{text:?}");
        }
    }
}
