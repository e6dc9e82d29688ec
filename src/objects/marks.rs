//! Marks of instances in the local folders. An instance that does not find the mark of another one there has folders of its
//! own.

use std::time::SystemTime;

use uuid::Uuid;

use super::folder::run_blocking;
use super::{LocalStore, LocalStoreError, NamedFolder};

impl LocalStore {
    /// Leaves the mark of an instance in each folder.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if a mark cannot be written.
    pub async fn write_marks(&self, instance: Uuid) -> Result<(), LocalStoreError> {
        let this = self.clone();
        run_blocking("written", move || {
            let write = |folder: &NamedFolder| {
                folder.write_mark(instance).map_err(|source| folder.failed_itself(source))
            };
            this.folders().iter().try_for_each(write)
        })
        .await
    }

    /// Returns the first folder that lacks the mark of one of these instances; `None` if all folders have them all.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if the folders cannot be looked at.
    pub async fn folder_without_marks(
        &self,
        instances: Vec<Uuid>,
    ) -> Result<Option<NamedFolder>, LocalStoreError> {
        let this = self.clone();
        run_blocking("listed", move || {
            let lacks_mark = |folder: &&NamedFolder| {
                folder.path.exists() && !instances.iter().all(|id| folder.has_mark(*id))
            };
            Ok(this.folders().iter().find(lacks_mark).cloned())
        })
        .await
    }

    /// Removes the mark of an instance, and marks that were last written before `forgotten`. Ignores errors.
    pub async fn remove_marks(&self, instance: Uuid, forgotten: SystemTime) {
        let this = self.clone();
        let removal = tokio::task::spawn_blocking(move || {
            for folder in this.folders() {
                folder.remove_marks(instance, forgotten);
            }
        });
        let _ = removal.await;
    }
}
