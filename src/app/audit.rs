//! Who changed what, when, and from what into what. Nothing of it holds a secret.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{Actor, AppError};
use crate::domain::{ClientId, Identity, Principal};
use crate::store::{NewAuditRecord, Tx};

/// Who changes something.
#[derive(Debug, Clone)]
pub struct AuditContext {
    pub(in crate::app) actor: String,
    /// Whether it is somebody who has logged in, and may have no other way in.
    pub(in crate::app) is_user: bool,
    request_id: Option<String>,
}

/// A change.
pub(in crate::app) struct AuditChange<'a> {
    pub(in crate::app) action: &'static str,
    pub(in crate::app) resource: &'static str,
    pub(in crate::app) id: &'a str,
    pub(in crate::app) before: Option<Value>,
    pub(in crate::app) after: Option<Value>,
}

impl AuditContext {
    /// Something that a principal does, by a request or by a command.
    #[must_use]
    pub fn new(principal: &Principal, request_id: Option<String>) -> Self {
        let is_person = matches!(principal.identity, Identity::User { .. });
        Self { actor: principal.to_string(), is_user: is_person, request_id }
    }

    /// Something that was asked for by somebody of this name, and is done now.
    pub(in crate::app) fn for_actor_name(actor: &str) -> Self {
        Self { actor: actor.to_owned(), is_user: false, request_id: None }
    }

    /// Something that a device does by itself.
    pub(in crate::app) fn for_device(client_id: &ClientId) -> Self {
        Self { actor: format!("device {client_id}"), is_user: false, request_id: None }
    }
}

/// A thing as it was or became, for a [`Change`].
pub(in crate::app) fn audit_value(thing: &impl Serialize) -> Result<Option<Value>, AppError> {
    serde_json::to_value(thing).map(Some).map_err(AppError::internal)
}

impl AuditChange<'_> {
    /// Notes the change in the transaction that makes it.
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
    /// Notes what somebody did who speaks for no client: what a client does with its own is no admin's change.
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
