//! Pictures and sounds in text, as small clients and browsers write them.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

/// Padding is optional: small clients leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Whether a format is raw PCM, which is taken at one rate alone: nothing in the bytes would tell another.
pub(super) fn check_pcm_format(format: &str) -> Result<bool, String> {
    let mut parts = format.split(';').map(str::trim);
    if !parts.next().unwrap_or_default().eq_ignore_ascii_case("audio/pcm") {
        return Ok(false);
    }
    let is_other_rate = |part: &str| part.strip_prefix("rate=").is_some_and(|rate| rate != "16000");
    if parts.any(is_other_rate) {
        return Err("must be audio/pcm;rate=16000 for raw PCM".to_owned());
    }
    Ok(true)
}

/// Base64 as it comes: after a `data:` prefix, broken into lines, in the URL alphabet, or with a query's spaces
/// for plus signs.
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
