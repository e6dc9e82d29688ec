//! The names of objects: what a stored file is called, on the disk and in a bucket alike.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::ClientId;

/// The file name of a media object: one path segment of `[A-Za-z0-9._-]`, at most 128 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MediaName(String);

/// A media name that could leave its folder, hide, or confuse a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a media name is one path segment of letters, digits, `.`, `_` and `-`, does not begin with a dot, and has an extension"
)]
pub struct InvalidMediaName;

impl MediaName {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`InvalidMediaName`] when it has other characters, begins with a dot, lacks an extension or is too long.
    pub fn new(name: &str) -> Result<Self, InvalidMediaName> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let well_formed = name.len() <= 128
            && name.bytes().all(plain)
            && !name.starts_with('.')
            && !extension.is_empty();
        if well_formed { Ok(Self(name.to_owned())) } else { Err(InvalidMediaName) }
    }

    /// The name of a picture that Calliope made.
    #[must_use]
    pub fn of(id: Uuid, extension: &str) -> Self {
        Self(format!("{id}.{extension}"))
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last dot, in lower case.
    #[must_use]
    pub fn extension(&self) -> String {
        self.0.rsplit_once('.').map_or_else(String::new, |(_, e)| e.to_ascii_lowercase())
    }
}

/// Where an object lives, below the root of a store.
///
/// `Display` gives the path, with `/` between its segments; it is the key in the `media_object` table too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ObjectKey {
    /// `media/{name}`: what a device or a browser fetches.
    Media(MediaName),
    /// `input/{client}_{timestamp}_in.{ext}`: what a Sparrow sent, kept for a while.
    Input {
        /// The client's name as [`file_slug`] writes it.
        client: String,
        /// When it was sent.
        at: DateTime<Utc>,
        /// Sets apart what was sent in the same microsecond.
        id: Uuid,
        /// The extension that fits the bytes.
        extension: &'static str,
    },
}

impl ObjectKey {
    /// The key of something that `client` sent.
    #[must_use]
    pub fn input(client: &ClientId, at: DateTime<Utc>, id: Uuid, extension: &'static str) -> Self {
        Self::Input { client: file_slug(client.as_str()), at, id, extension }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Media(name) => write!(f, "media/{}", name.as_str()),
            Self::Input { client, at, id, extension } => {
                let tail = id.as_u128() as u32;
                let at = at.format("%Y%m%dT%H%M%S%6f");
                write!(f, "input/{client}_{at}_{tail:08x}_in.{extension}")
            }
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_name_stays_in_its_folder() {
        for bad in
            ["", "..", "../a.png", "a/b.png", ".env", "a\\b.png", "a%2fb.png", "a", "ä.png", "a."]
        {
            assert_eq!(MediaName::new(bad), Err(InvalidMediaName), "{bad}");
        }
        assert!(MediaName::new(&format!("{}.png", "x".repeat(125))).is_err());
        assert_eq!(MediaName::new("0a-B_c.PNG").map(|n| n.extension()), Ok("png".to_owned()));
    }

    #[test]
    fn an_input_key_is_safe_whatever_the_client_is_called() -> Result<(), Box<dyn std::error::Error>>
    {
        let at = "2026-11-23T07:04:17.382226Z".parse()?;
        let key = |name: &str| -> Result<String, InvalidClient> {
            Ok(ObjectKey::input(&ClientId::new(name)?, at, Uuid::from_u128(7), "jpg").to_string())
        };
        assert_eq!(key("24:6F/../x")?, "input/24-6f----x_20261123T070417382226_00000007_in.jpg");
        assert_eq!(key("🐦")?, "input/client_20261123T070417382226_00000007_in.jpg");
        Ok(())
    }

    type InvalidClient = crate::domain::InvalidClientId;
}
