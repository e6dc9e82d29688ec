//! Who changed what, when, and from what into what. Nothing of it holds a secret.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Actor, AppError};
use crate::domain::{ClientId, Identity, Principal};
use crate::store::{AuditEntry, AuditRow, Tx};

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

/// A change that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditView {
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
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// As it became.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// When.
    pub date_created: DateTime<Utc>,
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

impl From<AuditRow> for AuditView {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            actor: row.actor,
            action: row.action,
            resource: row.resource,
            resource_id: row.resource_id,
            before: row.before_value,
            after: row.after_value,
            request_id: row.request_id,
            date_created: row.date_created,
        }
    }
}
