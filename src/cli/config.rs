//! `calliope config`: prints every setting, its value (secrets are masked) and its source.

use clap::Args;

use crate::settings::LoadedSettings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[expect(clippy::print_stdout, reason = "the command's data")]
pub(super) fn run(loaded: &LoadedSettings, arguments: &Arguments) -> anyhow::Result<()> {
    let lines = loaded.report()?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
        return Ok(());
    }
    for line in lines {
        let value = line.value.as_deref().unwrap_or("-");
        println!("{:<32} {:<32} {}", line.key, value, line.source);
    }
    Ok(())
}
