//! `calliope storyteller try`: tells a story in the terminal, without a server and without storing anything.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use async_trait::async_trait;
use clap::{Args, Subcommand};

use super::output::print_line;
use super::{bootstrap, runtime};
use crate::app::{RehearsalOptions, RehearsedFrame, SpendLedger};
use crate::inference::{
    Budget, CallRecord, Failure, Ledger, PromptObserver, Reservation, Settlement,
};
use crate::settings::LoadedSettings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell a story in the terminal, with the models and prompts that Sparrows get
    Try(Try),
}

#[derive(Debug, Args)]
struct Try {
    /// A strategy's slug, or a storyteller's name
    slug: String,
    /// A photo that each frame is about
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// A text that each frame is about
    #[arg(long)]
    text: Option<String>,
    /// Location of the story: a place name, or degrees north and east, such as 38.72,-9.14
    #[arg(long)]
    location: Option<String>,
    /// Number of frames to tell
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    frames: u32,
    /// Show the prompts that are sent to models
    #[arg(long)]
    show_prompts: bool,
    /// Write the pictures to this folder
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(super) fn run(loaded: &LoadedSettings, arguments: Arguments) -> anyhow::Result<()> {
    let Command::Try(options) = arguments.command;
    runtime()?.block_on(tell(loaded, options))
}

async fn tell(loaded: &LoadedSettings, options: Try) -> anyhow::Result<()> {
    let image = match &options.image {
        Some(path) => {
            let file = std::fs::read(path);
            Some(file.with_context(|| format!("{} cannot be read", path.display()))?)
        }
        None => None,
    };
    if let Some(folder) = &options.out {
        let created = std::fs::create_dir_all(folder);
        created.with_context(|| format!("{} cannot be created", folder.display()))?;
    }
    let calls = Arc::new(Mutex::new(Vec::new()));
    let recorded_calls = Arc::clone(&calls);
    let ledger =
        move |inner| Arc::new(RecordingLedger { inner, calls: recorded_calls }) as Arc<dyn Ledger>;
    let app = bootstrap::build_for_command(&loaded.settings, ledger).await?;
    let show: PromptObserver = Arc::new(|capability, prompt| {
        // The observer cannot end the rehearsal; the next frame's line does if nobody reads any more.
        let _ = print(&format!("    | {capability}\n    | {}\n", prompt.replace('\n', "\n    | ")));
    });
    let mut story = app
        .frames()
        .start_rehearsal(RehearsalOptions {
            strategy: options.slug,
            image: image.map(Into::into),
            text: options.text,
            location: options.location,
            on_prompt: options.show_prompts.then_some(show),
        })
        .await?;
    for number in 0..options.frames {
        let frame = story.next_frame().await?;
        let calls = std::mem::take(&mut *calls.lock().unwrap_or_else(PoisonError::into_inner));
        print(&format_frame(number, &frame, &calls))?;
        if let Some(folder) = &options.out {
            write_pictures(folder, number, &frame)?;
        }
    }
    drop(story);
    app.close().await;
    Ok(())
}

/// Formats a frame for a person: first its texts, then how it was made.
fn format_frame(number: u32, frame: &RehearsedFrame, calls: &[CallRecord]) -> String {
    let mut text = String::new();
    for (passage, illustration) in &frame.texts {
        let passage = passage.as_deref().unwrap_or("(no words)");
        let _ = writeln!(text, "{number:>3}  {passage}\n     picture: {illustration}");
    }
    let _ = writeln!(text, "     situation: {}", frame.situation);
    if let Some(seen) = &frame.seen {
        let _ = writeln!(text, "     seen: {seen}");
    }
    for (step, elapsed) in &frame.steps {
        let _ = writeln!(text, "     {step:<12}{:>9.0} ms", elapsed.as_secs_f64() * 1000.0);
    }
    for call in calls {
        let _ = writeln!(
            text,
            "     {:<12}{:>9} ms  {} {}, {} (attempts: {}), {} + {} tokens, ${:.4}",
            call.capability.name(),
            call.milliseconds,
            call.provider,
            call.model,
            call.outcome,
            call.attempts,
            call.usage.input_tokens,
            call.usage.output_tokens,
            call.micro_usd as f64 / 1e6,
        );
    }
    for note in &frame.notes {
        let _ = writeln!(text, "     ! {note}");
    }
    text
}

fn write_pictures(folder: &Path, number: u32, frame: &RehearsedFrame) -> anyhow::Result<()> {
    for (index, picture) in frame.pictures.iter().enumerate() {
        let path = folder.join(format!("{number:03}-{index}.png"));
        let written = std::fs::write(&path, picture);
        written.with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

fn print(text: &str) -> anyhow::Result<()> {
    print_line!("{}", text.trim_end_matches('\n'))
}

/// The installation's spend ledger, which also collects the calls that it records.
#[derive(Debug)]
struct RecordingLedger {
    inner: SpendLedger,
    calls: Arc<Mutex<Vec<CallRecord>>>,
}

#[async_trait]
impl Ledger for RecordingLedger {
    async fn reserve(
        &self,
        budgets: &[Budget],
        needed: i64,
        wanted: i64,
    ) -> Result<Reservation, Failure> {
        self.inner.reserve(budgets, needed, wanted).await
    }

    async fn settle(&self, settlement: Settlement) {
        let calls = settlement.calls.iter().cloned();
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).extend(calls);
        self.inner.settle(settlement).await;
    }
}
