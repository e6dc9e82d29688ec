//! The id of a Sparrow.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id of a Sparrow: 1-255 characters of printable text, such as a MAC address, a UUID or a name.
///
/// It is never part of a path. File names use its [`file_slug`](crate::file_slug), folders use
/// [`ClientFolder`](crate::ClientFolder).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ClientId(String);

/// A text is not a valid [`ClientId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClientId {
    /// The text is empty or only white space.
    #[error("client_id is empty; send the name of the device, 1-255 characters")]
    Empty,
    /// The text has this many characters, more than 255.
    #[error("client_id has {0} characters; at most 255 are allowed")]
    TooLong(usize),
    /// The text contains a control character.
    #[error("client_id has a control character; only printable text is allowed")]
    NotPrintable,
}

impl ClientId {
    /// The maximum length in characters.
    pub const MAX_CHARS: usize = 255;

    /// Parses an id.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidClientId`] if the text is empty, too long or not printable.
    pub fn new(name: &str) -> Result<Self, InvalidClientId> {
        if name.trim().is_empty() {
            return Err(InvalidClientId::Empty);
        }
        let chars = name.chars().count();
        if chars > Self::MAX_CHARS {
            return Err(InvalidClientId::TooLong(chars));
        }
        if name.chars().any(char::is_control) {
            return Err(InvalidClientId::NotPrintable);
        }
        Ok(Self(name.to_owned()))
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
    }
}

impl TryFrom<String> for ClientId {
    type Error = InvalidClientId;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_printable_text_up_to_255_characters_is_a_name() {
        for name in ["a", "24:6F:28:AA:BB:CC", "Спарроу №7 🐦", &"ü".repeat(255)] {
            assert_eq!(ClientId::new(name).map(|id| id.as_str().to_owned()), Ok(name.to_owned()));
        }
    }

    #[test]
    fn what_no_screen_could_show_is_refused() {
        assert_eq!(ClientId::new(" "), Err(InvalidClientId::Empty));
        assert_eq!(ClientId::new(&"x".repeat(256)), Err(InvalidClientId::TooLong(256)));
        assert_eq!(ClientId::new("a\u{0}b"), Err(InvalidClientId::NotPrintable));
    }
}
