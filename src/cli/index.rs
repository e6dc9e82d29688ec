//! `calliope index`: what is not in the index for semantic search goes into it; how it is; and making it anew.

use clap::{Args, Subcommand};
use serde_json::json;

use super::progress::Progress;
use super::{bootstrap, runtime};
use crate::app::{App, IndexStatus};
use crate::settings::LoadedSettings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// All frames, also those that are in it
    #[arg(long)]
    force: bool,
    /// How many frames at most
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true)]
    max_frames: u64,
    /// Say the outcome as JSON, and nothing else
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Say what is in it, and what it was made with
    Status,
    /// Make it anew with the model and the place that are configured now
    Rebuild,
}

pub(super) fn run(loaded: &LoadedSettings, arguments: &Arguments) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let app = bootstrap::build_for_command(&loaded.settings, |book| std::sync::Arc::new(book))
            .await?;
        let done = match arguments.command {
            Some(Command::Status) => status(&app, arguments.json).await,
            Some(Command::Rebuild) => index(&app, true, u64::MAX, arguments.json).await,
            None => index(&app, arguments.force, arguments.max_frames, arguments.json).await,
        };
        app.close().await;
        done
    })
}

#[expect(clippy::print_stdout, reason = "the command's data")]
async fn index(app: &App, force: bool, most: u64, as_json: bool) -> anyhow::Result<()> {
    if force {
        app.search().clear_index().await?;
    }
    let waiting = app.search().index_status().await?.waiting.unsigned_abs().min(most);
    let progress = Progress::for_frames(waiting, as_json);
    let done =
        app.search().index_all(most, |done| progress.update(done.frames, done.frames)).await?;
    progress.finish();
    if as_json {
        println!("{}", json!(done));
    } else {
        println!("{} frames are in the index now, in {} pieces", done.frames, done.pieces);
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the command's data")]
async fn status(app: &App, as_json: bool) -> anyhow::Result<()> {
    let status = app.search().index_status().await?;
    if as_json {
        println!("{}", json!(status));
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
    println!("place       {}", or_none(place));
    println!("model       {}", or_none(model));
    println!("configured  {}", or_none(configured_model));
    println!("dimension   {}", dimension.unwrap_or(0));
    println!("frames      {frames}, {waiting} of them not in the index");
    println!("pieces      {pieces}");
    if let Some(counted) = counted {
        println!("counted     {counted} by Pinecone, which is some seconds behind");
    }
    if status.needs_rebuild {
        println!("search is by words alone until `calliope index rebuild` was run");
    }
    Ok(())
}
