//! Requests and responses of a search.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::ImageView;
use crate::domain::{ClientId, terms};
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
    /// Whether no frame has the word, and these have one that is spelt much like it.
    pub is_corrected: bool,
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
            highlights: highlights(frame.text.as_deref(), marked),
            text: frame.text,
            image,
            score,
            matched_by,
            strategy: frame.strategy,
            date_created: frame.date_created,
        }
    }
}

/// Returns the places of the matched terms in a text, in order. `marked` holds the text's terms, separated by blanks, with
/// delimiters around those that match. Pairs of characters that overlap become one place.
fn highlights(text: Option<&str>, marked: Option<&str>) -> Vec<(usize, usize)> {
    let (Some(text), Some(marked)) = (text, marked) else { return Vec::new() };
    let mut is_inside = false;
    let is_matched = marked.split(' ').map(|term| {
        let is_matched = is_inside || term.contains(HIGHLIGHT_DELIMITERS.0);
        for c in term.chars() {
            is_inside = (is_inside || c == HIGHLIGHT_DELIMITERS.0) && c != HIGHLIGHT_DELIMITERS.1;
        }
        is_matched
    });
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (term, is_matched) in terms(text).into_iter().zip(is_matched) {
        if !is_matched {
            continue;
        }
        match found.last_mut() {
            Some((_, end)) if term.range.start < *end => *end = term.range.end.max(*end),
            _ => found.push((term.range.start, term.range.end)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_places_in_the_text() {
        let places = |text: &str, marked: &str| highlights(Some(text), Some(marked));
        assert_eq!(
            places("Über Boote, rot", "uber \u{2}boote\u{3} \u{2}rot\u{3}"),
            [(5, 10), (12, 15)]
        );
        assert_eq!(places("a MA\u{308}DCHEN", "a \u{2}madchen\u{3}"), [(2, 10)]);
        assert_eq!(places("古い灯台", "古 古い い灯 灯 \u{2}灯台\u{3} 台"), [(2, 4)]);
        assert_eq!(places("灯台が", "灯 \u{2}灯台 台 台が\u{3}"), [(0, 3)]);
        assert_eq!(places("nothing", "nothing"), []);
        assert_eq!(highlights(None, Some("\u{2}a\u{3}")), []);
    }
}
