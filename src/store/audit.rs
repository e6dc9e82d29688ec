//! Who changed what.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;

use super::{StoreError, Tx, within};

/// One change. None of it may hold a secret.
#[derive(Debug, Clone, Copy)]
pub struct AuditEntry<'a> {
    /// Who did it, as a principal shows itself.
    pub actor: &'a str,
    /// What was done: `create`, `update`, `delete`, `approve`, …
    pub action: &'a str,
    /// To what kind of thing, as in the path: `flock-configs`.
    pub resource: &'a str,
    /// To which one.
    pub resource_id: &'a str,
    /// As it was, where it was.
    pub before: Option<&'a Value>,
    /// As it is now, where it still is.
    pub after: Option<&'a Value>,
    /// The request that asked for it.
    pub request_id: Option<&'a str>,
    /// When.
    pub now: DateTime<Utc>,
}

impl Tx {
    /// Notes a change, as part of the transaction that makes it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn audit(&mut self, entry: AuditEntry<'_>) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO audit (actor, action, resource, resource_id, \
             before_value, after_value, request_id, date_created) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        within!(self, db => sqlx::query(SQL)
            .bind(entry.actor)
            .bind(entry.action)
            .bind(entry.resource)
            .bind(entry.resource_id)
            .bind(entry.before.map(Json))
            .bind(entry.after.map(Json))
            .bind(entry.request_id)
            .bind(entry.now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("note a change"))
    }
}
