//! `calliope migrate`: applies pending migrations, lists them, or creates the two empty files of a new migration.

use std::path::Path;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::runtime;
use crate::settings::{InvalidSetting, LoadedSettings};
use crate::store::{Store, create_migration_files};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only list pending migrations; exit code 1 if there are any
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

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the command's data and messages")]
pub(super) fn run(
    loaded: impl FnOnce() -> Result<LoadedSettings, InvalidSetting>,
    arguments: &Arguments,
) -> anyhow::Result<()> {
    if let Some(Command::New { name }) = &arguments.command {
        for file in create_migration_files(Path::new("."), name)? {
            println!("{}", file.display());
        }
        return Ok(());
    }
    let settings = loaded()?.settings;
    runtime()?.block_on(async {
        let store = Store::connect(&settings.database).await?;
        let pending = store.pending_migrations().await?;
        for migration in &pending {
            println!("{:04} {}", migration.version, migration.name);
        }
        if arguments.check {
            if !pending.is_empty() {
                bail!("{} migrations are pending; `calliope migrate` applies them", pending.len());
            }
            eprintln!("nothing is pending");
        } else {
            store.migrate().await?;
            eprintln!("{} migrations applied", pending.len());
        }
        store.close().await;
        Ok(())
    })
}
