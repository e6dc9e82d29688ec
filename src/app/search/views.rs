//! Requests and responses of a search.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::ImageView;
use crate::domain::ClientId;
use crate::store::{FrameHit, HIGHLIGHT_DELIMITERS};

/// How a search ranks frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SearchMode {
    /// By words and by meaning; the two rankings are fused.
    #[default]
    Hybrid,
    /// By meaning only.
    Semantic,
    /// By words only.
    Lexical,
}

/// The search that found a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MatchedBy {
    /// Lexical search, by the frame's words.
    Lexical,
    /// Semantic search, by the frame's meaning.
    Semantic,
}

/// A search for frames.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// Words or a sentence to search for.
    pub query: String,
    /// Only frames of this client's stories; `None` for all clients.
    pub client_id: Option<ClientId>,
    /// Only frames of stories with this strategy; `None` for all strategies.
    pub strategy: Option<String>,
    /// Only frames told at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only frames told before this time.
    pub until: Option<DateTime<Utc>>,
    /// How frames are ranked.
    pub mode: SearchMode,
    /// Maximum number of frames in the page.
    pub limit: i64,
    /// Cursor of the page before; `None` for the first page.
    pub after: Option<SearchCursor>,
}

/// A position in the results of a search. Frames that are told later do not shift it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchCursor {
    /// Number of frames before this position.
    pub at: usize,
    /// Id of the newest frame that is searched.
    pub newest: i64,
}

/// A page of search results.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPage {
    /// Frames, best first.
    pub results: Vec<SearchHitView>,
    /// Mode that was used: `lexical` if semantic search is not available.
    pub mode: SearchMode,
    /// Cursor of the next page; `None` on the last page.
    pub next_cursor: Option<SearchCursor>,
}

/// Frames that are similar to a given frame.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SimilarFramesView {
    /// Frames, nearest first. `score` is the cosine similarity.
    pub results: Vec<SearchHitView>,
    /// Whether the given frame is in the index. If not, `results` is empty.
    pub is_indexed: bool,
}

/// A frame found by a search.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SearchHitView {
    /// Id of the frame's story.
    pub story_id: Uuid,
    /// Slug of the story.
    pub slug: String,
    /// Title of the story.
    pub title: String,
    /// Number of the frame in its story, from 0.
    pub frame_number: i32,
    /// Text of the frame; null if it has none.
    pub text: Option<String>,
    /// Positions of the matched words in `text`. Each is a pair of offsets in Unicode code points: the first character,
    /// and the one after the last.
    pub highlights: Vec<(usize, usize)>,
    /// Original illustration of the frame; null if it has none.
    pub image: Option<ImageView>,
    /// Relevance from 0 to 1. Scores are comparable only within one response.
    pub score: f64,
    /// The searches that found the frame.
    pub matched_by: Vec<MatchedBy>,
    /// Strategy of the story.
    pub strategy: String,
    /// Time at which the frame was told.
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

/// Converts a text with highlight delimiters to the positions of the highlights in the text without delimiters.
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
