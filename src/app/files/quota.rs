//! The storage quota of each client, which is off by default.

use super::Files;
use crate::app::{AppError, ErrorKind};

impl Files {
    /// Checks that a client may store this many bytes more. Requests at the same moment are checked alike, so a client may
    /// exceed its quota by what it sends at once.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Busy`] if the client's quota is used up.
    pub(in crate::app) async fn check_quota(
        &self,
        client_id: &str,
        incoming: usize,
    ) -> Result<(), AppError> {
        let quota = self.settings.client_quota_mebibytes.saturating_mul(1 << 20);
        if quota == 0 {
            return Ok(());
        }
        let used = u64::try_from(self.store.client_bytes(client_id).await?).unwrap_or(0);
        let incoming = u64::try_from(incoming).unwrap_or(u64::MAX);
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
