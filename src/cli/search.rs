//! `calliope search "a phrase"`: frames that are found, in the terminal.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{bootstrap, runtime};
use crate::app::{Actor, SearchHitView, SearchMode, SearchRequest};
use crate::domain::{ClientId, Principal};
use crate::settings::LoadedSettings;

/// Characters that are shown around the first word that was found.
const EXCERPT_CHARS: usize = 160;

/// Characters of a title at most.
const MAX_HEADING_CHARS: usize = 60;

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
    mode: SearchMode,
    /// How many frames at most
    #[arg(long, default_value = "10", value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Say what was found as JSON
    #[arg(long)]
    json: bool,
}

impl ValueEnum for SearchMode {
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
pub(super) fn run(loaded: &LoadedSettings, arguments: Arguments) -> anyhow::Result<()> {
    let client_id = arguments.client_id.map(ClientId::try_from).transpose()?;
    let order = SearchRequest {
        query: arguments.query,
        client_id,
        strategy: arguments.strategy,
        mode: arguments.mode,
        limit: i64::from(arguments.limit),
        ..SearchRequest::default()
    };
    let found = runtime()?.block_on(async {
        let app = bootstrap::build_for_command(&loaded.settings, |book| std::sync::Arc::new(book))
            .await?;
        let actor = Actor { principal: &Principal::LOCAL, client_id: None };
        let found = app.search().search(actor, &order).await;
        app.close().await;
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
        println!("{} · {} frame {}", heading(&frame.title), frame.slug, frame.frame_number);
        println!("    {}\n", excerpt(frame));
    }
    Ok(())
}

/// A title that fits a line: a story that nobody named has its beginning for one.
fn heading(title: &str) -> String {
    if title.chars().count() <= MAX_HEADING_CHARS {
        return title.to_owned();
    }
    let cut: String = title.chars().take(MAX_HEADING_CHARS).collect();
    // Between words, where there are any.
    let words = cut.rsplit_once(' ').map_or(&*cut, |(words, _)| words);
    format!("{}…", words.trim_end_matches([',', '.', ';', ':', ' ']))
}

/// A part of a frame's text with what was found in it, on one line.
fn excerpt(frame: &SearchHitView) -> String {
    let text: Vec<char> = frame.text.as_deref().unwrap_or("(a picture)").chars().collect();
    let first = frame.highlights.first().map_or(0, |(from, _)| *from);
    let from = first.saturating_sub(EXCERPT_CHARS / 2);
    let to = (from + EXCERPT_CHARS).min(text.len());
    let part: String = text[from.min(to)..to].iter().collect();
    let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
    let (before, after) = (if from > 0 { "…" } else { "" }, if to < text.len() { "…" } else { "" });
    format!("{before}{part}{after}")
}

#[cfg(test)]
mod tests {
    use super::heading;

    #[test]
    fn a_heading_fits_a_line_and_ends_with_a_word() {
        assert_eq!(heading("The lamp"), "The lamp");
        let long = "This happened in Isla Menor, a small island with one road, two shops and more";
        assert_eq!(heading(long), "This happened in Isla Menor, a small island with one road…");
        assert_eq!(heading(&"語".repeat(61)), format!("{}…", "語".repeat(60)));
    }
}
