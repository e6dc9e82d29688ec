//! The commands to devices that are in force: blackouts, and commands that devices may still get.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::Config;
use super::resolve::{ClientLevels, DEFAULT_FLOCK};
use crate::app::AppError;
use crate::domain::{ClientId, LevelName};
use crate::store::SentCommand;

/// Number of commands that one query reads.
const PAGE_SIZE: i64 = 500;

/// The name of the only value in its cache.
const ALL: &str = "all";

/// All commands in force, by what they are for.
#[derive(Debug, Default)]
pub(super) struct ActiveCommands {
    of_sparrows: HashMap<String, Vec<SentCommand>>,
    of_flocks: HashMap<String, Vec<SentCommand>>,
}

impl ActiveCommands {
    fn add(&mut self, command: SentCommand) {
        let of = match (&command.client_id, &command.flock_id) {
            (Some(client_id), _) => self.of_sparrows.entry(client_id.clone()),
            (None, Some(flock_id)) => self.of_flocks.entry(flock_id.clone()),
            (None, None) => return,
        };
        of.or_default().push(command);
    }

    /// Returns the commands for a client of these flocks, the oldest first.
    pub(super) fn for_client(&self, client_id: &str, flocks: &[String]) -> Vec<SentCommand> {
        let own = self.of_sparrows.get(client_id);
        let shared = flocks.iter().filter_map(|flock_id| self.of_flocks.get(flock_id));
        let mut commands: Vec<SentCommand> =
            own.into_iter().chain(shared).flatten().cloned().collect();
        commands.sort_by_key(|command| (command.date_created, command.id));
        commands
    }
}

/// Returns what the commands for a Sparrow or a flock keep black: the Sparrow, and flocks.
pub(in crate::app) fn blackouts(commands: &[SentCommand]) -> Vec<LevelName> {
    let level = |command: &SentCommand| match &command.flock_id {
        Some(flock_id) => LevelName::Flock(flock_id.clone()),
        None => LevelName::Sparrow,
    };
    commands.iter().filter(|command| command.is_blackout()).map(level).collect()
}

impl ClientLevels {
    /// Returns whether a blackout of the client or of one of its flocks is on.
    pub(in crate::app) fn is_black(&self) -> bool {
        self.commands.iter().any(SentCommand::is_blackout)
    }
}

impl Config {
    /// Returns all commands in force. They are read once for each configuration version, because there are few.
    pub(super) async fn active_commands(&self) -> Result<Arc<ActiveCommands>, AppError> {
        let load = async { Ok(Arc::new(self.load_commands().await?)) };
        self.caches.commands.get(&self.store, ALL, load).await
    }

    async fn load_commands(&self) -> Result<ActiveCommands, AppError> {
        let mut commands = ActiveCommands::default();
        let mut after = Uuid::nil();
        loop {
            let page = self.store.device_commands(after, PAGE_SIZE).await?;
            let is_last = page.len() < usize::try_from(PAGE_SIZE).unwrap_or(usize::MAX);
            for command in page {
                after = command.id;
                commands.add(command);
            }
            if is_last {
                return Ok(commands);
            }
        }
    }

    /// Returns whether a blackout of a client or of one of its flocks is on.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the client's flocks form a cycle, or if the database fails.
    pub async fn is_client_black(&self, client_id: &ClientId) -> Result<bool, AppError> {
        Ok(self.levels(client_id.as_str()).await?.is_black())
    }

    /// Returns the commands for a flock and for the flocks that it is in, the nearest flock first.
    pub(in crate::app) async fn commands_of_flock(
        &self,
        flock_id: &str,
    ) -> Result<Vec<SentCommand>, AppError> {
        let commands = self.active_commands().await?;
        if commands.of_flocks.is_empty() {
            return Ok(Vec::new());
        }
        let flocks = self.flocks_from(flock_id).await?;
        let found = flocks.iter().filter_map(|flock_id| commands.of_flocks.get(flock_id));
        Ok(found.flatten().cloned().collect())
    }

    /// Returns a flock and the flocks that it is in, the nearest first.
    pub(in crate::app) async fn flocks_from(
        &self,
        flock_id: &str,
    ) -> Result<Vec<String>, AppError> {
        let mut flocks = Vec::new();
        let mut next = Some(flock_id.to_owned());
        while let Some(flock_id) = next {
            let flock = self.store.flock_level(&flock_id).await?;
            flocks.push(flock_id);
            let parent = flock.and_then(|flock| flock.parent_flock_id);
            let parent = parent.or_else(|| Some(DEFAULT_FLOCK.to_owned()));
            next = parent.filter(|parent| !flocks.contains(parent));
        }
        Ok(flocks)
    }
}
