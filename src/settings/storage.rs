//! Where files are kept: folders on this machine, and the bucket of a cloud.

use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;
use serde::Deserialize;

use super::Complaint;

/// The stores of media files.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
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
    pub secret_access_key: Option<SecretString>,
    /// How long a frame's files may take to get into the bucket before its answer; what takes longer follows.
    pub inline_upload_seconds: u64,
    /// The folder of pictures, videos and voices.
    pub media_folder: PathBuf,
    /// The folder of what Sparrows sent.
    pub input_folder: PathBuf,
}

/// A place for finished media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl Default for Storage {
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
        }
    }
}

impl Storage {
    pub(super) fn validate(&self) -> Result<(), Complaint> {
        if self.media_folder == self.input_folder {
            let reason =
                "must not be the media folder: what comes in and what goes out are kept apart";
            return Err(("storage.input_folder", reason.to_owned()));
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

    fn check_google_credentials(&self) -> Result<(), Complaint> {
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
