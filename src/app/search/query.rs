//! Parses search queries into the words that the database looks up, and corrects the spelling of a single word.

use crate::app::AppError;
use crate::domain::query_terms;

/// The longest query, in characters.
const MAX_QUERY_CHARS: usize = 1000;

/// Maximum number of words of a query that are looked up.
const MAX_WORDS: usize = 32;

/// Number of words that are looked up in combinations. Five words have at most ten combinations of the same size.
const MAX_RARE_WORDS: usize = 5;

/// Maximum number of corrections of a misspelt word.
const MAX_CORRECTIONS: usize = 5;

/// Minimum number of letters of a stem that can be matched with a longer word.
const MIN_STEM_CHARS: usize = 5;

/// Maximum number of letters that a word may have after its stem.
const MAX_SUFFIX_CHARS: usize = 3;

/// Common English words, which are ignored unless a query contains no other words. These are PostgreSQL's stop words
/// and some more.
const STOP_WORDS: &str = "\
    a about above after again against all also am an and any are as at be because been before being below between \
    both but by can did do does doing don down during each few for from further had has have having he her here \
    hers herself him himself his how i if in into is it its itself just me more most my myself no nor not now of \
    off on once only or other our ours ourselves out over own s same she should so some such t than that the their \
    theirs them themselves then there these they this those through to too under until up very was we were what \
    when where which while who whom whose why will with you your yours yourself yourselves";

/// A parsed query.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// The whole query, for the embedding model.
    pub(super) text: String,
    /// The distinct search terms for the database.
    pub(super) words: Vec<String>,
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, AppError> {
        let is_blank = !text.chars().any(|c| !c.is_whitespace() && !c.is_control());
        if is_blank || text.chars().count() > MAX_QUERY_CHARS || text.contains('\0') {
            let reason =
                format!("must be 1 to {MAX_QUERY_CHARS} characters, not only blanks, without NUL");
            return Err(AppError::invalid("query", reason));
        }
        let text = text.trim();
        let mut words: Vec<String> = Vec::new();
        for word in query_terms(text) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        if words.iter().any(|word| !is_stop_word(word)) {
            words.retain(|word| !is_stop_word(word));
        }
        words.truncate(MAX_WORDS);
        Ok(Self { text: text.to_owned(), words })
    }
}

fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.split(' ').any(|common| common == word)
}

/// Returns the longest words, which are mostly the rarest.
pub(super) fn rarest_words(words: &[String]) -> Vec<String> {
    let mut rarest = words.to_vec();
    rarest.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    rarest.truncate(MAX_RARE_WORDS);
    rarest
}

/// Returns the words of a vocabulary that most likely correct a misspelt word, likeliest first. The vocabulary may
/// contain stems, which are shorter than their words.
pub(super) fn spelling_corrections(word: &str, vocabulary: Vec<String>) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    // Short words have too many similar words.
    let max_distance = match letters.len() {
        0..=3 => return Vec::new(),
        4..=5 => 1,
        _ => 2,
    };
    let mut corrections: Vec<(usize, String)> = vocabulary
        .into_iter()
        .filter(|other| other.chars().all(char::is_alphanumeric))
        .filter_map(|other| {
            let other_letters: Vec<char> = other.chars().collect();
            let mut distance = edit_distance(&letters, &other_letters);
            // A missing suffix counts as one edit, because the other word may be a stem.
            let suffix = letters.len().saturating_sub(other_letters.len());
            if other_letters.len() >= MIN_STEM_CHARS && (1..=MAX_SUFFIX_CHARS).contains(&suffix) {
                let prefix = &letters[..other_letters.len()];
                distance = distance.min(edit_distance(prefix, &other_letters) + 1);
            }
            (distance <= max_distance).then_some((distance, other))
        })
        .collect();
    corrections.sort();
    corrections.dedup();
    corrections.truncate(MAX_CORRECTIONS);
    corrections.into_iter().map(|(_, word)| word).collect()
}

/// Returns the optimal string alignment distance: the number of letters to insert, delete, replace or swap with their
/// neighbour to turn one word into the other.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        Query::parse(text).expect("a query").words
    }

    #[test]
    fn common_words_count_only_where_there_is_nothing_else() {
        assert_eq!(words("The keeper's lamp, AND the keeper’s boat!"), ["keeper", "lamp", "boat"]);
        assert_eq!(
            words("because of a lamp"),
            ["lamp"],
            "nor what PostgreSQL alone would leave out"
        );
        assert_eq!(words("to be or not"), ["to", "be", "or", "not"]);
        assert_eq!(words("NEAR(\"a\" b*) ' \\ :"), ["near", "b"]);
        assert_eq!(words("Über-Straße 1942"), ["uber", "strasse", "1942"]);
        assert_eq!(words("…!"), [""; 0]);
        assert_eq!(words(&"語".repeat(101)), ["語語"]);
        assert!(Query::parse("  ").is_err() && Query::parse(&"x".repeat(1001)).is_err());
        assert!(Query::parse("a\0b").is_err());
        let many: Vec<String> = (0..99).map(|n| format!("w{n}")).collect();
        assert_eq!(words(&many.join(" ")).len(), MAX_WORDS);
    }

    #[test]
    fn a_misspelt_word_finds_what_it_stands_for() {
        let corrections = |word: &str, vocabulary: &[&str]| {
            spelling_corrections(word, vocabulary.iter().map(|word| (*word).to_owned()).collect())
        };
        assert_eq!(corrections("lighthosue", &["lighthous", "light", "lamplight"]), ["lighthous"]);
        assert_eq!(corrections("keepr", &["keeper", "keep", "kept"]), ["keep", "keeper"]);
        assert_eq!(corrections("bot", &["boat"]), [""; 0], "too short to guess");
        assert_eq!(corrections("boatt", &["boat", "goat", "bo'at"]), ["boat"]);
    }

    #[test]
    fn distances_are_those_of_typing() {
        let distance = |a: &str, b: &str| {
            edit_distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
        };
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "acb"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
