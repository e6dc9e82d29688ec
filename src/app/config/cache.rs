//! Caches of parsed configurations, which are valid until any configuration changes.

use std::sync::Arc;

use moka::sync::Cache;

use crate::app::AppError;
use crate::store::Store;

/// The maximum number of values in each cache.
const MAX_ENTRIES: u64 = 10_000;

/// Values by name, each with the configuration version at which it was loaded (see `store/version.rs`). Clones share
/// the values.
#[derive(Debug, Clone)]
pub(super) struct VersionedCache<V: Clone + Send + Sync + 'static>(Cache<String, (i64, V)>);

impl<V: Clone + Send + Sync + 'static> Default for VersionedCache<V> {
    fn default() -> Self {
        Self(Cache::new(MAX_ENTRIES))
    }
}

impl<V: Clone + Send + Sync + 'static> VersionedCache<V> {
    /// Returns the cached value for a name, or loads it if a configuration has changed since it was cached.
    pub(super) async fn get(
        &self,
        store: &Store,
        name: &str,
        load: impl Future<Output = Result<V, AppError>>,
    ) -> Result<V, AppError> {
        // The version is read first, so that a change while the value is loaded makes the value out of date.
        let version = store.configuration_version().await?;
        if let Some((cached_version, value)) = self.0.get(name)
            && cached_version == version
        {
            return Ok(value);
        }
        let value = load.await?;
        self.0.insert(name.to_owned(), (version, value.clone()));
        Ok(value)
    }
}

/// The caches of [`Config`](super::Config).
#[derive(Debug, Clone, Default)]
pub(super) struct Caches {
    pub(super) levels: VersionedCache<Arc<super::ClientLevels>>,
    pub(super) commands: VersionedCache<Arc<super::commands::ActiveCommands>>,
    pub(super) client_types:
        VersionedCache<Option<Arc<serde_json::Map<String, serde_json::Value>>>>,
    pub(super) models: VersionedCache<Option<Arc<crate::store::ModelRow>>>,
    pub(super) strategies: VersionedCache<Option<Arc<crate::store::Strategy>>>,
}
