//! Commands, one file each. Data goes to standard output, progress and messages to standard error.

mod allocator;
mod backup;
mod bootstrap;
mod collector;
mod config;
mod file_handles;
mod healthcheck;
mod identity;
mod index;
mod log;
mod media;
mod migrate;
mod output;
mod progress;
mod search;
mod serve;
mod storyteller;
mod token;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::{AppError, ErrorKind, with_causes};
use crate::settings::{InvalidSetting, LoadedSettings};
use output::{OutputClosed, print_message};

/// Tells stories to small devices.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service (the default)
    Serve,
    /// Show the settings in force and where each came from
    Config(config::Arguments),
    /// Apply pending database migrations
    Migrate(migrate::Arguments),
    /// Manage users who may log in
    User(user::Arguments),
    /// Manage API tokens
    Token(token::Arguments),
    /// Manage stored media
    Media(media::Arguments),
    /// Manage the index for semantic search
    Index(index::Arguments),
    /// Search frames, as the service does
    Search(search::Arguments),
    /// Write the database, and with --media every file, to one archive while the service runs
    Backup(backup::Backup),
    /// Restore an archive into an unused database of either kind
    Restore(backup::Restore),
    /// Try out storytellers and their prompts
    Storyteller(storyteller::Arguments),
    /// Ask a running service whether it is ready; for containers
    Healthcheck,
}

impl Cli {
    /// Runs the command. The exit code is 0 (success), 1 (failure) or 2 (wrong use or configuration).
    #[must_use]
    pub fn run(self) -> ExitCode {
        match self.dispatch() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if error.downcast_ref::<OutputClosed>().is_some() => ExitCode::SUCCESS,
            Err(error) => {
                report(&error);
                let is_configuration = error.downcast_ref::<InvalidSetting>().is_some();
                let app_error = error.downcast_ref::<AppError>();
                let is_wrong_use = app_error.is_some_and(|error| error.kind == ErrorKind::Invalid);
                ExitCode::from(if is_configuration || is_wrong_use { 2 } else { 1 })
            }
        }
    }

    fn dispatch(self) -> anyhow::Result<()> {
        // Settings are refused if their bytes are not UTF-8, which are replaced here.
        let variables = || {
            let pairs = std::env::vars_os();
            pairs.filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
        };
        let loaded = || LoadedSettings::load(variables());
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => {
                allocator::return_large_memory();
                serve::run(&loaded()?)
            }
            Command::Config(arguments) => config::run(&loaded()?, &arguments),
            Command::Migrate(arguments) => migrate::run(loaded, &arguments),
            Command::User(arguments) => user::run(&loaded()?, arguments),
            Command::Token(arguments) => token::run(&loaded()?, arguments),
            Command::Media(arguments) => media::run(&loaded()?, &arguments),
            Command::Index(arguments) => index::run(&loaded()?, &arguments),
            Command::Search(arguments) => search::run(&loaded()?, arguments),
            Command::Backup(arguments) => backup::back_up(&loaded()?, &arguments),
            Command::Restore(arguments) => backup::restore(&loaded()?, &arguments),
            Command::Storyteller(arguments) => storyteller::run(&loaded()?, arguments),
            Command::Healthcheck => healthcheck::run(&loaded()?),
        }
    }
}

fn report(error: &anyhow::Error) {
    print_message!("calliope: {}", with_causes(error.as_ref()));
}

/// Builds the async runtime for a command.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
