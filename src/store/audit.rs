//! Who changed what.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use utoipa::ToSchema;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// One change. None of it may hold a secret.
#[derive(Debug, Clone, Copy)]
pub struct NewAuditRecord<'a> {
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

/// A change that was made.
#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = AuditView)]
pub struct AuditRecord {
    /// Grows with time.
    pub id: i64,
    /// Who did it: `user ada`, `token 7 (kitchen)`, …
    pub actor: String,
    /// `create`, `update`, `delete`, …
    pub action: String,
    /// To what kind of thing: `flock-configs`.
    pub resource: String,
    /// To which one.
    pub resource_id: String,
    /// As it was.
    #[sqlx(rename = "before_value", json(nullable))]
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// As it became.
    #[sqlx(rename = "after_value", json(nullable))]
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// When.
    pub date_created: DateTime<Utc>,
}

impl Store {
    /// Changes before the one with id `before`, the newest first, at most `limit`: those of a kind of resource, of one
    /// of that kind, or all.
    pub async fn audit_records(
        &self,
        resource: Option<&str>,
        resource_id: Option<&str>,
        before: i64,
        limit: i64,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        const OF_ONE: &str = "SELECT * FROM audit WHERE resource = $1 AND resource_id = $2 AND id < $3 \
             ORDER BY id DESC LIMIT $4";
        const SOME: &str = "SELECT * FROM audit WHERE id < $3 AND ($1 IS NULL OR resource = $1) \
             AND ($2 IS NULL OR resource_id = $2) ORDER BY id DESC LIMIT $4";
        let sql = if resource.is_some() && resource_id.is_some() { OF_ONE } else { SOME };
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
    /// Notes a change, as part of the transaction that makes it.
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
        .map_err(StoreError::failed("note a change"))
    }
}
