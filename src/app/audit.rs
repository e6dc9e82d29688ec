//! The audit log: who changed what and when, with the values before and after. It never contains a secret.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{Actor, AppError};
use crate::domain::{ClientId, Identity, Principal};
use crate::store::{NewAuditRecord, Tx};

/// The author of a change, as the audit log records it.
#[derive(Debug, Clone)]
pub struct AuditContext {
    pub(in crate::app) actor: String,
    /// Whether the actor is a logged-in user, who may have no other way in than a password.
    pub(in crate::app) is_user: bool,
    request_id: Option<String>,
}

/// A change, as the audit log records it.
pub(in crate::app) struct AuditChange<'a> {
    pub(in crate::app) action: &'static str,
    pub(in crate::app) resource: &'static str,
    pub(in crate::app) id: &'a str,
    pub(in crate::app) before: Option<Value>,
    pub(in crate::app) after: Option<Value>,
}

impl AuditContext {
    /// Creates the context of a principal's request or command.
    #[must_use]
    pub fn new(principal: &Principal, request_id: Option<String>) -> Self {
        let is_user = matches!(principal.identity, Identity::User { .. });
        Self { actor: principal.to_string(), is_user, request_id }
    }

    /// Creates the context of a task, from the name of the actor who requested it.
    pub(in crate::app) fn for_actor_name(actor: &str) -> Self {
        Self { actor: actor.to_owned(), is_user: false, request_id: None }
    }

    /// Creates the context of something that a device does by itself.
    pub(in crate::app) fn for_device(client_id: &ClientId) -> Self {
        Self { actor: format!("device {client_id}"), is_user: false, request_id: None }
    }
}

/// Serializes a value for [`AuditChange::before`] or [`AuditChange::after`].
pub(in crate::app) fn audit_value(value: &impl Serialize) -> Result<Option<Value>, AppError> {
    serde_json::to_value(value).map(Some).map_err(AppError::internal)
}

impl AuditChange<'_> {
    /// Records the change in the transaction that makes it.
    pub(in crate::app) async fn record(
        &self,
        tx: &mut Tx,
        audit: &AuditContext,
        now: DateTime<Utc>,
    ) -> Result<(), AppError> {
        let entry = NewAuditRecord {
            actor: &audit.actor,
            action: self.action,
            resource: self.resource,
            resource_id: self.id,
            before: self.before.as_ref(),
            after: self.after.as_ref(),
            request_id: audit.request_id.as_deref(),
            now,
        };
        Ok(tx.insert_audit_record(entry).await?)
    }
}

impl AuditChange<'_> {
    /// Records the change unless the actor acts for a client, because the audit log is about what admins do.
    pub(in crate::app) async fn record_unless_client(
        &self,
        tx: &mut Tx,
        actor: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), AppError> {
        if actor.client_id.is_some() {
            return Ok(());
        }
        self.record(tx, &AuditContext::new(actor.principal, None), now).await
    }
}
