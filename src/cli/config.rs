//! `calliope config`: prints every setting, its value (secrets are masked) and its source.

use clap::Args;

use super::output::{print_line, print_message};
use crate::settings::LoadedSettings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(loaded: &LoadedSettings, arguments: &Arguments) -> anyhow::Result<()> {
    for warning in &loaded.warnings {
        print_message!("calliope: {warning}");
    }
    let lines = loaded.report()?;
    if arguments.json {
        print_line!("{}", serde_json::to_string_pretty(&lines)?)?;
        return Ok(());
    }
    for line in lines {
        let value = line.value.as_deref().unwrap_or("-");
        print_line!("{:<32} {:<32} {}", line.key, value, line.source)?;
    }
    Ok(())
}
