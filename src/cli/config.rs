//! `calliope config`: every setting, its value with secrets hidden, and where it came from.

use clap::Args;

use crate::settings::LoadedSettings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// As JSON
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
