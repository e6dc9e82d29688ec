//! Names of media files and voice profiles.

use uuid::Uuid;

use super::extension::Extension;

/// The file name of a media object: one path segment of `[A-Za-z0-9._-]`, at most 128 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MediaName(String);

/// A text is not a valid [`MediaName`]: it could leave its folder, be hidden, or confuse a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a media name is one path segment of letters, digits, `.`, `_` and `-`, does not begin with a dot, and has an extension"
)]
pub struct InvalidMediaName;

impl MediaName {
    /// Parses a name.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidMediaName`] if the name has other characters, begins with a dot, has no extension or is longer
    /// than 128 bytes.
    pub fn new(name: &str) -> Result<Self, InvalidMediaName> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let well_formed = name.len() <= 128
            && name.bytes().all(plain)
            && !name.starts_with('.')
            && !extension.is_empty();
        if well_formed { Ok(Self(name.to_owned())) } else { Err(InvalidMediaName) }
    }

    /// Returns the name of a file that Calliope generates: `{id}.{extension}`, with the extension converted by
    /// [`Extension::from_text_lossy`].
    #[must_use]
    pub fn generated(id: Uuid, extension: &str) -> Self {
        Self(format!("{id}.{}", Extension::from_text_lossy(extension)))
    }

    /// Returns whether the name has the form that [`MediaName::generated`] gives. A person can choose such a name too,
    /// but hardly by accident.
    #[must_use]
    pub fn is_generated(&self) -> bool {
        let Some((id, extension)) = self.0.split_once('.') else { return false };
        let is_id = Uuid::try_parse(id).is_ok_and(|parsed| parsed.to_string() == id);
        is_id && Extension::new(extension).is_ok()
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the file extension without its dot, in lower case.
    #[must_use]
    pub fn extension(&self) -> String {
        self.0.rsplit_once('.').map_or_else(String::new, |(_, e)| e.to_ascii_lowercase())
    }
}

/// The name of a client's voice profile: one path segment of `[A-Za-z0-9._-]`, at most 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProfileName(String);

/// A text is not a valid [`ProfileName`]: it could leave its folder or be hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a voice profile's name is 1-64 letters, digits, `.`, `_` and `-`, and does not begin with a dot"
)]
pub struct InvalidProfileName;

impl ProfileName {
    /// Parses a name.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidProfileName`] if the name is empty, longer than 64 bytes, begins with a dot or has other
    /// characters.
    pub fn new(name: &str) -> Result<Self, InvalidProfileName> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let well_formed =
            (1..=64).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.');
        if well_formed { Ok(Self(name.to_owned())) } else { Err(InvalidProfileName) }
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
