//! `calliope user create`: adds a user who may log in.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::identity::with_identities;
use super::output::print_message;
use crate::app::identity::CreateUserRequest;
use crate::settings::LoadedSettings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add a user; the password is asked for, or read from one line of standard input
    Create {
        /// 1-64 letters, digits and . _ - @ +
        name: String,
    },
}

pub(super) fn run(loaded: &LoadedSettings, arguments: Arguments) -> anyhow::Result<()> {
    let Command::Create { name: username } = arguments.command;
    let password = read_password()?;
    let request =
        CreateUserRequest { username, password, description: String::new(), is_active: true };
    let user = with_identities(loaded, async |identities, audit| {
        Ok(identities.create_user(request, &audit).await?)
    })?;
    print_message!("user {} may log in", user.username);
    Ok(())
}

/// Asks for a password twice on a terminal, else reads it from standard input.
fn read_password() -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).context("standard input cannot be read")?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password = rpassword::prompt_password("Password (12-256 characters): ")?;
    if rpassword::prompt_password("Once more: ")? != password {
        bail!("the two passwords differ; nothing was done");
    }
    Ok(password)
}
