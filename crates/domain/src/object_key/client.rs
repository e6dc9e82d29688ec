//! Clients' names as parts of keys.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::ClientId;

/// A client's name as part of a file name: ASCII letters and digits stay, all else is `-`, at most 40 bytes.
#[must_use]
pub fn file_slug(name: &str) -> String {
    let slug: String = name
        .chars()
        .take(40)
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    if slug.trim_matches('-').is_empty() { "client".to_owned() } else { slug }
}

/// Returns whether [`file_slug`] makes this text of some name. A slug is the slug of itself.
pub(super) fn is_file_slug(text: &str) -> bool {
    file_slug(text) == text
}

/// Returns whether a text is this many lower-case hexadecimal digits.
pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The folder of a client. Two clients never share one, on no file system.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientFolder(String);

/// A text is no client's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a client's folder is 1-40 lower-case letters, digits and `-`, perhaps with a dot and 16 hexadecimal digits behind"
)]
pub struct InvalidClientFolder;

impl ClientFolder {
    /// Returns the folder of a client. A name that is a slug stays as it is; any other gets a dot, which no slug has, and
    /// the beginning of its checksum.
    #[must_use]
    pub fn for_client(client: &ClientId) -> Self {
        let slug = file_slug(client.as_str());
        if slug == client.as_str() {
            return Self(slug);
        }
        let digest = Sha256::digest(client.as_str().as_bytes());
        let mark = digest.iter().take(8).fold(0_u64, |mark, byte| (mark << 8) | u64::from(*byte));
        Self(format!("{slug}.{mark:016x}"))
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
            Some((slug, mark)) => is_file_slug(slug) && is_hex(mark, 16),
            None => is_file_slug(text),
        };
        if well_formed { Ok(Self(text.to_owned())) } else { Err(InvalidClientFolder) }
    }
}
