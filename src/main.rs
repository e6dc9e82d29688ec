//! Parse, run, exit code.

use std::process::ExitCode;

use calliope::cli::Cli;
use clap::Parser;

fn main() -> ExitCode {
    Cli::parse().run()
}
