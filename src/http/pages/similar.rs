//! `/s/{slug}/{number}/similar`: moments of other stories that are like a frame.

use axum::extract::{Path, State};
use calliope_web::SimilarPage;

use super::answer::{self, PageResult};
use super::frame_view::{story_name, title};
use super::reader::{FramePath, find_frame};
use super::search;
use super::visitor::Visitor;
use crate::app::{MatchedBy, SimilarMoments};
use crate::domain::FrameKey;
use crate::http::HttpState;

/// How many moments the page shows.
const COUNT: usize = 6;

/// Shows the moments.
pub(super) async fn get(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(path): Path<FramePath>,
) -> PageResult {
    let (story, number) = find_frame(&state, &visitor, &path).await?;
    let frame = FrameKey { story_id: story.id, number: number - 1 };
    let similar = state.app.search().similar_moments(visitor.reader(), frame, COUNT).await;
    let similar = similar.map_err(answer::refuse)?;
    let view = SimilarPage {
        shell: visitor.shell(),
        title: title(&story.title),
        number,
        address: format!("/s/{}/{number}", story_name(&story)),
        how: how_it_searched(&similar).to_owned(),
        hits: similar.results.into_iter().map(search::card).collect(),
    };
    Ok(answer::page(&state, &view).await)
}

/// Returns a sentence that says how the moments were found.
fn how_it_searched(similar: &SimilarMoments) -> &'static str {
    match similar.matched_by {
        _ if similar.results.is_empty() => "No other story has a moment like this one yet.",
        MatchedBy::Semantic => "Found by their meaning, the closest first.",
        MatchedBy::Lexical => "Found by words that they share with this moment.",
    }
}
