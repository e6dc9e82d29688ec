//! Words that a misspelt word may stand for: from the vocabulary of FTS5 on SQLite, by trigrams or from the newest frames on
//! PostgreSQL.

use sqlx::{QueryBuilder, Sqlite};

use super::full_text::{CACHE_STATEMENT, MAX_CANDIDATES};
use crate::store::pools::Pools;
use crate::store::sqlite::SqliteDatabase;
use crate::store::{Store, StoreError};

/// Maximum number of vocabulary words that a misspelt word is compared with.
const MAX_VOCABULARY: i64 = 5000;

impl Store {
    /// Returns words from frame texts that a misspelt word may stand for; empty if the database cannot tell.
    pub async fn similar_words(&self, word: &str) -> Result<Vec<String>, StoreError> {
        let failed = StoreError::failed("look for similar words");
        let Some(first) = word.chars().next() else { return Ok(Vec::new()) };
        match &self.pools {
            // Compares words with the same first letter, because people rarely get that one wrong.
            Pools::Sqlite(SqliteDatabase { read, .. }) => {
                const SQL: &str = "SELECT term FROM frame_vocabulary WHERE term >= $1 AND term < $2 \
                     AND length(term) BETWEEN $3 AND $4 ORDER BY doc DESC LIMIT $5";
                let length = i64::try_from(word.chars().count()).unwrap_or(i64::MAX / 2);
                let next = char::from_u32(u32::from(first) + 1).unwrap_or(first);
                sqlx::query_scalar(SQL)
                    .bind(first.to_string())
                    .bind(next.to_string())
                    // A stem is shorter than its word.
                    .bind((length - 4).max(2))
                    .bind(length + 2)
                    .bind(MAX_VOCABULARY)
                    .fetch_all(read)
                    .await
                    .map_err(failed)
            }
            Pools::Postgres(pool) => {
                const HAS_PG_TRGM: &str = "SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'";
                const SQL: &str = "SELECT DISTINCT w FROM (SELECT text_terms FROM story_frame \
                     WHERE $1 <% text_terms LIMIT 200) AS f, regexp_split_to_table(f.text_terms, ' ') AS w \
                     WHERE similarity(w, $1) > 0.3 LIMIT $2";
                let installed: Option<i32> =
                    sqlx::query_scalar(HAS_PG_TRGM).fetch_optional(pool).await.map_err(&failed)?;
                if installed.is_none() {
                    return Ok(Vec::new());
                }
                // The index applies a threshold, whose default is too high for swapped letters in a short word.
                let mut tx = pool.begin().await.map_err(&failed)?;
                let threshold = sqlx::query("SET LOCAL pg_trgm.word_similarity_threshold = 0.35");
                threshold.execute(&mut tx).await.map_err(&failed)?;
                let words = sqlx::query_scalar(SQL)
                    .bind(word)
                    .bind(MAX_VOCABULARY)
                    .persistent(CACHE_STATEMENT);
                words.fetch_all(&mut tx).await.map_err(failed)
            }
        }
    }

    /// Returns words from frame texts that a misspelt word may stand for although their first letters differ. Looks only
    /// where one wrong, missing, doubled or swapped letter leads, on PostgreSQL among the newest frames.
    pub async fn words_with_other_start(&self, word: &str) -> Result<Vec<String>, StoreError> {
        let failed = StoreError::failed("look for words with another start");
        let length = i64::try_from(word.chars().count()).unwrap_or(i64::MAX / 2);
        let (shortest, longest) = ((length - 4).max(2), length + 2);
        match &self.pools {
            Pools::Sqlite(SqliteDatabase { read, .. }) => {
                let starts = other_starts(word);
                if starts.is_empty() {
                    return Ok(Vec::new());
                }
                let mut query = QueryBuilder::<Sqlite>::new("WITH starts (first, after) AS (");
                query.push_values(starts, |mut row, (first, after)| {
                    row.push_bind(first).push_bind(after);
                });
                query.push(
                    ") SELECT v.term FROM starts s CROSS JOIN frame_vocabulary v \
                     WHERE v.term >= s.first AND v.term < s.after AND length(v.term) BETWEEN ",
                );
                query.push_bind(shortest).push(" AND ").push_bind(longest);
                query.push(" LIMIT ").push_bind(MAX_VOCABULARY);
                query.build_query_scalar().fetch_all(read).await.map_err(failed)
            }
            Pools::Postgres(pool) => {
                const SQL: &str = "SELECT DISTINCT w FROM (SELECT text_terms FROM story_frame \
                     WHERE text_terms <> '' ORDER BY id DESC LIMIT $4) AS f, \
                     string_to_table(f.text_terms, ' ') AS w WHERE length(w) BETWEEN $1 AND $2 LIMIT $3";
                sqlx::query_scalar(SQL)
                    .bind(shortest)
                    .bind(longest)
                    .bind(MAX_VOCABULARY)
                    .bind(MAX_CANDIDATES)
                    .fetch_all(pool)
                    .await
                    .map_err(failed)
            }
        }
    }
}

/// Returns the ranges of words whose first two letters are those of the word with its first letter replaced, left out,
/// preceded by another, or swapped with the second. Each range is its first word and the one after its last.
fn other_starts(word: &str) -> Vec<(String, String)> {
    let mut letters = word.chars();
    let (Some(first), Some(second)) = (letters.next(), letters.next()) else { return Vec::new() };
    let mut pairs: Vec<[char; 2]> =
        ('a'..='z').flat_map(|letter| [[letter, first], [letter, second]]).collect();
    pairs.extend(letters.next().map(|third| [second, third]));
    pairs.sort_unstable();
    pairs.dedup();
    let range = |[start, second]: [char; 2]| {
        let after = char::from_u32(u32::from(second) + 1)?;
        Some((String::from_iter([start, second]), String::from_iter([start, after])))
    };
    pairs.into_iter().filter_map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_letter_may_be_wrong_too() {
        let starts = other_starts("moon");
        let has = |word: &str| starts.iter().any(|(from, to)| word >= &**from && word < &**to);
        assert!(has("noon") && has("oon") && has("omon") && has("amoon"), "{starts:?}");
        assert!(!has("lamp") && starts.len() <= 53, "{starts:?}");
        assert_eq!(other_starts("x"), []);
    }
}
