//! The vector index for semantic search: the database's own, or Pinecone.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{ValidationError, secret};

/// The clouds in which Pinecone creates indexes.
const CLOUDS: [&str; 3] = ["aws", "gcp", "azure"];

/// The settings of Pinecone. Without an API key, vectors are stored in the database.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchSettings {
    /// The Pinecone API key: printable ASCII characters without spaces. Default: none.
    #[serde(serialize_with = "secret::serialize")]
    pub pinecone_api_key: Option<SecretString>,
    /// The cloud (`aws`, `gcp` or `azure`) and region in which an index is created, such as `aws-us-east-1`. Required
    /// with `create_index`. Default: none.
    pub pinecone_environment: Option<String>,
    /// The URL of Pinecone's control API. Default: `https://api.pinecone.io`.
    pub pinecone_url: String,
    /// The name of the index: 1-45 lower-case letters, digits and hyphens. Required with `pinecone_api_key`. Default:
    /// none.
    pub index: Option<String>,
    /// The namespace of this installation in the index: 1-45 lower-case letters, digits and hyphens. Default:
    /// `calliope`.
    pub namespace: String,
    /// Whether to create the index if it does not exist. Default: `false`.
    pub create_index: bool,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            pinecone_api_key: None,
            pinecone_environment: None,
            pinecone_url: "https://api.pinecone.io".to_owned(),
            index: None,
            namespace: "calliope".to_owned(),
            create_index: false,
        }
    }
}

impl SearchSettings {
    /// Returns the cloud and the region in which an index is created, or `None` if `pinecone_environment` has none.
    #[must_use]
    pub fn cloud_and_region(&self) -> Option<(&str, &str)> {
        let (cloud, region) = self.pinecone_environment.as_deref()?.split_once('-')?;
        (CLOUDS.contains(&cloud) && !region.is_empty()).then_some((cloud, region))
    }

    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        let key = self.pinecone_api_key.as_ref().map(ExposeSecret::expose_secret);
        let is_valid = |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic());
        if !key.is_none_or(is_valid) {
            let reason = "must be a Pinecone key: printable characters without spaces";
            return Err(("search.pinecone_api_key", reason.to_owned()));
        }
        let is_valid_name = |name: &str, max: usize| {
            let is_plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (1..=max).contains(&name.len())
                && name.bytes().all(is_plain)
                && !name.starts_with('-')
                && !name.ends_with('-')
        };
        if !self.index.as_deref().is_none_or(|index| is_valid_name(index, 45)) {
            let reason =
                "must be an index's name: at most 45 lower-case letters, digits and hyphens";
            return Err(("search.index", reason.to_owned()));
        }
        if !is_valid_name(&self.namespace, 45) {
            let reason = "must be at most 45 lower-case letters, digits and hyphens";
            return Err(("search.namespace", reason.to_owned()));
        }
        let is_url = ["https://", "http://"].iter().any(|scheme| {
            self.pinecone_url.strip_prefix(scheme).is_some_and(|host| !host.is_empty())
        });
        if !is_url {
            let reason = "must be a URL, such as https://api.pinecone.io";
            return Err(("search.pinecone_url", reason.to_owned()));
        }
        if key.is_some() && self.index.is_none() {
            let reason = "must name Pinecone's index, because PINECONE_API_KEY is set";
            return Err(("search.index", reason.to_owned()));
        }
        if self.create_index && self.cloud_and_region().is_none() {
            let reason = "must be a cloud (aws, gcp or azure) and its region, such as aws-us-east-1, in which to create the index";
            return Err(("search.pinecone_environment", reason.to_owned()));
        }
        Ok(())
    }
}
