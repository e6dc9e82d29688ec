//! The `calliope` program: parses the command line and runs the command.

use std::process::ExitCode;

use calliope::cli::Cli;
use clap::Parser;

fn main() -> ExitCode {
    Cli::parse().run()
}
