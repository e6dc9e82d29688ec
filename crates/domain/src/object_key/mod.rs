//! Object keys: the paths of stored files, the same on the local disk and in a bucket.

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

/// The path of an object below the root of a store.
///
/// `Display` writes the path with `/` between its segments, as stored in the `media_object` table. `FromStr` is its
/// exact inverse: each key parses from what it prints, and each text that parses is printed unchanged. No segment is
/// empty or begins with a dot, so a key cannot leave the root.
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
    /// `media/{name}`: a file that devices and browsers fetch.
    Media(MediaName),
    /// `input/{client}_{time}_{tail}_in.{ext}`: a file that a Sparrow sent, which retention deletes.
    Input(InputName),
    /// `audio/{client}/{name}`: a recording that a client uploaded.
    Audio {
        /// The client's folder.
        client: ClientFolder,
        /// The recording's name.
        name: MediaName,
    },
    /// `voice_profiles/{client}/{profile}/sample_{n}.{ext}`: a sample of a voice.
    VoiceSample {
        /// The client's folder.
        client: ClientFolder,
        /// The profile's name.
        profile: ProfileName,
        /// The sample's number. No other sample of the profile has or had it, so a file is never overwritten.
        number: u64,
        /// The extension that matches the sample's format.
        extension: Extension,
    },
}

impl ObjectKey {
    /// Returns the key of a file that `client` sent. It uses the low 32 bits of `id`, and `at` to the microsecond.
    #[must_use]
    pub fn input(client: &ClientId, at: DateTime<Utc>, id: Uuid, extension: &str) -> Self {
        Self::Input(InputName::new(client, at, id, extension))
    }

    /// Returns whether this is the key of a file that a Sparrow sent.
    #[must_use]
    pub fn is_input(&self) -> bool {
        matches!(self, Self::Input(_))
    }

    /// Returns whether the object is in a folder of its client.
    #[must_use]
    pub fn is_in_client_folder(&self) -> bool {
        matches!(self, Self::Audio { .. } | Self::VoiceSample { .. })
    }

    /// Returns whether Calliope generated the name. If not, a person chose it for an upload or put the file into the
    /// folder by hand.
    #[must_use]
    pub fn is_generated(&self) -> bool {
        match self {
            Self::Media(name) | Self::Audio { name, .. } => name.is_generated(),
            Self::Input(_) | Self::VoiceSample { .. } => true,
        }
    }

    /// Returns the file extension without its dot, in lower case.
    #[must_use]
    pub fn extension(&self) -> String {
        match self {
            Self::Media(name) | Self::Audio { name, .. } => name.extension(),
            Self::Input(name) => name.extension().to_string(),
            Self::VoiceSample { extension, .. } => extension.to_string(),
        }
    }

    /// Returns the last segment of the path.
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
