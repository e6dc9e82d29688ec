//! Client ids as parts of object keys.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::ClientId;

/// Returns a client id as it appears in file names: the first 40 characters, ASCII letters in lower case, each
/// character other than an ASCII letter or digit replaced by `-`. An id with neither gives `client`.
#[must_use]
pub fn file_slug(name: &str) -> String {
    let slug: String = name
        .chars()
        .take(40)
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    if slug.trim_matches('-').is_empty() { "client".to_owned() } else { slug }
}

/// Returns whether a text is a result of [`file_slug`]. A slug is the slug of itself.
pub(super) fn is_file_slug(text: &str) -> bool {
    file_slug(text) == text
}

/// Returns whether a text consists of exactly `digits` lower-case hexadecimal digits.
pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The folder of a client. Two clients never share a folder, not even on a file system that ignores case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientFolder(String);

/// A text is not the name of a client's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a client's folder is 1-40 lower-case letters, digits and `-`, perhaps with a dot and 16 hexadecimal digits behind"
)]
pub struct InvalidClientFolder;

impl ClientFolder {
    /// Returns the folder of a client. An id that is its own [`file_slug`] is the folder's name. For any other id, the
    /// name is its slug, a dot (which no slug has) and the first 8 bytes of the id's SHA-256 in hex.
    #[must_use]
    pub fn for_client(client: &ClientId) -> Self {
        let slug = file_slug(client.as_str());
        if slug == client.as_str() {
            return Self(slug);
        }
        let digest = Sha256::digest(client.as_str().as_bytes());
        let checksum = digest.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        Self(format!("{slug}.{checksum:016x}"))
    }

    /// Returns the folder's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClientFolder {
    type Err = InvalidClientFolder;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = match text.split_once('.') {
            Some((slug, checksum)) => is_file_slug(slug) && is_hex(checksum, 16),
            None => is_file_slug(text),
        };
        if well_formed { Ok(Self(text.to_owned())) } else { Err(InvalidClientFolder) }
    }
}
