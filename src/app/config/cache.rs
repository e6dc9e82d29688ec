//! What was read of configurations, kept until one of them changes.

use std::sync::Arc;

use moka::sync::Cache;

use crate::app::AppError;
use crate::store::Store;

/// Values at most, of each kind.
const MAX_ENTRIES: u64 = 10_000;

/// Values by name, each with the configuration version that it was read under (see `store/version.rs`). Clones
/// share them.
#[derive(Debug, Clone)]
pub(super) struct VersionedCache<V: Clone + Send + Sync + 'static>(Cache<String, (i64, V)>);

impl<V: Clone + Send + Sync + 'static> Default for VersionedCache<V> {
    fn default() -> Self {
        Self(Cache::new(MAX_ENTRIES))
    }
}

impl<V: Clone + Send + Sync + 'static> VersionedCache<V> {
    /// The value under a name: kept, if nothing has changed since it was loaded.
    pub(super) async fn get(
        &self,
        store: &Store,
        name: &str,
        load: impl Future<Output = Result<V, AppError>>,
    ) -> Result<V, AppError> {
        // The version comes first: what changes while the value is loaded makes it out of date.
        let version = store.configuration_version().await?;
        if let Some((under, value)) = self.0.get(name)
            && under == version
        {
            return Ok(value);
        }
        let value = load.await?;
        self.0.insert(name.to_owned(), (version, value.clone()));
        Ok(value)
    }
}

/// Everything that is cached.
#[derive(Debug, Clone, Default)]
pub(super) struct Caches {
    pub(super) levels: VersionedCache<Arc<super::ClientLevels>>,
    pub(super) client_types:
        VersionedCache<Option<Arc<serde_json::Map<String, serde_json::Value>>>>,
    pub(super) models: VersionedCache<Option<Arc<crate::store::ModelRow>>>,
    pub(super) strategies: VersionedCache<Option<Arc<crate::store::Strategy>>>,
}
