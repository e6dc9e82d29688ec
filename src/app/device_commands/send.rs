//! Sending of commands, with their events and their records in the audit log.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{DeviceCommands, LIFETIME};
use crate::app::audit::{AuditChange, AuditContext};
use crate::app::config::{DEFAULT_FLOCK, blackouts};
use crate::app::{AppError, ErrorKind};
use crate::domain::{ClientId, DeviceCommand, EventKind, LevelName};
use crate::store::{CommandTarget, SentCommand};

/// A command that was sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct SentCommandView {
    /// What the devices are told to do.
    pub command: DeviceCommand,
    /// The Sparrow that the command is for; null if it is for a flock.
    #[schema(example = "kitchen")]
    pub client_id: Option<String>,
    /// The flock that the command is for; null if it is for a Sparrow.
    pub flock_id: Option<String>,
    /// What keeps the Sparrow or the flock black now: `sparrow`, or flocks such as `flock museum`; empty if no blackout
    /// is on.
    #[schema(example = json!(["flock museum"]))]
    pub blackouts: Vec<String>,
    /// When the command was sent.
    pub date_created: DateTime<Utc>,
    /// When the command expires: a device that has not asked until then does not get it. A blackout holds nevertheless.
    pub date_expires: DateTime<Utc>,
}

impl DeviceCommands {
    /// Sends a command to a Sparrow.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if the Sparrow was never seen and is not configured.
    pub async fn send_to_sparrow(
        &self,
        client_id: &ClientId,
        command: DeviceCommand,
        audit: &AuditContext,
    ) -> Result<SentCommandView, AppError> {
        let id = client_id.as_str();
        let is_known = self.store.sparrow_state(id).await?.is_some()
            || self.store.sparrow_level(id).await?.is_some();
        if !is_known {
            let detail = "This Sparrow was never seen and is not configured; check its client_id.";
            return Err(AppError::new(ErrorKind::NotFound, detail));
        }
        let sent = self.send(CommandTarget::Sparrow(id), command, audit).await?;
        let levels = self.config.levels(id).await?;
        Ok(view(sent, &blackouts(&levels.commands)))
    }

    /// Sends a command to all Sparrows of a flock and of the flocks in it. The flock `default` has every Sparrow.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is no such flock.
    pub async fn send_to_flock(
        &self,
        flock_id: &str,
        command: DeviceCommand,
        audit: &AuditContext,
    ) -> Result<SentCommandView, AppError> {
        // PostgreSQL rejects text with a NUL.
        let may_exist = !flock_id.contains('\0');
        let is_known = flock_id == DEFAULT_FLOCK
            || (may_exist && self.store.flock_level(flock_id).await?.is_some());
        if !is_known {
            let detail = "There is no flock with this flock_id; check its spelling.";
            return Err(AppError::new(ErrorKind::NotFound, detail));
        }
        let sent = self.send(CommandTarget::Flock(flock_id), command, audit).await?;
        let commands = self.config.commands_of_flock(flock_id).await?;
        Ok(view(sent, &blackouts(&commands)))
    }

    async fn send(
        &self,
        target: CommandTarget<'_>,
        command: DeviceCommand,
        audit: &AuditContext,
    ) -> Result<SentCommand, AppError> {
        let now = self.clock.now();
        let (client_id, flock_id) = (target.client_id(), target.flock_id());
        let sent = SentCommand {
            id: Uuid::now_v7(),
            client_id: client_id.map(str::to_owned),
            flock_id: flock_id.map(str::to_owned),
            command,
            date_created: now,
            date_expires: now + LIFETIME,
        };
        let (resource, id) = match target {
            CommandTarget::Sparrow(client_id) => ("sparrow-states", client_id),
            CommandTarget::Flock(flock_id) => ("flock-configs", flock_id),
        };
        let after = Some(json!({"command": command}));
        let change = AuditChange { action: command.name(), resource, id, before: None, after };
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        tx.replace_device_command(&sent).await?;
        change.record(&mut tx, audit, now).await?;
        let event = json!({"command": command, "flock_id": flock_id});
        tx.publish(EventKind::Command, client_id, None, event, now);
        tx.save().await?;
        tracing::info!(command = command.name(), client_id, flock_id, "command sent to devices");
        Ok(sent)
    }
}

fn view(sent: SentCommand, blackouts: &[LevelName]) -> SentCommandView {
    SentCommandView {
        command: sent.command,
        client_id: sent.client_id,
        flock_id: sent.flock_id,
        blackouts: blackouts.iter().map(ToString::to_string).collect(),
        date_created: sent.date_created,
        date_expires: sent.date_expires,
    }
}
