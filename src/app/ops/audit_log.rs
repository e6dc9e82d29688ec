//! The log of what admins changed.

use super::Ops;
use crate::app::{AppError, Page};
use crate::store::AuditRecord;

impl Ops {
    /// Changes, the newest first: those of a kind of resource, or of one of them, or all; those older than `before`.
    pub async fn audit_log(
        &self,
        resource: Option<&str>,
        resource_id: Option<&str>,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Page<AuditRecord, i64>, AppError> {
        let before = before.unwrap_or(i64::MAX);
        let rows = self.store.audit_records(resource, resource_id, before, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |row| row.id))
    }
}
