//! `calliope backup` and `calliope restore`: write an installation to one archive and restore it from there.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::output::print_line;
use super::progress::{Progress, human_bytes};
use super::{bootstrap, runtime};
use crate::app;
use crate::settings::LoadedSettings;

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The archive to write; it must not exist yet
    file: PathBuf,
    /// Include pictures, videos, voices and recordings
    #[arg(long)]
    media: bool,
    /// Print the result as JSON only
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The archive to read
    file: PathBuf,
    /// Print the result as JSON only
    #[arg(long)]
    json: bool,
}

pub(super) fn back_up(loaded: &LoadedSettings, arguments: &Backup) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let app = bootstrap::build_for_command(&loaded.settings, |ledger| std::sync::Arc::new(ledger)).await?;
        let rows = app.files().usage().await?;
        let bytes = rows.iter().map(|row| row.bytes.unsigned_abs()).sum();
        let progress = Progress::new(bytes, arguments.json);
        let on_progress = |files, bytes| progress.update(files, bytes);
        let result = app.ops().create_backup(&arguments.file, arguments.media, on_progress).await;
        progress.finish();
        app.close().await;
        let manifest = result?;
        let files = manifest.entries.len() - 1;
        let bytes: u64 = manifest.entries.iter().map(|entry| entry.size).sum();
        let missing = manifest.missing.len();
        let path = arguments.file.display();
        if arguments.json {
            print_line!("{}", json!({"file": path.to_string(), "files": files, "bytes": bytes, "missing": manifest.missing}))?;
        } else {
            print_line!("{path} holds the database and {files} files: {}", human_bytes(bytes))?;
        }
        if missing > 0 {
            bail!("{missing} files named in the database are missing; `calliope media verify` lists them");
        }
        Ok(())
    })
}

pub(super) fn restore(loaded: &LoadedSettings, arguments: &Restore) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let bytes = std::fs::metadata(&arguments.file).map_or(0, |file| file.len());
        let progress = Progress::new(bytes, arguments.json);
        let progress = std::sync::Arc::new(std::sync::Mutex::new(progress));
        let shared_progress = std::sync::Arc::clone(&progress);
        let on_progress = move |files, bytes| {
            if let Ok(progress) = shared_progress.lock() {
                progress.update(files, bytes);
            }
        };
        let restored = app::restore(&loaded.settings, &arguments.file, on_progress).await;
        if let Ok(progress) = progress.lock() {
            progress.finish();
        }
        let restored = restored?;
        if arguments.json {
            print_line!("{}", serde_json::to_string(&restored)?)?;
        } else {
            let (stories, frames) = (restored.stories, restored.frames);
            print_line!(
                "{stories} stories, {frames} frames and {} files are back: {}",
                restored.files,
                human_bytes(restored.bytes)
            )?;
        }
        Ok(())
    })
}
