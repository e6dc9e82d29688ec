//! The audit log: who changed what.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;
use sqlx_macros::FromRow;
use utoipa::ToSchema;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A change to record. No field may contain a secret.
#[derive(Debug, Clone, Copy)]
pub struct NewAuditRecord<'a> {
    /// The principal that made the change, such as `user ada`.
    pub actor: &'a str,
    /// The action: `create`, `update`, `delete`, `approve`, …
    pub action: &'a str,
    /// The kind of resource as it appears in request paths, such as `flock-configs`.
    pub resource: &'a str,
    /// The id of the resource.
    pub resource_id: &'a str,
    /// The resource before the change; `None` if it did not exist.
    pub before: Option<&'a Value>,
    /// The resource after the change; `None` if it no longer exists.
    pub after: Option<&'a Value>,
    /// The id of the request that made the change; `None` outside a request.
    pub request_id: Option<&'a str>,
    /// Current time.
    pub now: DateTime<Utc>,
}

/// A recorded change.
#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = AuditView)]
pub struct AuditRecord {
    /// Record id; increases with time.
    pub id: i64,
    /// The principal that made the change, such as `user ada` or `token 7 (kitchen)`.
    pub actor: String,
    /// The action: `create`, `update`, `delete`, …
    pub action: String,
    /// The kind of resource, such as `flock-configs`.
    pub resource: String,
    /// The id of the resource.
    pub resource_id: String,
    /// The resource before the change; `null` if it did not exist.
    #[sqlx(rename = "before_value", json(nullable))]
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// The resource after the change; `null` if it no longer exists.
    #[sqlx(rename = "after_value", json(nullable))]
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// The id of the request that made the change; `null` if it was not made by a request.
    pub request_id: Option<String>,
    /// When the change was made.
    pub date_created: DateTime<Utc>,
}

impl Store {
    /// Returns changes with an id below `before`, newest first, at most `limit`.
    ///
    /// `resource` limits them to a kind of resource, `resource_id` to one resource.
    pub async fn audit_records(
        &self,
        resource: Option<&str>,
        resource_id: Option<&str>,
        before: i64,
        limit: i64,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        const ONE_RESOURCE: &str = "SELECT * FROM audit WHERE resource = $1 AND resource_id = $2 AND id < $3 \
             ORDER BY id DESC LIMIT $4";
        const ANY_RESOURCE: &str = "SELECT * FROM audit WHERE id < $3 AND ($1 IS NULL OR resource = $1) \
             AND ($2 IS NULL OR resource_id = $2) ORDER BY id DESC LIMIT $4";
        let sql =
            if resource.is_some() && resource_id.is_some() { ONE_RESOURCE } else { ANY_RESOURCE };
        with_read_pool!(self, db => sqlx::query_as(sql)
            .bind(resource)
            .bind(resource_id)
            .bind(before)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list changes"))
    }
}

impl Tx {
    /// Records a change in the transaction that makes it.
    pub async fn insert_audit_record(
        &mut self,
        entry: NewAuditRecord<'_>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO audit (actor, action, resource, resource_id, \
             before_value, after_value, request_id, date_created) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        with_tx!(self, db => sqlx::query(SQL)
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
        .map_err(StoreError::failed("record a change"))
    }
}
