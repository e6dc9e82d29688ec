//! The vector index for semantic search.

use secrecy::SecretString;
use serde::Deserialize;

/// Pinecone, where one is configured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Search {
    /// Pinecone's key.
    pub pinecone_api_key: Option<SecretString>,
    /// Pinecone's environment.
    pub pinecone_environment: Option<String>,
    /// The index's name.
    pub index: Option<String>,
}
