//! The storage quota of each client, which is off by default.

use super::Files;
use crate::app::{AppError, ErrorKind};
use crate::store::{MediaObject, Tx};

impl Files {
    /// Checks that a client may probably store this many bytes more, before they are decoded and written.
    /// [`Self::enforce_quota`] decides.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Busy`] if the client's quota is used up.
    pub(in crate::app) async fn check_quota(
        &self,
        client_id: &str,
        incoming: usize,
    ) -> Result<(), AppError> {
        if self.settings.client_quota_mebibytes == 0 {
            return Ok(());
        }
        let used = self.store.client_bytes(client_id).await?;
        self.compare_with_quota(used, u64::try_from(incoming).unwrap_or(u64::MAX))
    }

    /// Checks that a client may store these files, whose rows the transaction is about to insert. Requests on any
    /// instance wait for each other, so the quota is never exceeded.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Busy`] if the client's quota is used up.
    pub(in crate::app) async fn enforce_quota(
        &self,
        tx: &mut Tx,
        client_id: &str,
        objects: impl IntoIterator<Item = &MediaObject>,
    ) -> Result<(), AppError> {
        let incoming: u64 = objects.into_iter().map(|object| object.size.unsigned_abs()).sum();
        if self.settings.client_quota_mebibytes == 0 || incoming == 0 {
            return Ok(());
        }
        let used = tx.lock_client_bytes(client_id).await?;
        self.compare_with_quota(used, incoming)
    }

    fn compare_with_quota(&self, used: i64, incoming: u64) -> Result<(), AppError> {
        let quota = self.settings.client_quota_mebibytes.saturating_mul(1 << 20);
        let used = u64::try_from(used).unwrap_or(0);
        if used < quota && incoming <= quota - used {
            return Ok(());
        }
        let detail = format!(
            "The files of this client take {:.1} MiB of its {} MiB; nothing was saved. Delete recordings or stories, or have an admin raise storage.client_quota_mebibytes.",
            used as f64 / f64::from(1 << 20),
            self.settings.client_quota_mebibytes
        );
        Err(AppError::new(ErrorKind::Busy, detail))
    }
}
