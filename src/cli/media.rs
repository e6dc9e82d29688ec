//! `calliope media`: uploads stored media to the bucket, copies them between stores, verifies them, removes what need
//! not be kept and shows usage.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::output::print_line;
use super::progress::{Progress, human_bytes};
use super::{bootstrap, runtime};
use crate::app::jobs::ApplyRetention;
use crate::app::{App, MediaMigrationSummary};
use crate::domain::{Lifetime, Principal};
use crate::http_client;
use crate::objects::Bucket;
use crate::settings::{LoadedSettings, RetentionExemption, Settings};

/// The most keys that are listed one by one.
const MAX_LISTED_KEYS: usize = 20;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Print the result as JSON only
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Upload files that the bucket lacks; run again, it resumes where it stopped
    Sync {
        /// Only show what would be uploaded
        #[arg(long)]
        dry_run: bool,
    },
    /// Copy every file from one store to another, read it back and compare it; run again, it resumes where it stopped
    Migrate {
        /// Source: gs://, s3:// or az:// with a bucket and optionally a prefix, file:///folder, or `local` for this
        /// machine's disk
        #[arg(long)]
        from: String,
        /// Destination, in the same form
        #[arg(long)]
        to: String,
        /// Only show what would be copied
        #[arg(long)]
        dry_run: bool,
    },
    /// Compare rows, files and bytes; exit code 1 if a file is missing, changed or orphaned
    Verify,
    /// Remove media of old stories, expired inputs and orphaned files, and evict from the disk what exceeds the cache
    Cleanup {
        /// Remove media of stories without a new frame for this long, such as 90d; without it, stories keep their media
        #[arg(long)]
        older_than: Option<Lifetime>,
        /// Stories that keep their media regardless
        #[arg(long, value_enum, default_value = "bookmarked")]
        keep: RetentionExemption,
        /// Only show what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Show what is stored, by client, kind and month
    Usage,
}

pub(super) fn run(loaded: &LoadedSettings, arguments: &Arguments) -> anyhow::Result<()> {
    let settings = &loaded.settings;
    runtime()?.block_on(async {
        let app =
            bootstrap::build_for_command(settings, |ledger| std::sync::Arc::new(ledger)).await?;
        let result = match &arguments.command {
            Command::Sync { dry_run } => sync(&app, *dry_run, arguments.json).await,
            Command::Migrate { from, to, dry_run } => {
                migrate(&app, settings, from, to, *dry_run, arguments.json).await
            }
            Command::Verify => verify(&app, arguments.json).await,
            Command::Cleanup { older_than, keep, dry_run } => {
                let age = older_than.map(|Lifetime(age)| age);
                let job = ApplyRetention::new(&Principal::LOCAL, age, *keep, *dry_run);
                cleanup(&app, &job, arguments.json).await
            }
            Command::Usage => usage(&app, arguments.json).await,
        };
        app.close().await;
        result
    })
}

async fn sync(app: &App, dry_run: bool, as_json: bool) -> anyhow::Result<()> {
    let Some(bucket) = app.files().bucket_url() else {
        bail!("there is no bucket; set CLOUD_ENV and CALLIOPE_BUCKET_NAME");
    };
    if !dry_run {
        app.files().reset_sync_after_bucket_change().await?;
        app.files().requeue_lost_files().await?;
    }
    let waiting = app.files().sync_backlog().await?;
    if dry_run {
        let (files, bytes) = (waiting.files, waiting.bytes);
        if as_json {
            print_line!("{}", json!({"files": files, "bytes": bytes, "bucket": bucket}))?;
        } else {
            let bytes = human_bytes(bytes.unsigned_abs());
            print_line!("{files} files, {bytes}, would be uploaded to {bucket}")?;
        }
        return Ok(());
    }
    let progress = Progress::new(waiting.bytes.unsigned_abs(), as_json);
    let done =
        app.files().sync_and_recover(|done| progress.update(done.files as u64, done.bytes)).await?;
    progress.finish();
    if as_json {
        print_line!(
            "{}",
            json!({"files": done.files, "bytes": done.bytes, "refused": done.refused, "missing": done.missing})
        )?;
    } else {
        print_line!("{} files, {}, are in {} now", done.files, human_bytes(done.bytes), bucket)?;
    }
    if done.refused > 0 || done.missing > 0 {
        bail!(
            "the bucket refused {} files, and {} are missing or corrupt on this machine's disk; the log names them",
            done.refused,
            done.missing
        );
    }
    Ok(())
}

async fn migrate(
    app: &App,
    settings: &Settings,
    from: &str,
    to: &str,
    dry_run: bool,
    as_json: bool,
) -> anyhow::Result<()> {
    let (from, to) = (store_at(settings, from)?, store_at(settings, to)?);
    if from.url() == to.url() {
        bail!("--from and --to are the same store");
    }
    let progress = Progress::new(0, as_json);
    let done = app
        .files()
        .migrate(&from, &to, dry_run, |done: &MediaMigrationSummary| {
            progress.set_total(done.bytes);
            progress.update(done.moved, done.moved_bytes);
        })
        .await?;
    progress.finish();
    if as_json {
        print_line!("{}", serde_json::to_string(&done)?)?;
    } else if dry_run {
        let (files, bytes) = (done.files, human_bytes(done.bytes));
        print_line!(
            "{files} files, {bytes}, of which {} seem to exist there already",
            done.skipped
        )?;
    } else {
        let (moved, bytes) = (done.moved, human_bytes(done.moved_bytes));
        print_line!("{moved} files, {bytes}, are in {} now, and were compared", to.url())?;
        print_line!("{} of them were there before", done.skipped)?;
        for (key, reason) in done.failed.iter().take(MAX_LISTED_KEYS) {
            print_line!("failed: {key}: {reason}")?;
        }
    }
    if !done.failed.is_empty() {
        bail!("{} files were not moved; run the command again", done.failed.len());
    }
    Ok(())
}

/// Opens the store at an address. `local` is the folder that contains this installation's folders.
fn store_at(settings: &Settings, address: &str) -> anyhow::Result<Bucket> {
    let url = if address == "local" {
        let root = settings.storage.root().context(
            "the folders media, audio and voice_profiles are not in one folder under these names; use file:///folder instead",
        )?;
        format!("file://{}", root.display())
    } else {
        address.to_owned()
    };
    Ok(Bucket::from_url(&url, &settings.storage, http_client::build_client()?)?)
}

async fn cleanup(app: &App, job: &ApplyRetention, as_json: bool) -> anyhow::Result<()> {
    let progress = Progress::new(0, as_json);
    let done = app.files().run_cleanup(job, |done| progress.update(done.files, done.bytes)).await?;
    progress.finish();
    if as_json {
        print_line!("{}", serde_json::to_string(&done)?)?;
        return Ok(());
    }
    let would = if job.dry_run { "would be " } else { "" };
    print_line!(
        "media of {} stories {would}removed: {} files, {}",
        done.stories,
        done.files,
        human_bytes(done.bytes)
    )?;
    if !job.dry_run {
        print_line!("expired inputs removed: {}", done.inputs)?;
    }
    print_line!("orphaned files {would}removed: {}", done.orphans)?;
    print_line!(
        "files {would}evicted from the disk: {}, {}",
        done.evicted,
        human_bytes(done.evicted_bytes)
    )?;
    Ok(())
}

async fn verify(app: &App, as_json: bool) -> anyhow::Result<()> {
    let rows = app.files().usage().await?;
    let bytes = rows.iter().map(|row| row.bytes.unsigned_abs()).sum();
    let progress = Progress::new(bytes, as_json);
    let verified =
        app.files().verify(|verified| progress.update(verified.files, verified.bytes)).await?;
    progress.finish();
    if as_json {
        print_line!("{}", serde_json::to_string(&verified)?)?;
    } else {
        print_line!("{} files, {}, were checked", verified.files, human_bytes(verified.bytes))?;
        for (what, keys) in [
            ("missing", &verified.missing),
            ("changed", &verified.changed),
            ("orphaned", &verified.orphaned),
        ] {
            for key in keys.iter().take(MAX_LISTED_KEYS) {
                print_line!("{what}: {key}")?;
            }
            if keys.len() > MAX_LISTED_KEYS {
                print_line!("{what}: and {} more; --json lists all", keys.len() - MAX_LISTED_KEYS)?;
            }
        }
        if verified.recent > 0 {
            print_line!(
                "{} files have no rows but are so new that they may get them soon",
                verified.recent
            )?;
        }
    }
    if !verified.is_clean() {
        bail!("some files are missing, changed or orphaned");
    }
    Ok(())
}

async fn usage(app: &App, as_json: bool) -> anyhow::Result<()> {
    let usage = app.files().usage().await?;
    if as_json {
        let rows = usage.iter().map(|row| {
            json!({"client_id": row.client_id, "kind": row.kind, "month": row.month,
                "files": row.files, "bytes": row.bytes})
        });
        print_line!("{}", json!(rows.collect::<Vec<_>>()))?;
        return Ok(());
    }
    for row in &usage {
        let client = row.client_id.as_deref().unwrap_or("-");
        let bytes = human_bytes(row.bytes.unsigned_abs()).to_string();
        print_line!("{}  {:<7} {:>8} files {bytes:>12}  {client}", row.month, row.kind, row.files)?;
    }
    let bytes: u64 = usage.iter().map(|row| row.bytes.unsigned_abs()).sum();
    print_line!(
        "{} files, {}, in total",
        usage.iter().map(|row| row.files).sum::<i64>(),
        human_bytes(bytes)
    )?;
    Ok(())
}
