//! `calliope migrate`: applies pending migrations, lists them, or creates the two empty files of a new migration.

use std::path::Path;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::output::{print_line, print_message};
use super::runtime;
use crate::app::with_causes;
use crate::settings::{InvalidSetting, LoadedSettings, Settings};
use crate::store::{PendingMigration, Store, StoreError, create_migration_files};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only list pending migrations; exit code 1 if there are any, or if the service could not use the database
    #[arg(long)]
    check: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create migrations/sqlite/NNNN_NAME.sql and migrations/postgres/NNNN_NAME.sql
    New {
        /// Lower case letters, digits and underscores
        name: String,
    },
}

pub(super) fn run(
    loaded: impl FnOnce() -> Result<LoadedSettings, InvalidSetting>,
    arguments: &Arguments,
) -> anyhow::Result<()> {
    if let Some(Command::New { name }) = &arguments.command {
        for file in create_migration_files(Path::new("."), name)? {
            print_line!("{}", file.display())?;
        }
        return Ok(());
    }
    let settings = loaded()?.settings;
    runtime()?.block_on(async {
        if arguments.check { check(&settings).await } else { migrate(&settings).await }
    })
}

/// Lists pending migrations. Fails if there are any, or if the service could not use the database.
async fn check(settings: &Settings) -> anyhow::Result<()> {
    let (store, pending) = match Store::connect_existing(&settings.database, &on_retry).await {
        Ok(store) => {
            let pending = store.pending_migrations().await?;
            (Some(store), pending)
        }
        // The service would create it, and the check must not.
        Err(StoreError::NoFile(_)) => (None, PendingMigration::all()),
        Err(error) => return Err(error.into()),
    };
    print_migrations(&pending)?;
    if !pending.is_empty() {
        bail!("{} migrations are pending; `calliope migrate` applies them", pending.len());
    }
    if let Some(store) = store {
        store.check_writes().await?;
        store.close().await;
    }
    print_message!("nothing is pending");
    Ok(())
}

async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let store = Store::connect_patiently(&settings.database, &on_retry).await?;
    let pending = store.pending_migrations().await?;
    store.migrate().await?;
    store.close().await;
    print_migrations(&pending)?;
    print_message!("{} migrations applied", pending.len());
    Ok(())
}

fn print_migrations(migrations: &[PendingMigration]) -> anyhow::Result<()> {
    for migration in migrations {
        print_line!("{:04} {}", migration.version, migration.name)?;
    }
    Ok(())
}

fn on_retry(error: &StoreError) {
    print_message!("calliope: {}; trying again", with_causes(error));
}
