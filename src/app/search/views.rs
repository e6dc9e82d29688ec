//! What is asked of a search, and how its answer is shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::ImageView;
use crate::domain::ClientId;
use crate::store::{FrameHit, HIGHLIGHT_DELIMITERS};

/// How to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SearchMode {
    /// By words and by meaning, fused.
    #[default]
    Hybrid,
    /// By meaning.
    Semantic,
    /// By words.
    Lexical,
}

/// What found a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MatchedBy {
    /// Its words.
    Lexical,
    /// Its meaning.
    Semantic,
}

/// What is searched for.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// Words, or a sentence.
    pub query: String,
    /// In this client's stories alone.
    pub client_id: Option<ClientId>,
    /// In stories with this strategy alone.
    pub strategy: Option<String>,
    /// Told at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Told before this time.
    pub until: Option<DateTime<Utc>>,
    /// How.
    pub mode: SearchMode,
    /// How many frames at most.
    pub limit: i64,
    /// Where to go on.
    pub after: Option<SearchCursor>,
}

/// A place in an answer: what is told meanwhile does not move it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchCursor {
    /// How many frames come before.
    pub at: usize,
    /// The newest frame that is searched, by its id.
    pub newest: i64,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPage {
    /// Frames, the best first.
    pub results: Vec<SearchHitView>,
    /// How it was searched in truth: `lexical` where nobody could tell the meaning.
    pub mode: SearchMode,
    /// Where it goes on.
    pub next_cursor: Option<SearchCursor>,
}

/// Frames that are like one.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SimilarFramesView {
    /// Frames, the nearest first; `score` is the cosine of their directions.
    pub results: Vec<SearchHitView>,
    /// Whether the frame itself is in the index; where not, nobody can tell what it is like.
    pub is_indexed: bool,
}

/// A frame that was found.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SearchHitView {
    /// The story.
    pub story_id: Uuid,
    /// The story's slug.
    pub slug: String,
    /// The story's title.
    pub title: String,
    /// The frame's number, from 0.
    pub frame_number: i32,
    /// The frame's text.
    pub text: Option<String>,
    /// Where in the text the words are that were found: for each, the first character and the one behind the last, counted
    /// in Unicode code points.
    pub highlights: Vec<(usize, usize)>,
    /// The frame's original illustration.
    pub image: Option<ImageView>,
    /// From 0 to 1, the best first; comparable within one answer alone.
    pub score: f64,
    /// What found it.
    pub matched_by: Vec<MatchedBy>,
    /// The strategy of the story.
    pub strategy: String,
    /// When the frame was told.
    pub date_created: DateTime<Utc>,
}

impl SearchHitView {
    pub(super) fn from_frame(
        frame: FrameHit,
        score: f64,
        matched_by: Vec<MatchedBy>,
        marked: Option<&str>,
    ) -> Self {
        let image = frame.image_key.as_deref().map(|key| ImageView {
            width: frame.image_width.unwrap_or(0),
            height: frame.image_height.unwrap_or(0),
            format: frame.image_format.clone().unwrap_or_default(),
            url: key.to_owned(),
        });
        Self {
            story_id: frame.story_id,
            slug: frame.slug.unwrap_or_default(),
            title: frame.title,
            frame_number: frame.number,
            text: frame.text,
            highlights: marked.map(highlights).unwrap_or_default(),
            image,
            score,
            matched_by,
            strategy: frame.strategy,
            date_created: frame.date_created,
        }
    }
}

/// Where the marks are, in a text without them.
fn highlights(marked: &str) -> Vec<(usize, usize)> {
    let (mut at, mut from, mut found) = (0, 0, Vec::new());
    for c in marked.chars() {
        if c == HIGHLIGHT_DELIMITERS.0 {
            from = at;
        } else if c == HIGHLIGHT_DELIMITERS.1 {
            found.push((from, at));
        } else {
            at += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_places_in_the_text() {
        assert_eq!(highlights("Über \u{2}Boote\u{3}, \u{2}rot\u{3}"), [(5, 10), (12, 15)]);
        assert_eq!(highlights("nothing"), []);
    }
}
