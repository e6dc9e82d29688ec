//! The tokens of links and the secrets of visitors: 128 random bits from the operating system, stored as SHA-256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::app::AppError;

/// The length of a token in characters: 128 bits in base64url without padding.
const LENGTH: usize = 22;

/// Generates a token.
pub(super) fn generate() -> Result<String, AppError> {
    let mut bits = [0_u8; 16];
    getrandom::fill(&mut bits).map_err(AppError::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bits))
}

/// Returns whether a text has the form of a token. Any other text is not looked up.
pub(super) fn is_well_formed(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    text.len() == LENGTH && text.bytes().all(is_plain)
}

/// Returns the SHA-256 of a token, which is stored in its place.
pub(super) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_their_form() -> Result<(), AppError> {
        let one = generate()?;
        assert!(is_well_formed(&one) && one != generate()?);
        assert!(!is_well_formed(&one[1..]) && !is_well_formed(&format!("{one}A")));
        assert!(!is_well_formed(&"é".repeat(11)) && !is_well_formed(&"/".repeat(22)));
        Ok(())
    }
}
