//! Full-text search: FTS5 with bm25 on SQLite, `tsvector` with `ts_rank` on PostgreSQL.
//!
//! Both databases maintain the index of frames' search terms themselves (migration 0019), stem English words, and weigh a
//! frame's own text higher than the description of its images.

use chrono::{DateTime, Utc};
use sqlx::{Database, Encode, Postgres, QueryBuilder, Sqlite, Type};

use crate::store::pools::Pools;
use crate::store::sqlite::SqliteDatabase;
use crate::store::{Store, StoreError};

/// Maximum number of frames that a search ranks. If more match, it ranks the newest of them, so that a search takes no
/// longer as the number of frames grows.
pub(super) const MAX_CANDIDATES: i64 = 1000;

/// Statements with search words are not cached: PostgreSQL must plan each search for its words, because the best plan
/// depends on how many frames contain them. A cached generic plan assumes that every word is rare.
pub(super) const CACHE_STATEMENT: bool = false;

/// The characters that [`Store::highlighted_terms`] inserts before and after each match. No term contains them.
pub const HIGHLIGHT_DELIMITERS: (char, char) = ('\u{2}', '\u{3}');

/// How many of the search words a frame must contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordMatch {
    /// All words.
    All,
    /// At least this many of the words.
    AtLeast(usize),
    /// At least one word that starts with one of the search words. These may be stems, which must not be stemmed
    /// again.
    AnyPrefix,
}

/// Restricts which frames a search may return.
#[derive(Debug, Clone, Copy)]
pub struct SearchFilter<'a> {
    /// Only stories of this client.
    pub client_id: Option<&'a str>,
    /// Only stories with this strategy slug.
    pub strategy: Option<&'a str>,
    /// Only frames created at or after this time.
    pub since: Option<DateTime<Utc>>,
    /// Only frames created before this time.
    pub until: Option<DateTime<Utc>>,
    /// Only frames with an id up to this one.
    pub max_frame_id: i64,
    /// Which private stories are included.
    pub visibility: StoryVisibility<'a>,
}

/// Which private stories a search may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoryVisibility<'a> {
    /// All stories, including every client's private ones.
    All,
    /// Public stories, and the private stories of this client.
    PublicAndOwn(&'a str),
    /// Public stories only.
    Public,
}

/// A frame id with its search score.
#[derive(Debug, Clone, Copy, PartialEq, sqlx_macros::FromRow)]
pub struct RankedFrame {
    /// The frame's id.
    pub id: i64,
    /// Relevance; higher is better. Comparable only within one result.
    pub score: f64,
}

impl Store {
    /// Returns frames that contain the words, best first, at most `limit`. Words must consist of letters and digits
    /// only.
    ///
    /// If more than 1,000 frames match, only the newest 1,000 are ranked.
    pub async fn search_frames(
        &self,
        words: &[String],
        matching: WordMatch,
        filter: SearchFilter<'_>,
        limit: i64,
    ) -> Result<Vec<RankedFrame>, StoreError> {
        let failed = StoreError::failed("search frames for words");
        match &self.pools {
            Pools::Sqlite(SqliteDatabase { read, .. }) => {
                let mut query = QueryBuilder::<Sqlite>::new(
                    "SELECT id, score FROM (SELECT f.rowid AS id, \
                     -bm25(frame_words, 4.0, 1.0, 1.0, 1.0) AS score FROM frame_words f",
                );
                filter.push_sqlite(&mut query, &fts5_query(words, matching), MAX_CANDIDATES);
                // The id makes the order of equal scores stable.
                query.push(") ORDER BY score DESC, id DESC LIMIT ").push_bind(limit);
                query.build_query_as().fetch_all(read).await.map_err(failed)
            }
            Pools::Postgres(pool) => {
                let tsquery = tsquery(words, matching);
                let mut query = QueryBuilder::<Postgres>::new(
                    "SELECT f.id, ts_rank(f.words, to_tsquery('english', ",
                );
                query.push_bind(tsquery.clone());
                query.push("), 1)::FLOAT8 AS score FROM (SELECT r.id, r.words FROM story_frame r");
                filter.push_postgres(&mut query, tsquery, MAX_CANDIDATES);
                query.push(") AS f ORDER BY score DESC, f.id DESC LIMIT ").push_bind(limit);
                let query = query.build_query_as().persistent(CACHE_STATEMENT);
                query.fetch_all(pool).await.map_err(failed)
            }
        }
    }

    /// Returns the ids of the newest frames that contain the words, newest first, at most `limit`.
    ///
    /// A result shorter than `limit` is complete. This is many times faster than [`Self::search_frames`] for common words
    /// and for combinations of words, because the database stops at the limit and computes no scores.
    pub async fn newest_frames(
        &self,
        words: &[String],
        matching: WordMatch,
        filter: SearchFilter<'_>,
        limit: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let failed = StoreError::failed("search for the newest frames with words");
        match &self.pools {
            Pools::Sqlite(SqliteDatabase { read, .. }) => {
                let mut query = QueryBuilder::<Sqlite>::new("SELECT f.rowid FROM frame_words f");
                filter.push_sqlite(&mut query, &fts5_query(words, matching), limit);
                query.build_query_scalar().fetch_all(read).await.map_err(failed)
            }
            Pools::Postgres(pool) => {
                let mut query = QueryBuilder::<Postgres>::new("SELECT r.id FROM story_frame r");
                filter.push_postgres(&mut query, tsquery(words, matching), limit);
                let query = query.build_query_scalar().persistent(CACHE_STATEMENT);
                query.fetch_all(pool).await.map_err(failed)
            }
        }
    }

    /// Returns the search terms of these frames' texts, separated by blanks, with [`HIGHLIGHT_DELIMITERS`] around each
    /// term that matches any of `words`. `matching` says how many of them, or that they are the starts of terms.
    ///
    /// Frames without a match may be missing from the result.
    pub async fn highlighted_terms(
        &self,
        words: &[String],
        matching: WordMatch,
        ids: &[i64],
    ) -> Result<Vec<(i64, String)>, StoreError> {
        let failed = StoreError::failed("highlight words");
        if words.is_empty() || ids.is_empty() {
            return Ok(Vec::new());
        }
        let (before, after) =
            (HIGHLIGHT_DELIMITERS.0.to_string(), HIGHLIGHT_DELIMITERS.1.to_string());
        match &self.pools {
            Pools::Sqlite(SqliteDatabase { read, .. }) => {
                let mut query =
                    QueryBuilder::<Sqlite>::new("SELECT rowid, highlight(frame_words, 0, ");
                query.push_bind(before).push(", ").push_bind(after);
                query.push(") FROM frame_words WHERE frame_words MATCH ");
                query.push_bind(format!("text_terms : ({})", fts5_query(words, matching)));
                query.push(" AND rowid IN (");
                push_ids(&mut query, ids);
                query.build_query_as().fetch_all(read).await.map_err(failed)
            }
            Pools::Postgres(pool) => {
                let mut query = QueryBuilder::<Postgres>::new(
                    "SELECT id, ts_headline('english', text_terms, to_tsquery('english', ",
                );
                query.push_bind(tsquery(words, matching));
                query.push("), ");
                query.push_bind(format!("HighlightAll=true, StartSel={before}, StopSel={after}"));
                query.push(") FROM story_frame WHERE text_terms <> '' AND id IN (");
                push_ids(&mut query, ids);
                query
                    .build_query_as()
                    .persistent(CACHE_STATEMENT)
                    .fetch_all(pool)
                    .await
                    .map_err(failed)
            }
        }
    }
}

impl<'a> SearchFilter<'a> {
    /// Reports whether the filter needs the frame's and story's rows, not only the word index.
    const fn needs_rows(&self) -> bool {
        let by_row = self.client_id.is_some() || self.strategy.is_some();
        by_row
            || self.since.is_some()
            || self.until.is_some()
            || !matches!(self.visibility, StoryVisibility::All)
    }

    /// Appends the search in the index `f` for an FTS5 query, newest frames first, at most `limit`.
    fn push_sqlite(&self, query: &mut QueryBuilder<Sqlite>, fts5_query: &str, limit: i64) {
        let joins = self.needs_rows();
        if joins {
            query.push(" JOIN story_frame r ON r.id = f.rowid JOIN story s ON s.id = r.story_id");
        }
        query.push(" WHERE frame_words MATCH ").push_bind(fts5_query.to_owned());
        query.push(" AND f.rowid <= ").push_bind(self.max_frame_id);
        if joins {
            self.push_conditions(query);
        }
        query.push(" ORDER BY f.rowid DESC LIMIT ").push_bind(limit);
    }

    /// Appends the search among the frames `r` for a `tsquery`, newest frames first, at most `limit`.
    fn push_postgres(&self, query: &mut QueryBuilder<Postgres>, tsquery: String, limit: i64) {
        let joins = self.needs_rows();
        if joins {
            query.push(" JOIN story s ON s.id = r.story_id");
        }
        query.push(" WHERE r.words @@ to_tsquery('english', ").push_bind(tsquery);
        query.push(") AND r.id <= ").push_bind(self.max_frame_id);
        self.push_conditions(query);
        // `+ 0` keeps PostgreSQL from scanning all frames from the newest on to find those of a few stories.
        query.push(if joins { " ORDER BY r.id + 0 DESC" } else { " ORDER BY r.id DESC" });
        query.push(" LIMIT ").push_bind(limit);
    }

    /// Appends the conditions on a frame `r` and its story `s`.
    fn push_conditions<D: Database>(&self, query: &mut QueryBuilder<D>)
    where
        &'a str: Type<D> + for<'q> Encode<'q, D>,
        DateTime<Utc>: Type<D> + for<'q> Encode<'q, D>,
    {
        if let Some(client_id) = self.client_id {
            query.push(" AND s.client_id = ").push_bind(client_id);
        }
        if let Some(strategy) = self.strategy {
            query.push(" AND s.strategy = ").push_bind(strategy);
        }
        if let Some(since) = self.since {
            query.push(" AND r.date_created >= ").push_bind(since);
        }
        if let Some(until) = self.until {
            query.push(" AND r.date_created < ").push_bind(until);
        }
        let private = "NOT EXISTS (SELECT 1 FROM sparrow_config c WHERE c.client_id = s.client_id AND c.is_private)";
        match self.visibility {
            StoryVisibility::All => {}
            StoryVisibility::Public => {
                query.push(" AND ").push(private);
            }
            StoryVisibility::PublicAndOwn(client_id) => {
                query.push(" AND (s.client_id = ").push_bind(client_id);
                query.push(" OR ").push(private).push(")");
            }
        }
    }
}

/// Appends the ids of an `IN (` list and its closing parenthesis.
pub(in crate::store) fn push_ids<D: Database>(query: &mut QueryBuilder<D>, ids: &[i64])
where
    i64: Type<D> + for<'q> Encode<'q, D>,
{
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    list.push_unseparated(")");
}

/// Builds an FTS5 query. Words are quoted, so that `and`, `or`, `not` and `near` are words like any other.
fn fts5_query(words: &[String], matching: WordMatch) -> String {
    let is_prefix = matching == WordMatch::AnyPrefix;
    let quoted = |word: &String| format!("\"{word}\"{}", if is_prefix { "*" } else { "" });
    join_combinations(&words.iter().map(quoted).collect::<Vec<_>>(), matching, " ", " OR ")
}

/// Builds a query for PostgreSQL's `to_tsquery`.
fn tsquery(words: &[String], matching: WordMatch) -> String {
    let is_prefix = matching == WordMatch::AnyPrefix;
    let quoted = |word: &String| format!("'{word}'{}", if is_prefix { ":*" } else { "" });
    join_combinations(&words.iter().map(quoted).collect::<Vec<_>>(), matching, " & ", " | ")
}

/// Joins each combination of words that must occur together with `and`, in parentheses, and the combinations with
/// `or`.
fn join_combinations(words: &[String], matching: WordMatch, and: &str, or: &str) -> String {
    let size = match matching {
        WordMatch::All => words.len(),
        WordMatch::AtLeast(least) => least.clamp(1, words.len().max(1)),
        WordMatch::AnyPrefix => 1,
    };
    let groups =
        combinations(words, size).into_iter().map(|group| format!("({})", group.join(and)));
    groups.collect::<Vec<_>>().join(or)
}

/// Returns every combination of `size` of the words, in their original order.
fn combinations(words: &[String], size: usize) -> Vec<Vec<&str>> {
    let Some(rest) = words.len().checked_sub(size) else { return Vec::new() };
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in 0..=rest {
        for tail in combinations(&words[first + 1..], size - 1) {
            all.push(std::iter::once(&*words[first]).chain(tail).collect());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn words_are_asked_for_together_or_by_choices() {
        let three = words("lamp boat sea");
        assert_eq!(fts5_query(&three, WordMatch::All), r#"("lamp" "boat" "sea")"#);
        let two = r#"("lamp" "boat") OR ("lamp" "sea") OR ("boat" "sea")"#;
        assert_eq!(fts5_query(&three, WordMatch::AtLeast(2)), two);
        assert_eq!(tsquery(&three, WordMatch::AtLeast(3)), "('lamp' & 'boat' & 'sea')");
        assert_eq!(tsquery(&three, WordMatch::AtLeast(1)), "('lamp') | ('boat') | ('sea')");
        assert_eq!(tsquery(&three[..1], WordMatch::AnyPrefix), "('lamp':*)");
        assert_eq!(combinations(&words("a b c d e"), 3).len(), 10);
    }
}
