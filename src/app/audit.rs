//! Who changed what, when, and from what into what. Nothing of it holds a secret.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{Actor, AppError};
use crate::domain::{ClientId, Identity, Principal};
use crate::store::{AuditEntry, Tx};

/// Who changes something.
#[derive(Debug, Clone)]
pub struct Act {
    pub(in crate::app) actor: String,
    /// Whether it is somebody who has logged in, and may have no other way in.
    pub(in crate::app) is_person: bool,
    request_id: Option<String>,
}

/// A change.
pub(in crate::app) struct Change<'a> {
    pub(in crate::app) action: &'static str,
    pub(in crate::app) resource: &'static str,
    pub(in crate::app) id: &'a str,
    pub(in crate::app) before: Option<Value>,
    pub(in crate::app) after: Option<Value>,
}

impl Act {
    /// Something that a principal does, by a request or by a command.
    #[must_use]
    pub fn new(principal: &Principal, request_id: Option<String>) -> Self {
        let is_person = matches!(principal.identity, Identity::User { .. });
        Self { actor: principal.to_string(), is_person, request_id }
    }

    /// Something that was asked for by somebody of this name, and is done now.
    pub(in crate::app) fn by_name(actor: &str) -> Self {
        Self { actor: actor.to_owned(), is_person: false, request_id: None }
    }

    /// Something that a device does by itself.
    pub(in crate::app) fn of_device(client_id: &ClientId) -> Self {
        Self { actor: format!("device {client_id}"), is_person: false, request_id: None }
    }
}

/// A thing as it was or became, for a [`Change`].
pub(in crate::app) fn noted(thing: &impl Serialize) -> Result<Option<Value>, AppError> {
    serde_json::to_value(thing).map(Some).map_err(AppError::internal)
}

impl Change<'_> {
    /// Notes the change in the transaction that makes it.
    pub(in crate::app) async fn note(
        &self,
        tx: &mut Tx,
        act: &Act,
        now: DateTime<Utc>,
    ) -> Result<(), AppError> {
        let entry = AuditEntry {
            actor: &act.actor,
            action: self.action,
            resource: self.resource,
            resource_id: self.id,
            before: self.before.as_ref(),
            after: self.after.as_ref(),
            request_id: act.request_id.as_deref(),
            now,
        };
        Ok(tx.audit(entry).await?)
    }
}

impl Change<'_> {
    /// Notes what somebody did who speaks for no client: what a client does with its own is no admin's change.
    pub(in crate::app) async fn note_of(
        &self,
        tx: &mut Tx,
        actor: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), AppError> {
        if actor.client_id.is_some() {
            return Ok(());
        }
        self.note(tx, &Act::new(actor.principal, None), now).await
    }
}
