//! Finds frames by lexical search, by semantic search, or by both, fused by reciprocal rank.
//!
//! Lexical search always works. Semantic search works if an embedding model is configured, responds in time, and is the
//! model that the index was built with. Otherwise the search is lexical only, and the response says so in its `mode`.

use std::collections::{HashMap, HashSet};

use super::query::{self, Query};
use super::semantic::NearestQuery;
use super::{
    MatchedBy, Search, SearchCursor, SearchHitView, SearchMode, SearchPage, SearchRequest,
    SimilarFramesView,
};
use crate::app::stories::{frame_not_found, parse_frame_number};
use crate::app::{Actor, AppError};
use crate::domain::{ClientId, FrameKey};
use crate::store::{FrameHit, RankedFrame, SearchFilter, StoryVisibility, WordMatch};

/// Maximum number of frames from each search that are fused, which bounds how far a client can page through the
/// results.
const MAX_RANKED: usize = 200;

/// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009). The larger it is, the less the first
/// ranks outweigh the later ones. The paper uses 60; at that value, the last hits of one search still change the order
/// of the first hits of the other (measured by `scripts/search-quality`).
const RRF_K: f64 = 10.0;

/// The weight of a frame that contains only some of the words, relative to a semantic hit. It is so small that it only
/// breaks ties (measured by `scripts/search-quality`).
const PARTIAL_MATCH_WEIGHT: f64 = 0.05;

/// Number of hits from which frames with fewer of the words are not searched: one page.
const ENOUGH_MATCHES: usize = 20;

/// Frame ids, best first.
type RankedIds = Vec<i64>;

/// The result of a lexical search.
#[derive(Debug, Default)]
struct LexicalMatches {
    /// Frames with all words of the query, or with the correction of a single misspelt word.
    all_words: RankedIds,
    /// Frames with some of the words; those with more of them come first.
    some_words: RankedIds,
    /// The corrections by which the frames were found; empty if they have the words themselves.
    corrections: Vec<String>,
}

impl Search {
    /// Returns a page of the frames that match a query, best first.
    ///
    /// # Errors
    ///
    /// Fails with [`crate::app::ErrorKind::Invalid`] if the query is empty or too long.
    pub async fn search(
        &self,
        actor: Actor<'_>,
        request: &SearchRequest,
    ) -> Result<SearchPage, AppError> {
        let query = Query::parse(&request.query)?;
        let cursor = match request.after {
            Some(cursor) => cursor,
            None => SearchCursor { at: 0, newest: self.store.newest_frame_id().await? },
        };
        let private = self.store.private_clients().await?;
        let own = actor.client_id.map(ClientId::as_str);
        let visibility = match own {
            _ if private.is_empty() || actor.principal.is_admin() => StoryVisibility::All,
            Some(own) => StoryVisibility::PublicAndOwn(own),
            None => StoryVisibility::Public,
        };
        let filter = SearchFilter {
            client_id: request.client_id.as_ref().map(ClientId::as_str),
            strategy: request.strategy.as_deref(),
            since: request.since,
            until: request.until,
            max_frame_id: cursor.newest,
            visibility,
        };
        let by_meaning = async {
            if request.mode == SearchMode::Lexical {
                return Ok(None);
            }
            self.find_by_meaning(&query, filter, &private).await
        };
        let by_words = async {
            if request.mode == SearchMode::Semantic {
                return Ok(LexicalMatches::default());
            }
            self.find_by_words(&query, filter).await
        };
        let (by_meaning, by_words) = tokio::join!(by_meaning, by_words);
        let (mode, words, meaning) = match (request.mode, by_meaning?) {
            (mode, Some(meaning)) => (mode, by_words?, meaning),
            // Semantic search is not available, so the search falls back to the words.
            (SearchMode::Semantic, None) => {
                (SearchMode::Lexical, self.find_by_words(&query, filter).await?, Vec::new())
            }
            (_, None) => (SearchMode::Lexical, by_words?, Vec::new()),
        };
        let ranked = fuse(&words, &meaning);
        let is_corrected = !words.corrections.is_empty();
        let marked = if is_corrected {
            (&*words.corrections, WordMatch::AnyPrefix)
        } else {
            (&*query.words, WordMatch::AtLeast(1))
        };
        let page = self.build_page(marked, &ranked, cursor, request.limit, mode).await?;
        Ok(SearchPage { is_corrected, ..page })
    }

    /// Returns the frames that are most similar to a frame, nearest first. If the frame is not in the index, the result
    /// is empty and says so.
    ///
    /// # Errors
    ///
    /// Fails with [`crate::app::ErrorKind::NotFound`] if the frame does not exist.
    pub async fn similar_frames(
        &self,
        actor: Actor<'_>,
        story_id: &str,
        number: &str,
        limit: i64,
    ) -> Result<SimilarFramesView, AppError> {
        let story = self.stories.find_story(story_id).await?;
        let key = FrameKey { story_id: story.id, number: parse_frame_number(number)? };
        let id = self.store.frame_id(key).await?.ok_or_else(frame_not_found)?;
        let private = self.store.private_clients().await?;
        let hidden = if actor.principal.is_admin() {
            Vec::new()
        } else {
            private
                .iter()
                .map(String::as_str)
                .filter(|client_id| !actor.acts_for(client_id))
                .collect()
        };
        let limit = usize::try_from(limit).unwrap_or(0);
        let hits = self.nearest_to_frame(id, key, hidden, limit).await?;
        let is_indexed = hits.is_some();
        let ranked: Vec<RankedFrame> = hits
            .unwrap_or_default()
            .into_iter()
            .map(|hit| RankedFrame { id: hit.frame_id, score: f64::from(hit.cosine) })
            .collect();
        let ids: Vec<i64> = ranked.iter().map(|ranked| ranked.id).collect();
        let mut found = by_id(self.store.frame_hits(&ids).await?);
        let results = ranked.iter().filter_map(|ranked| {
            Some(SearchHitView::from_frame(
                found.remove(&ranked.id)?,
                ranked.score,
                vec![MatchedBy::Semantic],
                None,
            ))
        });
        Ok(SimilarFramesView { results: results.collect(), is_indexed })
    }

    /// Runs a lexical search. Looks for frames with all words first, then for frames with fewer and fewer of the rarest
    /// words, down to half of them, then for frames with any of them, until there are enough.
    async fn find_by_words(
        &self,
        query: &Query,
        filter: SearchFilter<'_>,
    ) -> Result<LexicalMatches, AppError> {
        let (words, limit) = (&query.words, i64::try_from(MAX_RANKED).unwrap_or(i64::MAX));
        let mut corrections = Vec::new();
        if words.is_empty() {
            return Ok(LexicalMatches::default());
        }
        let ids = |ranked: Vec<RankedFrame>| ranked.into_iter().map(|ranked| ranked.id);
        let mut all: RankedIds =
            ids(self.store.search_frames(words, WordMatch::All, filter, limit).await?).collect();
        let mut some = Vec::new();
        if let [word] = &**words
            && all.is_empty()
        {
            corrections = self.spelling_corrections(word).await?;
            if !corrections.is_empty() {
                let found = self
                    .store
                    .search_frames(&corrections, WordMatch::AnyPrefix, filter, limit)
                    .await?;
                all.extend(ids(found));
            }
        } else if words.len() > 1 {
            let mut known: HashSet<i64> = all.iter().copied().collect();
            let rare = query::rarest_words(words);
            let half = rare.len().div_ceil(2).max(2);
            // Frames with as many of the words as these are newest first. To rank them takes ten times as long and
            // says little more than how many words they contain.
            for count in (half..=rare.len().min(words.len() - 1)).rev() {
                if known.len() >= ENOUGH_MATCHES {
                    break;
                }
                let matching = WordMatch::AtLeast(count);
                let found = self.store.newest_frames(&rare, matching, filter, limit).await?;
                some.extend(found.into_iter().filter(|id| known.insert(*id)));
            }
            if known.len() < ENOUGH_MATCHES {
                let any = self.find_by_any_word(&rare, filter, limit).await?;
                some.extend(any.into_iter().filter(|id| known.insert(*id)));
            }
            some.truncate(MAX_RANKED - all.len());
        }
        Ok(LexicalMatches { all_words: all, some_words: some, corrections })
    }

    /// Returns the words in frames that most likely correct a misspelt word: those with the same first letter, or else
    /// with another one.
    async fn spelling_corrections(&self, word: &str) -> Result<Vec<String>, AppError> {
        let similar = self.store.similar_words(word).await?;
        let corrections = query::spelling_corrections(word, similar);
        if !corrections.is_empty() {
            return Ok(corrections);
        }
        let others = self.store.words_with_other_start(word).await?;
        Ok(query::spelling_corrections(word, others))
    }

    /// Returns frames by words alone, those with most of the words first.
    pub(super) async fn ids_by_words(
        &self,
        query: &Query,
        filter: SearchFilter<'_>,
        limit: usize,
    ) -> Result<RankedIds, AppError> {
        let LexicalMatches { mut all_words, some_words, .. } =
            self.find_by_words(query, filter).await?;
        all_words.extend(some_words);
        all_words.truncate(limit);
        Ok(all_words)
    }

    /// Returns frames with any of the words: those with the rarest word first, and the newest of each word first. They
    /// are not ranked any further, because that would take long for common words and mean little for frames with one
    /// word.
    async fn find_by_any_word(
        &self,
        words: &[String],
        filter: SearchFilter<'_>,
        limit: i64,
    ) -> Result<RankedIds, AppError> {
        let mut lists = Vec::with_capacity(words.len());
        for word in words {
            let word = std::slice::from_ref(word);
            lists.push(self.store.newest_frames(word, WordMatch::All, filter, limit).await?);
        }
        lists.sort_by_key(Vec::len);
        Ok(lists.concat())
    }

    /// Builds a page from the ranked frame ids. The words are marked in the frames' texts.
    async fn build_page(
        &self,
        (words, matching): (&[String], WordMatch),
        ranked: &[(i64, f64, Vec<MatchedBy>)],
        cursor: SearchCursor,
        limit: i64,
        mode: SearchMode,
    ) -> Result<SearchPage, AppError> {
        let limit = usize::try_from(limit).unwrap_or(0);
        let page = ranked.iter().skip(cursor.at).take(limit);
        let ids: Vec<i64> = page.clone().map(|(id, ..)| *id).collect();
        let mut found = by_id(self.store.frame_hits(&ids).await?);
        let mut marked: HashMap<i64, String> =
            self.store.highlighted_terms(words, matching, &ids).await?.into_iter().collect();
        let results = page.filter_map(|(id, score, matched)| {
            let frame = found.remove(id)?;
            Some(SearchHitView::from_frame(
                frame,
                *score,
                matched.clone(),
                marked.remove(id).as_deref(),
            ))
        });
        let results = results.collect();
        let at = cursor.at.saturating_add(limit);
        let next = (at < ranked.len()).then_some(SearchCursor { at, ..cursor });
        Ok(SearchPage { results, mode, is_corrected: false, next_cursor: next })
    }

    /// Runs a semantic search. Returns `None` if it is not available.
    async fn find_by_meaning(
        &self,
        query: &Query,
        filter: SearchFilter<'_>,
        private: &[String],
    ) -> Result<Option<RankedIds>, AppError> {
        let nearest = NearestQuery { filter, private_clients: private, limit: MAX_RANKED };
        let hits = self.nearest_to_text(&query.text, nearest).await?;
        Ok(hits.map(|hits| hits.into_iter().map(|hit| hit.frame_id).collect()))
    }
}

pub(super) fn by_id(found: Vec<FrameHit>) -> HashMap<i64, FrameHit> {
    found.into_iter().map(|frame| (frame.id, frame)).collect()
}

/// Fuses two rankings by reciprocal rank. A frame that is first in each ranking that is not empty scores 1. Without
/// semantic hits, frames with all words come before those with some.
fn fuse(words: &LexicalMatches, meaning: &[i64]) -> Vec<(i64, f64, Vec<MatchedBy>)> {
    let has_words = !words.all_words.is_empty() || !words.some_words.is_empty();
    let used = usize::from(has_words) + usize::from(!meaning.is_empty());
    let some = if meaning.is_empty() { 1.0 } else { PARTIAL_MATCH_WEIGHT };
    let by_words = words
        .all_words
        .iter()
        .map(|id| (id, 1.0))
        .chain(words.some_words.iter().map(|id| (id, some)));
    let by_words =
        by_words.enumerate().map(|(rank, (id, weight))| (MatchedBy::Lexical, rank, id, weight));
    let by_meaning =
        meaning.iter().enumerate().map(|(rank, id)| (MatchedBy::Semantic, rank, id, 1.0));
    let mut fused: HashMap<i64, (f64, Vec<MatchedBy>)> = HashMap::new();
    for (matched_by, rank, id, weight) in by_words.chain(by_meaning) {
        let (score, matched) = fused.entry(*id).or_default();
        *score += weight * (RRF_K + 1.0) / (RRF_K + 1.0 + rank as f64) / used.max(1) as f64;
        matched.push(matched_by);
    }
    let mut fused: Vec<_> =
        fused.into_iter().map(|(id, (score, matched))| (id, score, matched)).collect();
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
    fused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(all: &[i64], some: &[i64], meaning: &[i64]) -> Vec<i64> {
        let words = LexicalMatches {
            all_words: all.to_vec(),
            some_words: some.to_vec(),
            ..LexicalMatches::default()
        };
        fuse(&words, meaning).into_iter().map(|(id, ..)| id).collect()
    }

    #[test]
    fn what_both_ways_find_comes_first() {
        assert_eq!(ids(&[1, 2, 3], &[], &[4, 3]), [3, 4, 1, 2], "of equals the newer first");
        let words = LexicalMatches { all_words: vec![7], ..LexicalMatches::default() };
        let [(7, both, matched)] = &fuse(&words, &[7])[..] else { panic!("one frame") };
        assert!((both - 1.0).abs() < 1e-9);
        assert_eq!(matched[..], [MatchedBy::Lexical, MatchedBy::Semantic]);
        assert!((fuse(&words, &[])[0].1 - 1.0).abs() < 1e-9);
        assert_eq!(fuse(&LexicalMatches::default(), &[]), []);
    }

    #[test]
    fn some_of_the_words_count_little_beside_meaning_and_in_their_order_without() {
        assert_eq!(ids(&[], &[9, 8], &[1, 2, 8]), [1, 2, 8, 9]);
        assert_eq!(ids(&[5], &[9, 8], &[]), [5, 9, 8]);
    }
}
