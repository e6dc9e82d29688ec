//! File extensions.

use std::fmt;

/// A file extension without its dot: 1-16 lower-case ASCII letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Extension(String);

/// A text is not a valid [`Extension`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file extension is 1-16 lower-case letters and digits")]
pub struct InvalidExtension;

impl Extension {
    /// The maximum length in bytes.
    const MAX_BYTES: usize = 16;

    /// Parses an extension.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidExtension`] if the text is empty, longer than 16 bytes or has other characters.
    pub fn new(text: &str) -> Result<Self, InvalidExtension> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let well_formed = (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(plain);
        if well_formed { Ok(Self(text.to_owned())) } else { Err(InvalidExtension) }
    }

    /// Converts any text to an extension: it drops characters other than ASCII letters and digits, converts letters to
    /// lower case and keeps the first 16. If nothing is left, the extension is `bin`. A valid extension is unchanged.
    #[must_use]
    pub fn from_text_lossy(text: &str) -> Self {
        let plain = text.chars().filter(char::is_ascii_alphanumeric).take(Self::MAX_BYTES);
        let plain: String = plain.map(|c| c.to_ascii_lowercase()).collect();
        Self(if plain.is_empty() { "bin".to_owned() } else { plain })
    }

    /// Returns the extension as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
