//! The names of objects: what a stored file is called, on the disk and in a bucket alike.

mod client;
mod extension;
mod input;
mod names;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use self::client::{ClientFolder, InvalidClientFolder, file_slug};
pub use self::extension::{Extension, InvalidExtension};
pub use self::input::{InputName, InvalidInputName};
pub use self::names::{InvalidMediaName, InvalidProfileName, MediaName, ProfileName};
pub use self::parse::InvalidObjectKey;
use crate::ClientId;

/// Where an object lives, below the root of a store.
///
/// `Display` gives the path, with `/` between its segments; it is the key in the `media_object` table too. `FromStr` is
/// its exact inverse: each key parses from what it prints, and each text that parses is printed unchanged. No segment of a
/// key is empty or begins with a dot.
///
/// ```
/// use calliope_domain::{InvalidObjectKey, ObjectKey};
///
/// let key: ObjectKey = "input/sparrow_20261123T070417382226_00000007_in.pcm".parse()?;
/// assert!(key.is_input());
/// assert_eq!(key.extension(), "pcm");
/// assert!("input/../calliope.db".parse::<ObjectKey>().is_err());
/// # Ok::<(), InvalidObjectKey>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ObjectKey {
    /// `media/{name}`: what a device or a browser fetches.
    Media(MediaName),
    /// `input/{client}_{time}_{tail}_in.{ext}`: what a Sparrow sent, kept for a while.
    Input(InputName),
    /// `audio/{client}/{name}`: what a client recorded.
    Audio {
        /// The client's folder.
        client: ClientFolder,
        /// The recording's name.
        name: MediaName,
    },
    /// `voice_profiles/{client}/{profile}/sample_{n}.{ext}`: how a client's voice sounds.
    VoiceSample {
        /// The client's folder.
        client: ClientFolder,
        /// The profile's name.
        profile: ProfileName,
        /// No other sample of the profile has or had this number: a file is never replaced by another.
        number: u64,
        /// The extension that fits the bytes.
        extension: Extension,
    },
}

impl ObjectKey {
    /// Returns the key of a file that `client` sent. Of `id`, the low 32 bits are used; of `at`, the microseconds.
    #[must_use]
    pub fn input(client: &ClientId, at: DateTime<Utc>, id: Uuid, extension: &str) -> Self {
        Self::Input(InputName::new(client, at, id, extension))
    }

    /// Returns whether this is the key of a file that a Sparrow sent.
    #[must_use]
    pub fn is_input(&self) -> bool {
        matches!(self, Self::Input(_))
    }

    /// Returns whether the object lies in a folder of its client.
    #[must_use]
    pub fn is_in_client_folder(&self) -> bool {
        matches!(self, Self::Audio { .. } | Self::VoiceSample { .. })
    }

    /// Returns whether the name is of Calliope's own making, and not one that a person chose for an upload or put into a
    /// folder by hand.
    #[must_use]
    pub fn is_generated(&self) -> bool {
        match self {
            Self::Media(name) | Self::Audio { name, .. } => name.is_generated(),
            Self::Input(_) | Self::VoiceSample { .. } => true,
        }
    }

    /// Returns what follows the last dot, in lower case.
    #[must_use]
    pub fn extension(&self) -> String {
        match self {
            Self::Media(name) | Self::Audio { name, .. } => name.extension(),
            Self::Input(name) => name.extension().to_string(),
            Self::VoiceSample { extension, .. } => extension.to_string(),
        }
    }

    /// Returns the last segment.
    #[must_use]
    pub fn file_name(&self) -> String {
        match self {
            Self::Media(name) | Self::Audio { name, .. } => name.as_str().to_owned(),
            Self::Input(name) => name.to_string(),
            Self::VoiceSample { number, extension, .. } => format!("sample_{number}.{extension}"),
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Media(name) => write!(f, "media/{}", name.as_str()),
            Self::Input(name) => write!(f, "input/{name}"),
            Self::Audio { client, name } => write!(f, "audio/{client}/{}", name.as_str()),
            Self::VoiceSample { client, profile, number, extension } => {
                let profile = profile.as_str();
                write!(f, "voice_profiles/{client}/{profile}/sample_{number}.{extension}")
            }
        }
    }
}
