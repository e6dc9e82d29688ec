//! The audit log, which records what admins changed.

use super::Ops;
use crate::app::{AppError, Page};
use crate::store::AuditRecord;

impl Ops {
    /// Returns a page of audit records, newest first: those of one resource, of one kind of resource, or all. `before`
    /// is the id of a record; only older records are returned.
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
