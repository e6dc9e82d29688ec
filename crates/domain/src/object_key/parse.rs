//! Parsing of object keys.

use std::str::FromStr;

use super::{
    Extension, InvalidClientFolder, InvalidInputName, InvalidMediaName, InvalidProfileName,
    MediaName, ObjectKey, ProfileName,
};

/// A text is not a valid [`ObjectKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidObjectKey {
    /// The first segment is not one of the four folders.
    #[error("a key begins with `media/`, `input/`, `audio/` or `voice_profiles/`")]
    Folder,
    /// A segment is missing.
    #[error(
        "a key in `audio/` is `{{client}}/{{name}}`, one in `voice_profiles/` is `{{client}}/{{profile}}/{{name}}`"
    )]
    Segments,
    /// The name of a media file or a recording is malformed.
    #[error(transparent)]
    Media(#[from] InvalidMediaName),
    /// The name of an input is malformed.
    #[error(transparent)]
    Input(#[from] InvalidInputName),
    /// The folder of the client is malformed.
    #[error(transparent)]
    Client(#[from] InvalidClientFolder),
    /// The name of the voice profile is malformed.
    #[error(transparent)]
    Profile(#[from] InvalidProfileName),
    /// The name of a voice sample is malformed.
    #[error("a voice sample's name is `sample_{{number}}.{{ext}}`")]
    Sample,
}

impl FromStr for ObjectKey {
    type Err = InvalidObjectKey;

    /// Parses a key exactly as `Display` writes it. A key with too many segments is rejected because no name contains
    /// a `/`.
    fn from_str(key: &str) -> Result<Self, Self::Err> {
        let (folder, rest) = key.split_once('/').ok_or(InvalidObjectKey::Folder)?;
        match folder {
            "media" => Ok(Self::Media(MediaName::new(rest)?)),
            "input" => Ok(Self::Input(rest.parse()?)),
            "audio" => {
                let (client, name) = rest.split_once('/').ok_or(InvalidObjectKey::Segments)?;
                Ok(Self::Audio { client: client.parse()?, name: MediaName::new(name)? })
            }
            "voice_profiles" => {
                let (client, rest) = rest.split_once('/').ok_or(InvalidObjectKey::Segments)?;
                let (profile, name) = rest.split_once('/').ok_or(InvalidObjectKey::Segments)?;
                let (number, extension) = parse_sample(name).ok_or(InvalidObjectKey::Sample)?;
                let (client, profile) = (client.parse()?, ProfileName::new(profile)?);
                Ok(Self::VoiceSample { client, profile, number, extension })
            }
            _ => Err(InvalidObjectKey::Folder),
        }
    }
}

/// Parses `sample_{number}.{ext}`. A number with a sign or leading zeros is rejected because it would be printed
/// without them.
fn parse_sample(name: &str) -> Option<(u64, Extension)> {
    let (digits, extension) = name.strip_prefix("sample_")?.split_once('.')?;
    let number: u64 = digits.parse().ok()?;
    let is_canonical = number.to_string() == digits;
    Some((number, Extension::new(extension).ok()?)).filter(|_| is_canonical)
}
