//! Commands to devices, blackouts, and which device got which command.

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};
use crate::domain::DeviceCommand;

/// The Sparrow or the flock that a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandTarget<'a> {
    /// One Sparrow, by its client id.
    Sparrow(&'a str),
    /// All Sparrows of a flock and of the flocks in it, by the flock's id.
    Flock(&'a str),
}

/// A command that was sent. A blackout holds as long as its row exists.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SentCommand {
    /// The command's id.
    pub id: Uuid,
    /// The Sparrow that it is for; `None` if it is for a flock.
    pub client_id: Option<String>,
    /// The flock that it is for; `None` if it is for a Sparrow.
    pub flock_id: Option<String>,
    /// What to do.
    pub command: DeviceCommand,
    /// When it was sent.
    pub date_created: DateTime<Utc>,
    /// From when on devices do not get it any more.
    pub date_expires: DateTime<Utc>,
}

impl SentCommand {
    /// Returns whether this is a blackout, which holds even if devices do not get the command any more.
    #[must_use]
    pub fn is_blackout(&self) -> bool {
        self.command == DeviceCommand::Blackout
    }
}

impl<'a> CommandTarget<'a> {
    /// Returns the Sparrow; `None` for a flock.
    #[must_use]
    pub const fn client_id(self) -> Option<&'a str> {
        match self {
            Self::Sparrow(client_id) => Some(client_id),
            Self::Flock(_) => None,
        }
    }

    /// Returns the flock; `None` for a Sparrow.
    #[must_use]
    pub const fn flock_id(self) -> Option<&'a str> {
        match self {
            Self::Sparrow(_) => None,
            Self::Flock(flock_id) => Some(flock_id),
        }
    }
}

impl Store {
    /// Returns commands with an id above `after`, in the order of their ids, at most `limit`.
    pub async fn device_commands(
        &self,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<SentCommand>, StoreError> {
        const SQL: &str = "SELECT * FROM device_command WHERE id > $1 ORDER BY id LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("list the commands to devices"))
    }
}

impl Tx {
    /// Inserts a command, and deletes those for the same target that it [replaces](DeviceCommand::replaces). The
    /// configuration version must be locked by [`Tx::bump_configuration_version`].
    pub async fn replace_device_command(&mut self, new: &SentCommand) -> Result<(), StoreError> {
        const OF_SPARROW: &str =
            "DELETE FROM device_command WHERE client_id = $1 AND command IN ($2, $3)";
        const OF_FLOCK: &str =
            "DELETE FROM device_command WHERE flock_id = $1 AND command IN ($2, $3)";
        const INSERT: &str = "INSERT INTO device_command \
             (id, client_id, flock_id, command, date_created, date_expires) \
             VALUES ($1, $2, $3, $4, $5, $6)";
        let failed = StoreError::failed("send a command to devices");
        let (delete, target) = match &new.flock_id {
            Some(flock_id) => (OF_FLOCK, Some(flock_id)),
            None => (OF_SPARROW, new.client_id.as_ref()),
        };
        let [first, second] = new.command.replaces();
        with_tx!(self, db => sqlx::query(delete)
            .bind(target)
            .bind(first)
            .bind(second)
            .execute(db)
            .await
            .map(drop))
        .map_err(&failed)?;
        with_tx!(self, db => sqlx::query(INSERT)
            .bind(new.id)
            .bind(&new.client_id)
            .bind(&new.flock_id)
            .bind(new.command)
            .bind(new.date_created)
            .bind(new.date_expires)
            .execute(db)
            .await
            .map(drop))
        .map_err(failed)
    }

    /// Records that a Sparrow gets a command. Returns `false` if it got the command before, or if the command was
    /// replaced meanwhile.
    pub async fn insert_command_delivery(
        &mut self,
        command_id: Uuid,
        client_id: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO command_delivery (client_id, command_id, date_created) \
             SELECT $1, c.id, $3 FROM device_command c WHERE c.id = $2 \
             ON CONFLICT (client_id, command_id) DO NOTHING";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(client_id)
            .bind(command_id)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("record that a Sparrow gets a command"))
    }

    /// Deletes the commands that have expired, except blackouts, which hold until they are ended.
    pub async fn delete_expired_commands(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        const SQL: &str =
            "DELETE FROM device_command WHERE date_expires < $1 AND command <> 'blackout'";
        with_tx!(self, db => sqlx::query(SQL).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete expired commands"))
    }

    /// Deletes the records that Sparrows got commands before a time.
    pub async fn delete_command_deliveries(
        &mut self,
        before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM command_delivery WHERE date_created < $1";
        with_tx!(self, db => sqlx::query(SQL).bind(before).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete records of commands"))
    }

    /// Deletes the commands for a flock, and so ends its blackout.
    pub async fn delete_commands_of_flock(&mut self, flock_id: &str) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM device_command WHERE flock_id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(flock_id).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete a flock's commands"))
    }
}
