//! Secrets that Calliope generates: 256 random bits from the operating system, shown once and stored as SHA-256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::app::AppError;

/// The prefix of every API token, by which people and secret scanners recognise it.
pub(super) const TOKEN_PREFIX: &str = "cal_";

/// The length of a secret in characters: 256 bits in base64url without padding.
const SECRET_LENGTH: usize = 43;

/// The characters of pairing codes: none that looks like another on a small screen, such as `0` and `O`.
const CODE_ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// The length of a pairing code in characters, without its dash.
const CODE_LENGTH: usize = 8;

/// Generates a secret.
pub(super) fn generate_secret() -> Result<String, AppError> {
    let mut bits = [0_u8; 32];
    getrandom::fill(&mut bits).map_err(AppError::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bits))
}

/// Generates a pairing code, without its dash.
pub(super) fn generate_code() -> Result<String, AppError> {
    let mut bits = [0_u8; CODE_LENGTH];
    getrandom::fill(&mut bits).map_err(AppError::internal)?;
    Ok(bits.iter().map(|b| char::from(CODE_ALPHABET[usize::from(b % 32)])).collect())
}

/// Formats a pairing code as a device shows it: `ABCD-2345`.
pub(super) fn format_code(code: &str) -> String {
    let (first, rest) = code.split_at_checked(CODE_LENGTH / 2).unwrap_or((code, ""));
    format!("{first}-{rest}")
}

/// Parses a pairing code as people type it: in any case, with or without its dash. Returns `None` if it is malformed.
pub(super) fn parse_code(code: &str) -> Option<String> {
    let plain: String =
        code.chars().filter(|c| *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    let is_code = plain.len() == CODE_LENGTH && plain.bytes().all(|b| CODE_ALPHABET.contains(&b));
    is_code.then_some(plain)
}

/// Returns whether a text has the form of a result of [`generate_secret`].
pub(super) fn is_well_formed(text: &str) -> bool {
    text.len() == SECRET_LENGTH
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Returns the SHA-256 of a secret, which is stored in its place.
pub(super) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Returns the last four characters of a secret, by which people tell it from others.
pub(super) fn hint(text: &str) -> &str {
    text.len().checked_sub(4).and_then(|at| text.get(at..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_codes_have_their_form() -> Result<(), AppError> {
        let one = generate_secret()?;
        assert!(is_well_formed(&one) && one != generate_secret()?);
        assert!(
            !is_well_formed(&one[1..])
                && !is_well_formed(&format!("{one}A"))
                && !is_well_formed(&"é".repeat(43))
        );
        assert_eq!(hint("cal_xyz1234"), "1234");
        let code = generate_code()?;
        assert_eq!(parse_code(&format_code(&code)), Some(code.clone()));
        assert_eq!(parse_code(&code.to_lowercase()), Some(code));
        for bad in ["", "ABCD-234", "ABCD-23456", "ABCD-234O", "ABCD-2341", "ÄBCD-234"] {
            assert_eq!(parse_code(bad), None, "{bad}");
        }
        Ok(())
    }
}
