//! `calliope search "a phrase"`: searches frames and prints the results.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::output::{print_line, print_message};
use super::{bootstrap, runtime};
use crate::app::{Actor, SearchHitView, SearchMode, SearchRequest};
use crate::domain::{ClientId, Principal};
use crate::settings::LoadedSettings;

/// The length of an excerpt around the first match, in characters.
const EXCERPT_CHARS: usize = 160;

/// The longest title that is shown in full, in characters.
const MAX_HEADING_CHARS: usize = 60;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Words or a sentence
    query: String,
    /// Search only the stories of this Sparrow
    #[arg(long)]
    client_id: Option<String>,
    /// Search only stories with this strategy
    #[arg(long)]
    strategy: Option<String>,
    /// Search by words (lexical), by meaning (semantic), or both (hybrid)
    #[arg(long, value_enum, default_value = "hybrid")]
    mode: SearchMode,
    /// Show at most this many frames
    #[arg(long, default_value = "10", value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Print the results as JSON
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

pub(super) fn run(loaded: &LoadedSettings, arguments: Arguments) -> anyhow::Result<()> {
    let client_id = arguments.client_id.map(ClientId::try_from).transpose()?;
    let request = SearchRequest {
        query: arguments.query,
        client_id,
        strategy: arguments.strategy,
        mode: arguments.mode,
        limit: i64::from(arguments.limit),
        ..SearchRequest::default()
    };
    let found = runtime()?.block_on(async {
        let app =
            bootstrap::build_for_command(&loaded.settings, |ledger| std::sync::Arc::new(ledger))
                .await?;
        let actor = Actor { principal: &Principal::LOCAL, client_id: None };
        let found = app.search().search(actor, &request).await;
        app.close().await;
        anyhow::Ok(found?)
    })?;
    if arguments.json {
        print_line!("{}", json!({"results": found.results, "mode": found.mode}))?;
        return Ok(());
    }
    if found.mode != request.mode {
        print_message!("semantic search is not available; these results match by words");
    }
    for frame in &found.results {
        print_line!("{} · {} frame {}", heading(&frame.title), frame.slug, frame.frame_number)?;
        print_line!("    {}\n", excerpt(frame))?;
    }
    Ok(())
}

/// Shortens a title to fit on a line. The title of a story without a name is the start of its text, which may be long.
fn heading(title: &str) -> String {
    if title.chars().count() <= MAX_HEADING_CHARS {
        return title.to_owned();
    }
    let cut: String = title.chars().take(MAX_HEADING_CHARS).collect();
    // Cut between words if there are any spaces.
    let words = cut.rsplit_once(' ').map_or(&*cut, |(words, _)| words);
    format!("{}…", words.trim_end_matches([',', '.', ';', ':', ' ']))
}

/// Returns the part of a frame's text around the first match, on one line.
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
