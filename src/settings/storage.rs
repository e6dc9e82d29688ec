//! File storage: the folders on this machine, and the bucket of a cloud.

use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{GoogleCredentials, ValidationError, secret};

/// The settings of file storage.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageSettings {
    /// The cloud whose bucket stores media: `local` (no bucket), `gcp`, `aws` or `azure`. Default: `local`.
    #[serde(deserialize_with = "cloud")]
    pub cloud: Cloud,
    /// The name of the bucket. Required unless `cloud` is `local`. Default: none.
    pub bucket: Option<String>,
    /// The path of a Google credentials file: the key of a service account, or the login of a user by gcloud. If unset,
    /// gcloud's own file is used if there is one, else the machine's service account. Default: none.
    pub google_credentials: Option<PathBuf>,
    /// The URL of a server that speaks the protocol of `cloud` (`aws` or `azure`), such as MinIO. If unset, it is the
    /// cloud's own. Default: none.
    pub endpoint: Option<String>,
    /// The region of the bucket. Default: none.
    pub region: Option<String>,
    /// The id of an AWS access key, or the name of an Azure storage account. Default: none.
    pub access_key_id: Option<String>,
    /// The secret of the AWS access key, or the key of the Azure storage account. Default: none.
    #[serde(serialize_with = "secret::serialize")]
    pub secret_access_key: Option<SecretString>,
    /// How long a request waits for the upload of its files to the bucket, 0-60 seconds. A slower upload is tried again in the
    /// background; with PostgreSQL, the database holds the files until then. Default: 3.
    pub inline_upload_seconds: u64,
    /// The folder of images, videos and narrations. Default: `media`.
    pub media_folder: PathBuf,
    /// The folder of the photos and recordings that Sparrows send. Default: `input`.
    pub input_folder: PathBuf,
    /// The folder of uploaded recordings. Default: `audio` next to the media folder.
    pub audio_folder: Option<PathBuf>,
    /// The folder of voice profiles. Default: `voice_profiles` next to the media folder.
    pub voice_profiles_folder: Option<PathBuf>,
    /// Who serves media that are in the bucket: `proxy` (Calliope) or `redirect` (the bucket). Default: `proxy`.
    pub delivery: MediaDelivery,
    /// How much of the bucket's media stays on the local disk as a cache, in mebibytes; 0 for all. Default: 10240.
    pub cache_mebibytes: u64,
    /// How much the files of one client may take, in mebibytes; 0 for no limit. A client that has used its quota is
    /// answered 429, by every instance. Default: 0.
    pub client_quota_mebibytes: u64,
    /// How long the files that Sparrows send are kept, in seconds; 0 to delete them after their frame. Default: 86400
    /// (a day).
    pub input_retention_seconds: u64,
    /// Whether WAV and PCM recordings are stored as FLAC, which is lossless. They are returned as they were sent.
    /// Default: `true`.
    pub compress_audio: bool,
    /// After how many days without a change to a story its media are deleted; 0 for never. Default: 0.
    pub retention_days: u32,
    /// Which stories are exempt from `retention_days`: `bookmarked` or `none`. Default: `bookmarked`.
    pub retention_exempt: RetentionExemption,
}

/// Who serves media that are in the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaDelivery {
    /// Calliope serves them from its disk or the bucket.
    Proxy,
    /// The bucket serves them: Calliope redirects clients to a presigned URL.
    Redirect,
}

/// Stories that are exempt from retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum RetentionExemption {
    /// Stories that are in a bookmark list or have a bookmarked frame.
    Bookmarked,
    /// No stories.
    None,
}

impl RetentionExemption {
    /// Returns the name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bookmarked => "bookmarked",
            Self::None => "none",
        }
    }
}

/// The cloud whose bucket stores media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cloud {
    /// No bucket; media stay on the local disk.
    Local,
    /// Google Cloud Storage.
    Gcp,
    /// Amazon S3 or a compatible server.
    Aws,
    /// Azure Blob Storage.
    Azure,
}

impl Cloud {
    /// Returns the name in settings.
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
            // `gcp-prod` is the name in existing deployments.
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
            client_quota_mebibytes: 0,
            input_retention_seconds: 24 * 60 * 60,
            compress_audio: true,
            retention_days: 0,
            retention_exempt: RetentionExemption::Bookmarked,
        }
    }
}

impl StorageSettings {
    /// Returns the folder that contains the media, audio and voice profile folders under their names in a bucket, if
    /// there is one.
    #[must_use]
    pub fn root(&self) -> Option<PathBuf> {
        let media = std::path::absolute(&self.media_folder).ok()?;
        let root = media.parent()?.to_owned();
        let is_in_place = |folder: &std::path::Path, name: &str| {
            std::path::absolute(folder).is_ok_and(|folder| folder == root.join(name))
        };
        let are_in_place = is_in_place(&self.media_folder, "media")
            && is_in_place(&self.audio_folder(), "audio")
            && is_in_place(&self.voice_profiles_folder(), "voice_profiles");
        are_in_place.then_some(root)
    }

    /// Returns the folder of recordings.
    #[must_use]
    pub fn audio_folder(&self) -> PathBuf {
        self.audio_folder.clone().unwrap_or_else(|| self.media_folder.with_file_name("audio"))
    }

    /// Returns the folder of voice profiles.
    #[must_use]
    pub fn voice_profiles_folder(&self) -> PathBuf {
        let folder = self.voice_profiles_folder.clone();
        folder.unwrap_or_else(|| self.media_folder.with_file_name("voice_profiles"))
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
                let reason = "must be a folder of its own; media, inputs, recordings and voice profiles cannot share one";
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
        if let (Cloud::Gcp, Some(path)) = (self.cloud, &self.google_credentials) {
            GoogleCredentials::of_file(path)
                .map_err(|reason| ("storage.google_credentials", reason))?;
        }
        Ok(())
    }

    /// Returns the setting that is valid but doubtful, and the reason.
    pub(super) fn warning(&self) -> Option<ValidationError> {
        let bucket = self.bucket.as_deref().filter(|_| self.cloud == Cloud::Local)?;
        let reason = format!(
            "`{bucket}` is not used, because no cloud is chosen and files stay on this machine; set CLOUD_ENV to gcp, aws or azure to use it"
        );
        Some(("storage.bucket", reason))
    }
}
