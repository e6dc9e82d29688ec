//! Where files are kept: folders on this machine, and the bucket of a cloud.

use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{ValidationError, secret};

/// The stores of media files.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageSettings {
    /// Which cloud finished media go to.
    #[serde(deserialize_with = "cloud")]
    pub cloud: Cloud,
    /// The bucket's name; needed when `cloud` is not `local`.
    pub bucket: Option<String>,
    /// A service account's JSON file; needed when `cloud` is `gcp`.
    pub google_credentials: Option<PathBuf>,
    /// Where the cloud is, if elsewhere: MinIO and the like.
    pub endpoint: Option<String>,
    /// The cloud's region.
    pub region: Option<String>,
    /// The id of an access key of Amazon's; for Azure, the storage account's name.
    pub access_key_id: Option<String>,
    /// The key itself.
    #[serde(serialize_with = "secret::serialize")]
    pub secret_access_key: Option<SecretString>,
    /// How long a frame's files may take to get into the bucket before its answer; what takes longer follows.
    pub inline_upload_seconds: u64,
    /// The folder of pictures, videos and voices.
    pub media_folder: PathBuf,
    /// The folder of what Sparrows sent.
    pub input_folder: PathBuf,
    /// The folder of recordings; beside the media folder where nothing is said.
    pub audio_folder: Option<PathBuf>,
    /// The folder of voice profiles; beside the media folder where nothing is said.
    pub voice_profiles_folder: Option<PathBuf>,
    /// Who serves media that are in the bucket.
    pub delivery: MediaDelivery,
    /// How much of what is in the bucket stays on the disk too, in mebibytes; 0 for all of it.
    pub cache_mebibytes: u64,
    /// How long what Sparrows sent is kept, in seconds; 0 ends it with the frame that it was for.
    pub input_retention: u64,
    /// Whether uncompressed recordings are kept losslessly smaller.
    pub compress_audio: bool,
    /// After how many days the media of stories that nobody goes on with are removed; 0 for never.
    pub retention_days: u32,
    /// Which stories keep their media longer than that.
    pub retention_keep: RetentionExemption,
}

/// Who serves media that are in the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaDelivery {
    /// Calliope, from its disk and from the bucket.
    Proxy,
    /// The bucket: clients are sent to an address there that is signed for a while.
    Redirect,
}

/// Stories whose media outlive their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum RetentionExemption {
    /// Those that somebody has in a list or of which somebody keeps a frame.
    Bookmarked,
    /// None.
    None,
}

impl RetentionExemption {
    /// The name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bookmarked => "bookmarked",
            Self::None => "none",
        }
    }
}

/// A place for finished media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cloud {
    /// This machine's disk alone.
    Local,
    /// Google Cloud Storage.
    Gcp,
    /// Amazon S3 and what speaks its protocol.
    Aws,
    /// Azure Blob Storage.
    Azure,
}

impl Cloud {
    /// The name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Gcp => "gcp",
            Self::Aws => "aws",
            Self::Azure => "azure",
        }
    }
}

impl FromStr for Cloud {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "local" => Ok(Self::Local),
            // What existing deployments call it.
            "gcp" | "gcp-prod" => Ok(Self::Gcp),
            "aws" => Ok(Self::Aws),
            "azure" => Ok(Self::Azure),
            _ => Err(format!("`{name}` is not one of local, gcp, aws, azure")),
        }
    }
}

fn cloud<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Cloud, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self {
            cloud: Cloud::Local,
            bucket: None,
            google_credentials: None,
            endpoint: None,
            region: None,
            access_key_id: None,
            secret_access_key: None,
            inline_upload_seconds: 3,
            media_folder: PathBuf::from("media"),
            input_folder: PathBuf::from("input"),
            audio_folder: None,
            voice_profiles_folder: None,
            delivery: MediaDelivery::Proxy,
            cache_mebibytes: 10_240,
            input_retention: 24 * 60 * 60,
            compress_audio: true,
            retention_days: 0,
            retention_keep: RetentionExemption::Bookmarked,
        }
    }
}

impl StorageSettings {
    /// The folder that holds all others under the names that they have in a bucket, if there is one.
    #[must_use]
    pub fn root(&self) -> Option<PathBuf> {
        let media = std::path::absolute(&self.media_folder).ok()?;
        let root = media.parent()?.to_owned();
        let is_in_place = |folder: &std::path::Path, name: &str| {
            std::path::absolute(folder).is_ok_and(|folder| folder == root.join(name))
        };
        let all = is_in_place(&self.media_folder, "media")
            && is_in_place(&self.audio_folder(), "audio")
            && is_in_place(&self.voice_profiles_folder(), "voice_profiles");
        all.then_some(root)
    }

    /// Where recordings are.
    #[must_use]
    pub fn audio_folder(&self) -> PathBuf {
        self.audio_folder.clone().unwrap_or_else(|| self.media_folder.with_file_name("audio"))
    }

    /// Where voice profiles are.
    #[must_use]
    pub fn voice_profiles_folder(&self) -> PathBuf {
        let given = self.voice_profiles_folder.clone();
        given.unwrap_or_else(|| self.media_folder.with_file_name("voice_profiles"))
    }

    /// Returns these settings with the default of each folder that is not set.
    pub(super) fn with_folders(&self) -> Self {
        Self {
            audio_folder: Some(self.audio_folder()),
            voice_profiles_folder: Some(self.voice_profiles_folder()),
            ..self.clone()
        }
    }

    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        let (audio, voices) = (self.audio_folder(), self.voice_profiles_folder());
        for (key, folder, others) in [
            ("storage.input_folder", &self.input_folder, vec![&self.media_folder]),
            ("storage.audio_folder", &audio, vec![&self.media_folder, &self.input_folder]),
            (
                "storage.voice_profiles_folder",
                &voices,
                vec![&self.media_folder, &self.input_folder, &audio],
            ),
        ] {
            if others.contains(&folder) {
                let reason = "must be a folder of its own: what comes in, what goes out and what is one client's are kept apart";
                return Err((key, reason.to_owned()));
            }
        }
        if self.inline_upload_seconds > 60 {
            let reason = "must be a whole number from 0 to 60".to_owned();
            return Err(("storage.inline_upload_seconds", reason));
        }
        if self.cloud == Cloud::Local {
            return Ok(());
        }
        if self.bucket.as_deref().is_none_or(str::is_empty) {
            let reason = format!(
                "must name the bucket (CALLIOPE_BUCKET_NAME), because CLOUD_ENV is {}",
                self.cloud.name()
            );
            return Err(("storage.bucket", reason));
        }
        if self.cloud == Cloud::Gcp {
            self.check_google_credentials()?;
        }
        Ok(())
    }

    fn check_google_credentials(&self) -> Result<(), ValidationError> {
        let key = "storage.google_credentials";
        // Without a file, the machine's own service account is asked for.
        let Some(path) = &self.google_credentials else { return Ok(()) };
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            (
                key,
                format!(
                    "{shown} cannot be read ({error}); it must be a service account's JSON file"
                ),
            )
        })?;
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text)
            .map_err(|_| (key, format!("{shown} is not a service account's JSON file")))?;
        Ok(())
    }
}
