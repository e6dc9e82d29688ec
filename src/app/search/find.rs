//! Finding frames: by their words, by their meaning, and by both, fused by reciprocal rank.
//!
//! Words always answer. Meaning does where a model for vectors is configured, answers in time, and is the one that the index
//! was made with; where not, the answer is by words alone and says so in its `mode`.

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

/// How many frames of each way of searching are fused, and how far an answer can be read on.
const MAX_RANKED: usize = 200;

/// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009): how little the first ranks count above those
/// behind them. Theirs is 60; at that, whatever one way finds last still moves what the other finds first
/// (`scripts/search-quality`).
const RRF_K: f64 = 10.0;

/// How much a frame counts that has some of the words and not all, beside one that is near in meaning: it is rather what breaks
/// a tie (`scripts/search-quality`).
const PARTIAL_MATCH_WEIGHT: f64 = 0.05;

/// Frames with more of the words, after which those with fewer are not looked for: a page of them.
const ENOUGH_MATCHES: usize = 20;

/// One way of searching: frames, the best first.
type RankedIds = Vec<i64>;

/// Frames by their words.
#[derive(Debug, Default)]
struct LexicalMatches {
    /// Those with all of them, or with the one that a misspelt one stands for.
    all_words: RankedIds,
    /// Those with some, those with more of them first.
    some_words: RankedIds,
}

impl Search {
    /// Finds frames, the best first.
    ///
    /// # Errors
    ///
    /// [`crate::app::ErrorKind::Invalid`] for a query that is empty or too long.
    pub async fn search(
        &self,
        actor: Actor<'_>,
        order: &SearchRequest,
    ) -> Result<SearchPage, AppError> {
        let query = Query::parse(&order.query)?;
        let place = match order.after {
            Some(place) => place,
            None => SearchCursor { at: 0, newest: self.store.newest_frame_id().await? },
        };
        let private = self.store.private_clients().await?;
        let own = actor.client_id.map(ClientId::as_str);
        let sees = match own {
            _ if private.is_empty() || actor.principal.is_admin() => StoryVisibility::All,
            Some(own) => StoryVisibility::PublicAndOwn(own),
            None => StoryVisibility::Public,
        };
        let filter = SearchFilter {
            client_id: order.client_id.as_ref().map(ClientId::as_str),
            strategy: order.strategy.as_deref(),
            since: order.since,
            until: order.until,
            max_frame_id: place.newest,
            visibility: sees,
        };
        let by_meaning = async {
            if order.mode == SearchMode::Lexical {
                return Ok(None);
            }
            self.find_by_meaning(&query, filter, &private).await
        };
        let by_words = async {
            if order.mode == SearchMode::Semantic {
                return Ok(LexicalMatches::default());
            }
            self.find_by_words(&query, filter).await
        };
        let (by_meaning, by_words) = tokio::join!(by_meaning, by_words);
        let (mode, words, meaning) = match (order.mode, by_meaning?) {
            (mode, Some(meaning)) => (mode, by_words?, meaning),
            // Nobody can tell the meaning; the words still answer.
            (SearchMode::Semantic, None) => {
                (SearchMode::Lexical, self.find_by_words(&query, filter).await?, Vec::new())
            }
            (_, None) => (SearchMode::Lexical, by_words?, Vec::new()),
        };
        let ranked = fuse(&words, &meaning);
        self.build_page(&query, &ranked, place, order.limit, mode).await
    }

    /// The frames that are most like one, the nearest first; `None` where nobody can tell.
    ///
    /// # Errors
    ///
    /// [`crate::app::ErrorKind::NotFound`] when there is no such frame.
    pub async fn similar_frames(
        &self,
        actor: Actor<'_>,
        story_id: &str,
        number: &str,
        limit: i64,
    ) -> Result<SimilarFramesView, AppError> {
        let story = self.stories.find_story(story_id).await?;
        let place = FrameKey { story_id: story.id, number: parse_frame_number(number)? };
        let found = self.store.frame_id(place).await?;
        let id = found.ok_or_else(frame_not_found)?;
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
        let near = self.nearest_to_frame(id, place, hidden, limit).await?;
        let is_indexed = near.is_some();
        let ranked: Vec<RankedFrame> = near
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

    /// Frames by their words.
    async fn find_by_words(
        &self,
        query: &Query,
        filter: SearchFilter<'_>,
    ) -> Result<LexicalMatches, AppError> {
        let (words, limit) = (&query.words, i64::try_from(MAX_RANKED).unwrap_or(i64::MAX));
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
            let near = query::spelling_corrections(word, self.store.similar_words(word).await?);
            if !near.is_empty() {
                let having = WordMatch::AnyPrefix;
                all.extend(ids(self.store.search_frames(&near, having, filter, limit).await?));
            }
        } else if words.len() > 1 {
            let mut known: HashSet<i64> = all.iter().copied().collect();
            let telling = query::rarest_words(words);
            let half = telling.len().div_ceil(2);
            if known.len() < ENOUGH_MATCHES && half > 1 {
                let having = WordMatch::AtLeast(half);
                let found = self.store.search_frames(&telling, having, filter, limit).await?;
                some.extend(ids(found).filter(|id| known.insert(*id)));
            }
            if known.len() < ENOUGH_MATCHES {
                let any = self.find_by_any_word(&telling, filter, limit).await?;
                some.extend(any.into_iter().filter(|id| known.insert(*id)));
            }
            some.truncate(MAX_RANKED - all.len());
        }
        Ok(LexicalMatches { all_words: all, some_words: some })
    }

    /// Frames with any of the words: those with the rarest first, of each word the newest first. To rank them all would take
    /// as long as there are many, and say little: they have one word each.
    async fn find_by_any_word(
        &self,
        words: &[String],
        filter: SearchFilter<'_>,
        limit: i64,
    ) -> Result<RankedIds, AppError> {
        let mut lists = Vec::with_capacity(words.len());
        for word in words {
            lists.push(self.store.newest_frames_with_word(word, filter, limit).await?);
        }
        lists.sort_by_key(Vec::len);
        Ok(lists.concat())
    }

    /// A part of what was found, as it is shown.
    async fn build_page(
        &self,
        query: &Query,
        ranked: &[(i64, f64, Vec<MatchedBy>)],
        place: SearchCursor,
        limit: i64,
        mode: SearchMode,
    ) -> Result<SearchPage, AppError> {
        let limit = usize::try_from(limit).unwrap_or(0);
        let part = ranked.iter().skip(place.at).take(limit);
        let ids: Vec<i64> = part.clone().map(|(id, ..)| *id).collect();
        let mut found = by_id(self.store.frame_hits(&ids).await?);
        let mut marked: HashMap<i64, String> =
            self.store.highlighted_texts(&query.words, &ids).await?.into_iter().collect();
        let results = part.filter_map(|(id, score, matched)| {
            let frame = found.remove(id)?;
            Some(SearchHitView::from_frame(
                frame,
                *score,
                matched.clone(),
                marked.remove(id).as_deref(),
            ))
        });
        let results = results.collect();
        let at = place.at.saturating_add(limit);
        let next = (at < ranked.len()).then_some(SearchCursor { at, ..place });
        Ok(SearchPage { results, mode, next_cursor: next })
    }

    /// Frames near a query in meaning; `None` where nobody can tell.
    async fn find_by_meaning(
        &self,
        query: &Query,
        filter: SearchFilter<'_>,
        private: &[String],
    ) -> Result<Option<RankedIds>, AppError> {
        let near = NearestQuery { filter, private_clients: private, limit: MAX_RANKED };
        let hits = self.nearest_to_text(&query.text, near).await?;
        Ok(hits.map(|hits| hits.into_iter().map(|hit| hit.frame_id).collect()))
    }
}

fn by_id(found: Vec<FrameHit>) -> HashMap<i64, FrameHit> {
    found.into_iter().map(|frame| (frame.id, frame)).collect()
}

/// Reciprocal rank fusion. A score of 1 is for what is first in every way of searching that found anything. Where nobody can
/// tell the meaning, frames with all words come before those with some.
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
    for (way, rank, id, weight) in by_words.chain(by_meaning) {
        let (score, matched) = fused.entry(*id).or_default();
        *score += weight * (RRF_K + 1.0) / (RRF_K + 1.0 + rank as f64) / used.max(1) as f64;
        matched.push(way);
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
        let words = LexicalMatches { all_words: all.to_vec(), some_words: some.to_vec() };
        fuse(&words, meaning).into_iter().map(|(id, ..)| id).collect()
    }

    #[test]
    fn what_both_ways_find_comes_first() {
        assert_eq!(ids(&[1, 2, 3], &[], &[4, 3]), [3, 4, 1, 2], "of equals the newer first");
        let words = LexicalMatches { all_words: vec![7], some_words: Vec::new() };
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
