//! `calliope index`: adds missing frames to the vector index for semantic search, shows its state and rebuilds it.

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::print_line;
use super::progress::Progress;
use super::{bootstrap, runtime};
use crate::app::{App, IndexStatus};
use crate::settings::LoadedSettings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Rebuild the index from all frames
    #[arg(long)]
    force: bool,
    /// Index at most this many frames
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true)]
    max_frames: u64,
    /// Print the result as JSON only
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Show what the index contains and what it was built with
    Status,
    /// Rebuild the index with the model and the store that are configured now
    Rebuild,
}

pub(super) fn run(loaded: &LoadedSettings, arguments: &Arguments) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let app =
            bootstrap::build_for_command(&loaded.settings, |ledger| std::sync::Arc::new(ledger))
                .await?;
        let result = match arguments.command {
            Some(Command::Status) => status(&app, arguments.json).await,
            Some(Command::Rebuild) => index(&app, true, u64::MAX, arguments.json).await,
            None => index(&app, arguments.force, arguments.max_frames, arguments.json).await,
        };
        app.close().await;
        result
    })
}

async fn index(app: &App, force: bool, max_frames: u64, as_json: bool) -> anyhow::Result<()> {
    if force {
        app.search().clear_index().await?;
    }
    let waiting = app.search().index_status().await?.waiting.unsigned_abs().min(max_frames);
    let progress = Progress::for_frames(waiting, as_json);
    let done = app
        .search()
        .index_all(max_frames, |done| progress.update(done.frames, done.frames))
        .await?;
    progress.finish();
    if as_json {
        print_line!("{}", json!(done))?;
    } else {
        print_line!("{} frames are in the index now, in {} pieces", done.frames, done.pieces)?;
    }
    Ok(())
}

async fn status(app: &App, as_json: bool) -> anyhow::Result<()> {
    let status = app.search().index_status().await?;
    if as_json {
        print_line!("{}", json!(status))?;
        return Ok(());
    }
    let IndexStatus {
        place,
        model,
        dimension,
        configured_model,
        frames,
        waiting,
        pieces,
        counted,
        ..
    } = &status;
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    print_line!("place       {}", or_none(place))?;
    print_line!("model       {}", or_none(model))?;
    print_line!("configured  {}", or_none(configured_model))?;
    print_line!("dimension   {}", dimension.unwrap_or(0))?;
    print_line!("frames      {frames}, {waiting} of them not in the index")?;
    print_line!("pieces      {pieces}")?;
    if let Some(counted) = counted {
        print_line!("counted     {counted} by Pinecone, which is some seconds behind")?;
    }
    if status.needs_rebuild {
        print_line!("search uses words only until you run `calliope index rebuild`")?;
    }
    Ok(())
}
