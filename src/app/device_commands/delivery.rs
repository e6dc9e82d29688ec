//! Delivery of commands: each Sparrow gets each command once, whichever instance it asks.

use chrono::{DateTime, Utc};
use moka::sync::Cache;
use uuid::Uuid;

use super::{DeviceCommands, LIFETIME};
use crate::app::AppError;
use crate::app::config::ClientLevels;
use crate::domain::{ClientId, DeviceCommand};
use crate::store::Tx;

/// Number of deliveries that are remembered. Others are looked up.
const MAX_REMEMBERED: u64 = 100_000;

/// The commands that were delivered already, each with its Sparrow. While a command is in force, every poll would
/// otherwise ask the database.
#[derive(Debug)]
pub(super) struct Delivered(Cache<(Uuid, String), ()>);

impl Default for Delivered {
    fn default() -> Self {
        Self(Cache::new(MAX_REMEMBERED))
    }
}

impl DeviceCommands {
    /// Returns the oldest command that a Sparrow has not received, and records that it receives it. The end of a
    /// blackout is kept back while another blackout keeps the Sparrow black.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the Sparrow's flocks form a cycle, or if the database fails.
    pub async fn take(&self, client_id: &ClientId) -> Result<Option<DeviceCommand>, AppError> {
        let levels = self.config.levels(client_id.as_str()).await?;
        self.take_from(client_id, &levels).await
    }

    /// Does the same as [`DeviceCommands::take`] for a client whose levels are known, so that the command and the picture
    /// of an answer fit together.
    pub(in crate::app) async fn take_from(
        &self,
        client_id: &ClientId,
        levels: &ClientLevels,
    ) -> Result<Option<DeviceCommand>, AppError> {
        let now = self.clock.now();
        for sent in levels.commands.iter().filter(|sent| now < sent.date_expires) {
            let delivery = (sent.id, client_id.as_str().to_owned());
            if self.delivered.0.contains_key(&delivery) {
                continue;
            }
            let mut tx = self.store.begin().await?;
            let is_first = tx.insert_command_delivery(sent.id, client_id.as_str(), now).await?;
            if is_first {
                tx.save().await?;
            }
            self.delivered.0.insert(delivery, ());
            let is_kept_back = sent.command == DeviceCommand::Resume && levels.is_black();
            if is_first && !is_kept_back {
                return Ok(Some(sent.command));
            }
        }
        Ok(None)
    }

    /// Deletes commands that no device can get any more, within a transaction.
    pub(in crate::app) async fn delete_expired(
        tx: &mut Tx,
        now: DateTime<Utc>,
    ) -> Result<(), AppError> {
        tx.delete_expired_commands(now).await?;
        // What was delivered a whole lifetime ago was sent before that.
        Ok(tx.delete_command_deliveries(now - LIFETIME).await?)
    }
}
