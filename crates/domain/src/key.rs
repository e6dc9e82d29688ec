//! The names of objects: what a stored file is called, on the disk and in a bucket alike.

use std::fmt;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ClientId;

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
    /// `audio/{client}/{name}`: what a client recorded.
    Audio {
        /// The client's name as [`client_segment`] writes it.
        client: String,
        /// The recording's name.
        name: MediaName,
    },
    /// `voice_profiles/{client}/{profile}/sample_{n}.{ext}`: how a client's voice sounds.
    VoiceSample {
        /// The client's name as [`client_segment`] writes it.
        client: String,
        /// The profile's name.
        profile: ProfileName,
        /// No other sample of the profile has or had this number: a file is never replaced by another.
        number: i64,
        /// The extension that fits the bytes.
        extension: &'static str,
    },
}

/// The name of a client's voice profile: one path segment of `[A-Za-z0-9._-]`, at most 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProfileName(String);

/// A profile name that could leave its folder or hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a voice profile's name is 1-64 letters, digits, `.`, `_` and `-`, and does not begin with a dot"
)]
pub struct InvalidProfileName;

impl ProfileName {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`InvalidProfileName`] when it is empty, too long, begins with a dot or has other characters.
    pub fn new(name: &str) -> Result<Self, InvalidProfileName> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let well_formed =
            (1..=64).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.');
        if well_formed { Ok(Self(name.to_owned())) } else { Err(InvalidProfileName) }
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
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
            Self::Audio { client, name } => write!(f, "audio/{client}/{}", name.as_str()),
            Self::VoiceSample { client, profile, number, extension } => {
                let profile = profile.as_str();
                write!(f, "voice_profiles/{client}/{profile}/sample_{number}.{extension}")
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

/// A client's name as a folder of its own: two clients never share one, on no file system. A name that is a slug stays as
/// it is; any other gets a dot, which no slug has, and the beginning of its checksum.
#[must_use]
pub fn client_segment(client: &ClientId) -> String {
    let slug = file_slug(client.as_str());
    if slug == client.as_str() {
        return slug;
    }
    let digest = Sha256::digest(client.as_str().as_bytes());
    let mark = digest.iter().take(8).fold(0_u64, |mark, byte| (mark << 8) | u64::from(*byte));
    format!("{slug}.{mark:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_clients_share_a_folder() -> Result<(), InvalidClient> {
        let mut seen = std::collections::HashSet::new();
        for name in
            ["sparrow-1", "Sparrow-1", "sparrow:1", "sparrow.1", "🐦", "🐧", "../x", "client"]
        {
            let segment = client_segment(&ClientId::new(name)?);
            assert!(seen.insert(segment.clone()), "{name}: {segment}");
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
            assert!(segment.bytes().all(plain) && !segment.starts_with('.'), "{segment}");
        }
        assert_eq!(client_segment(&ClientId::new("sparrow-1")?), "sparrow-1");
        assert_eq!(client_segment(&ClientId::new("24:6F")?), "24-6f.1847805c59b99e35");
        Ok(())
    }

    #[test]
    fn a_profile_is_one_segment() {
        for bad in ["", ".", "..", "a/b", "a b", "ä", &"x".repeat(65)] {
            assert_eq!(ProfileName::new(bad), Err(InvalidProfileName), "{bad}");
        }
        assert!(ProfileName::new("grand-mother_2.v1").is_ok());
    }

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

    type InvalidClient = crate::InvalidClientId;
}
