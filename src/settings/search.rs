//! The vector index for semantic search: this installation's own, or Pinecone.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{ValidationError, secret};

/// Clouds in which Pinecone makes indexes.
const CLOUDS: [&str; 3] = ["aws", "gcp", "azure"];

/// Pinecone, where one is configured: with its key and the index's name.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchSettings {
    /// Pinecone's key.
    #[serde(serialize_with = "secret::serialize")]
    pub pinecone_api_key: Option<SecretString>,
    /// Where an index is made: a cloud and its region, such as `aws-us-east-1`.
    pub pinecone_environment: Option<String>,
    /// Where Pinecone is asked about indexes.
    pub pinecone_url: String,
    /// The index's name.
    pub index: Option<String>,
    /// The part of the index that is this installation's alone.
    pub namespace: String,
    /// Whether an index that is missing is made.
    pub creates_index: bool,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            pinecone_api_key: None,
            pinecone_environment: None,
            pinecone_url: "https://api.pinecone.io".to_owned(),
            index: None,
            namespace: "calliope".to_owned(),
            creates_index: false,
        }
    }
}

impl SearchSettings {
    /// The cloud and the region in which an index is made; `None` where the environment names none.
    #[must_use]
    pub fn cloud_and_region(&self) -> Option<(&str, &str)> {
        let (cloud, region) = self.pinecone_environment.as_deref()?.split_once('-')?;
        (CLOUDS.contains(&cloud) && !region.is_empty()).then_some((cloud, region))
    }

    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        let key = self.pinecone_api_key.as_ref().map(ExposeSecret::expose_secret);
        let fits = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !key.is_none_or(fits) {
            let reason = "must be a Pinecone key: printable characters without spaces";
            return Err(("search.pinecone_api_key", reason.to_owned()));
        }
        let is_valid_name = |name: &str, most: usize| {
            let is_plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (1..=most).contains(&name.len())
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
        let is_address = ["https://", "http://"].iter().any(|scheme| {
            self.pinecone_url.strip_prefix(scheme).is_some_and(|host| !host.is_empty())
        });
        if !is_address {
            let reason = "must be an address, such as https://api.pinecone.io";
            return Err(("search.pinecone_url", reason.to_owned()));
        }
        if key.is_some() && self.index.is_none() {
            let reason = "must name Pinecone's index, because PINECONE_API_KEY is set";
            return Err(("search.index", reason.to_owned()));
        }
        if self.creates_index && self.cloud_and_region().is_none() {
            let reason = "must be a cloud (aws, gcp or azure) and its region, such as aws-us-east-1, for an index to be made there";
            return Err(("search.pinecone_environment", reason.to_owned()));
        }
        Ok(())
    }
}
