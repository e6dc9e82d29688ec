//! Moments of other stories that are like a frame, for its reader: by meaning where there is a model for it, else by the
//! words that they share.

use std::collections::HashMap;

use super::find::by_id;
use super::query::Query;
use super::semantic::NearestQuery;
use super::{MatchedBy, Search, SearchHitView};
use crate::app::stories::frame_not_found;
use crate::app::{AppError, PageReader};
use crate::domain::{ClientId, FrameKey};
use crate::store::{FrameHit, SearchFilter, StoryVisibility, WordMatch};

/// How many frames are looked at, among which some are of the same story, or are copies of the frame in branches.
const CANDIDATES: usize = 60;

/// How much of a text is compared, in characters.
const MAX_TEXT_CHARS: usize = 1000;

/// Moments of other stories that are like a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarMoments {
    /// The frames, the closest first.
    pub results: Vec<SearchHitView>,
    /// How they were found.
    pub matched_by: MatchedBy,
}

impl Search {
    /// Returns moments of other stories that are like a frame and that a reader may see, at most `limit`.
    ///
    /// # Errors
    ///
    /// Fails with [`crate::app::ErrorKind::NotFound`] if the frame does not exist.
    pub async fn similar_moments(
        &self,
        reader: PageReader<'_>,
        key: FrameKey,
        limit: usize,
    ) -> Result<SimilarMoments, AppError> {
        let id = self.store.frame_id(key).await?.ok_or_else(frame_not_found)?;
        let frame = self.store.frame_hits(&[id]).await?.into_iter().next();
        let frame = frame.ok_or_else(frame_not_found)?;
        let private = self.store.private_clients().await?;
        let visibility = match reader.client_id.map(ClientId::as_str) {
            _ if private.is_empty() || reader.is_admin => StoryVisibility::All,
            Some(own) => StoryVisibility::PublicAndOwn(own),
            None => StoryVisibility::Public,
        };
        let max_frame_id = self.store.newest_frame_id().await?;
        let filter = SearchFilter {
            client_id: None,
            strategy: None,
            since: None,
            until: None,
            max_frame_id,
            visibility,
        };
        let text: String =
            frame.text.as_deref().unwrap_or_default().chars().take(MAX_TEXT_CHARS).collect();
        let query = Query::parse(&text).ok();
        let mut nearest = self.nearest_to_reader(id, key, filter, &private).await?;
        if nearest.is_empty()
            && let Some(query) = &query
        {
            let request = NearestQuery { filter, private_clients: &private, limit: CANDIDATES };
            let hits = self.nearest_to_text(&query.text, request).await?.unwrap_or_default();
            nearest = hits.into_iter().map(|hit| hit.frame_id).collect();
        }
        let by_meaning = self.results(&frame, &nearest, MatchedBy::Semantic, &[], limit).await?;
        if !by_meaning.is_empty() {
            return Ok(SimilarMoments { results: by_meaning, matched_by: MatchedBy::Semantic });
        }
        let matched_by = MatchedBy::Lexical;
        let Some(query) = query else {
            return Ok(SimilarMoments { results: Vec::new(), matched_by });
        };
        let ids = self.ids_by_words(&query, filter, CANDIDATES).await?;
        let results = self.results(&frame, &ids, matched_by, &query.words, limit).await?;
        Ok(SimilarMoments { results, matched_by })
    }

    /// Returns the frames that are closest to a frame in the index; none if it is not there or the index does not answer.
    async fn nearest_to_reader(
        &self,
        id: i64,
        key: FrameKey,
        filter: SearchFilter<'_>,
        private: &[String],
    ) -> Result<Vec<i64>, AppError> {
        let hidden = private.iter().map(String::as_str);
        let hidden = match filter.visibility {
            StoryVisibility::All => Vec::new(),
            StoryVisibility::Public => hidden.collect(),
            StoryVisibility::PublicAndOwn(own) => hidden.filter(|name| *name != own).collect(),
        };
        match self.nearest_to_frame(id, key, hidden, CANDIDATES).await {
            Ok(hits) => Ok(hits.unwrap_or_default().into_iter().map(|hit| hit.frame_id).collect()),
            Err(error) if error.is_retryable() => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "similar frames by meaning failed; searching by words only");
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the frames of other stories among these, without those that say the same.
    async fn results(
        &self,
        frame: &FrameHit,
        ids: &[i64],
        matched_by: MatchedBy,
        words: &[String],
        limit: usize,
    ) -> Result<Vec<SearchHitView>, AppError> {
        let ids: Vec<i64> = ids.iter().copied().take(CANDIDATES).collect();
        let mut found = by_id(self.store.frame_hits(&ids).await?);
        let text = |frame: &FrameHit| frame.text.as_deref().unwrap_or_default().trim().to_owned();
        let own = text(frame);
        let is_other = |hit: &FrameHit| hit.story_id != frame.story_id && text(hit) != own;
        let others: Vec<FrameHit> =
            ids.iter().filter_map(|id| found.remove(id)).filter(is_other).take(limit).collect();
        let shown: Vec<i64> = others.iter().map(|hit| hit.id).collect();
        let mut marked: HashMap<i64, String> = self
            .store
            .highlighted_terms(words, WordMatch::AtLeast(1), &shown)
            .await?
            .into_iter()
            .collect();
        let view = |hit: FrameHit| {
            let marked = marked.remove(&hit.id);
            SearchHitView::from_frame(hit, 1.0, vec![matched_by], marked.as_deref())
        };
        Ok(others.into_iter().map(view).collect())
    }
}
