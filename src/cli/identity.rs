//! What the commands about people and tokens share: the database, whether or not a service runs beside it.

use std::sync::Arc;

use crate::app::Identities;
use crate::app::identity::AuditContext;
use crate::compute::Compute;
use crate::domain::{Principal, SystemClock};
use crate::settings::LoadedSettings;
use crate::store::Store;

/// Opens the database, brings its tables up to date, and does `work` in the name of this machine.
pub(super) fn with_identities<T, Work: Future<Output = anyhow::Result<T>>>(
    loaded: &LoadedSettings,
    work: impl FnOnce(Identities, AuditContext) -> Work,
) -> anyhow::Result<T> {
    super::runtime()?.block_on(async {
        let store = Store::connect(&loaded.settings.database).await?;
        store.migrate().await?;
        let identities = Identities::new(store.clone(), Compute::new(), Arc::new(SystemClock));
        let done = work(identities, AuditContext::new(&Principal::LOCAL, None)).await;
        store.close().await;
        done
    })
}
