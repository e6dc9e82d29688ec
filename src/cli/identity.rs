//! Gives the commands for users and tokens access to the database. A service may run at the same time.

use std::sync::Arc;

use crate::app::Identities;
use crate::app::identity::AuditContext;
use crate::compute::Compute;
use crate::domain::{Principal, SystemClock};
use crate::settings::LoadedSettings;
use crate::store::Store;

/// Opens the database, applies pending migrations and runs `work`. The audit log names this machine as the actor.
pub(super) fn with_identities<T, Work: Future<Output = anyhow::Result<T>>>(
    loaded: &LoadedSettings,
    work: impl FnOnce(Identities, AuditContext) -> Work,
) -> anyhow::Result<T> {
    super::runtime()?.block_on(async {
        let store = Store::connect(&loaded.settings.database).await?;
        store.migrate().await?;
        let identities = Identities::new(store.clone(), Compute::new(), Arc::new(SystemClock));
        let result = work(identities, AuditContext::new(&Principal::LOCAL, None)).await;
        store.close().await;
        result
    })
}
