//! `calliope search "a phrase"`: frames that are found, in the terminal.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{house, runtime};
use crate::app::{Actor, FoundView, Mode, SearchOrder};
use crate::domain::{ClientId, Principal};
use crate::settings::Loaded;

/// Characters that are shown around the first word that was found.
const AROUND: usize = 160;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Words, or a sentence
    query: String,
    /// In the stories of this Sparrow alone
    #[arg(long)]
    client_id: Option<String>,
    /// In stories with this strategy alone
    #[arg(long)]
    strategy: Option<String>,
    /// By words, by meaning, or both
    #[arg(long, value_enum, default_value = "hybrid")]
    mode: Mode,
    /// How many frames at most
    #[arg(long, default_value = "10", value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Say what was found as JSON
    #[arg(long)]
    json: bool,
}

impl ValueEnum for Mode {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Hybrid, Self::Semantic, Self::Lexical]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(match self {
            Self::Hybrid => "hybrid",
            Self::Semantic => "semantic",
            Self::Lexical => "lexical",
        }))
    }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the command's data")]
pub(super) fn run(loaded: &Loaded, arguments: Arguments) -> anyhow::Result<()> {
    let client_id = arguments.client_id.map(ClientId::try_from).transpose()?;
    let order = SearchOrder {
        query: arguments.query,
        client_id,
        strategy: arguments.strategy,
        mode: arguments.mode,
        limit: i64::from(arguments.limit),
        ..SearchOrder::default()
    };
    let found = runtime()?.block_on(async {
        let app = house::beside(&loaded.settings, |book| std::sync::Arc::new(book)).await?;
        let actor = Actor { principal: &Principal::LOCAL, client_id: None };
        let found = app.search(actor, &order).await;
        app.store.close().await;
        anyhow::Ok(found?)
    })?;
    if arguments.json {
        println!("{}", json!({"results": found.results, "mode": found.mode}));
        return Ok(());
    }
    if found.mode != order.mode {
        eprintln!("nobody can tell the meaning here; these are found by their words");
    }
    for frame in &found.results {
        println!("{} · {} frame {}", frame.title, frame.slug, frame.frame_number);
        println!("    {}\n", excerpt(frame));
    }
    Ok(())
}

/// A part of a frame's text with what was found in it, on one line.
fn excerpt(frame: &FoundView) -> String {
    let text: Vec<char> = frame.text.as_deref().unwrap_or("(a picture)").chars().collect();
    let first = frame.highlights.first().map_or(0, |(from, _)| *from);
    let from = first.saturating_sub(AROUND / 2);
    let to = (from + AROUND).min(text.len());
    let part: String = text[from.min(to)..to].iter().collect();
    let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
    let (before, after) = (if from > 0 { "…" } else { "" }, if to < text.len() { "…" } else { "" });
    format!("{before}{part}{after}")
}
