//! `calliope media`: what is stored, whether all of it is there, and into the bucket with it.

use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{house, runtime};
use crate::app::App;
use crate::settings::Loaded;

/// Keys at most that are named one by one.
const NAMED: usize = 20;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Say the outcome as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put into the bucket what it lacks; begun again, it goes on where it was
    Sync {
        /// Only say what would be put
        #[arg(long)]
        dry_run: bool,
    },
    /// Compare rows, files and bytes; exit code 1 when something is missing, changed or orphaned
    Verify,
    /// Say what is stored, by client, kind and month
    Usage,
}

pub(super) fn run(loaded: &Loaded, arguments: &Arguments) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let app = house::beside(&loaded.settings, |book| std::sync::Arc::new(book)).await?;
        let done = match &arguments.command {
            Command::Sync { dry_run } => sync(&app, *dry_run, arguments.json).await,
            Command::Verify => verify(&app, arguments.json).await,
            Command::Usage => usage(&app, arguments.json).await,
        };
        app.store.close().await;
        done
    })
}

#[expect(clippy::print_stdout, reason = "the command's data")]
async fn sync(app: &App, dry_run: bool, as_json: bool) -> anyhow::Result<()> {
    let Some(bucket) = &app.bucket else {
        bail!("there is no bucket; set CLOUD_ENV and CALLIOPE_BUCKET_NAME");
    };
    let waiting = app.store.unsynced().await?;
    if dry_run {
        let files = waiting.files;
        if as_json {
            println!("{}", json!({"files": files, "bucket": bucket.url()}));
        } else {
            println!("{files} files would be put into {}", bucket.url());
        }
        return Ok(());
    }
    let bar = bar(waiting.files.unsigned_abs());
    let done = app
        .sync(|done| {
            bar.set_position((done.files + done.refused + done.missing) as u64);
            bar.set_message(mebibytes(done.bytes));
        })
        .await?;
    bar.finish_and_clear();
    if as_json {
        println!(
            "{}",
            json!({"files": done.files, "bytes": done.bytes, "refused": done.refused, "missing": done.missing})
        );
    } else {
        println!("{} files, {}, are in {} now", done.files, mebibytes(done.bytes), bucket.url());
    }
    if done.refused > 0 || done.missing > 0 {
        bail!(
            "{} files were refused by the bucket, and {} are not on this machine's disk as they were kept; the log says which",
            done.refused,
            done.missing
        );
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the command's data")]
async fn verify(app: &App, as_json: bool) -> anyhow::Result<()> {
    let bar = bar(app.store.counts().await?.media_objects.unsigned_abs());
    let verified = app
        .verify(|verified| {
            bar.set_position(verified.files);
            bar.set_message(mebibytes(verified.bytes));
        })
        .await?;
    bar.finish_and_clear();
    if as_json {
        println!("{}", serde_json::to_string(&verified)?);
    } else {
        println!("{} files, {}, were looked at", verified.files, mebibytes(verified.bytes));
        for (what, keys) in [
            ("missing", &verified.missing),
            ("changed", &verified.changed),
            ("orphaned", &verified.orphaned),
        ] {
            for key in keys.iter().take(NAMED) {
                println!("{what}: {key}");
            }
            if keys.len() > NAMED {
                println!("{what}: and {} more; --json names all", keys.len() - NAMED);
            }
        }
    }
    if !verified.is_clean() {
        bail!("not everything is as it was kept");
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the command's data")]
async fn usage(app: &App, as_json: bool) -> anyhow::Result<()> {
    let usage = app.store.media_usage().await?;
    if as_json {
        let rows = usage.iter().map(|row| {
            json!({"client_id": row.client_id, "kind": row.kind, "month": row.month,
                "files": row.files, "bytes": row.bytes})
        });
        println!("{}", json!(rows.collect::<Vec<_>>()));
        return Ok(());
    }
    for row in &usage {
        let client = row.client_id.as_deref().unwrap_or("-");
        let bytes = mebibytes(row.bytes.unsigned_abs());
        println!("{}  {:<7} {:>8} files {bytes:>12}  {client}", row.month, row.kind, row.files);
    }
    let bytes = usage.iter().map(|row| row.bytes.unsigned_abs()).sum();
    println!(
        "{} files, {}, in all",
        usage.iter().map(|row| row.files).sum::<i64>(),
        mebibytes(bytes)
    );
    Ok(())
}

/// A bar on a terminal; nothing elsewhere, where the last line says it all.
fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let style =
        ProgressStyle::with_template("{wide_bar} {pos}/{len} files, {msg}, {per_sec}, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
