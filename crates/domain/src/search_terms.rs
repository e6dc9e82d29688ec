//! The terms by which texts are found: words in one spelling, whatever keyboard, script or database they come from.
//!
//! - Characters are normalised (Unicode NFKC), folded to lower case, and lose the accents of Latin, Greek and Cyrillic
//!   letters: `CAFÉ`, `café` with a combining accent and `cafe` are one term.
//! - Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese are written without blanks, or glue particles to words. Each
//!   pair of neighbouring characters is a term there, and each Han character and Korean syllable by itself.
//!
//! A database sees only letters and digits, so every database finds the same.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest term, in characters. `PostgreSQL` refuses words that are much longer.
const MAX_TERM_CHARS: usize = 100;

/// A term of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The term's spelling, without blanks.
    pub text: String,
    /// Where the text has it: positions of characters (Unicode code points).
    pub range: Range<usize>,
}

/// Returns the terms of a text that is to be found, in order.
#[must_use]
pub fn terms(text: &str) -> Vec<Term> {
    split(text, Purpose::Index)
}

/// Returns the terms of a text that is to be found, separated by blanks.
#[must_use]
pub fn joined_terms(text: &str) -> String {
    let terms: Vec<String> = terms(text).into_iter().map(|term| term.text).collect();
    terms.join(" ")
}

/// Returns the terms that a text must have to match a query.
#[must_use]
pub fn query_terms(query: &str) -> Vec<String> {
    split(query, Purpose::Query).into_iter().map(|term| term.text).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Purpose {
    Index,
    Query,
}

/// A folded character with its place in the text.
type Folded = (char, Range<usize>);

/// What a folded character is part of.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Word,
    /// A script in which words are not separated.
    Unspaced,
    Separator,
}

fn split(text: &str, purpose: Purpose) -> Vec<Term> {
    let folded = fold(text);
    let mut terms = Vec::new();
    for run in folded.chunk_by(|(a, _), (b, _)| class(*a) == class(*b)) {
        match run.first().map(|(first, _)| class(*first)) {
            Some(Class::Word) if run.len() <= MAX_TERM_CHARS => terms.push(term(run)),
            Some(Class::Unspaced) => push_pairs(run, purpose, &mut terms),
            _ => {}
        }
    }
    terms
}

/// Appends the pairs of neighbours, and the characters that are words by themselves. A query needs single characters only
/// if it has no pair.
fn push_pairs(run: &[Folded], purpose: Purpose, terms: &mut Vec<Term>) {
    for (at, (character, _)) in run.iter().enumerate() {
        let is_needed = match purpose {
            Purpose::Index => is_word_by_itself(*character) || run.len() == 1,
            Purpose::Query => run.len() == 1,
        };
        if is_needed {
            terms.push(term(&run[at..=at]));
        }
        if let Some(pair) = run.get(at..at + 2) {
            terms.push(term(pair));
        }
    }
}

fn term(run: &[Folded]) -> Term {
    let start = run.first().map_or(0, |(_, range)| range.start);
    let end = run.last().map_or(start, |(_, range)| range.end);
    Term { text: run.iter().map(|(character, _)| character).collect(), range: start..end }
}

/// Normalises and folds a text. A character is folded together with the marks that follow it.
fn fold(text: &str) -> Vec<Folded> {
    let characters: Vec<char> = text.chars().collect();
    let mut folded = Vec::with_capacity(characters.len());
    let mut start = 0;
    while start < characters.len() {
        let rest = &characters[start + 1..];
        let end = start + 1 + rest.iter().take_while(|c| belongs_to_previous(**c)).count();
        let cluster = characters[start..end].iter().filter(|c| !is_ignored(**c));
        let lower = cluster.flat_map(|c| c.to_lowercase()).nfkd().filter(|c| !is_accent(*c));
        // A compatibility decomposition may bring capitals.
        for character in lower.flat_map(char::to_lowercase).nfkc() {
            if is_unspaced(character) && is_combining_mark(character) {
                continue;
            }
            match character {
                'ß' => folded.extend([('s', start..end), ('s', start..end)]),
                'ς' => folded.push(('σ', start..end)),
                'ı' => folded.push(('i', start..end)),
                other => folded.push((other, start..end)),
            }
        }
        start = end;
    }
    folded
}

/// Reports whether a character changes the one before it.
fn belongs_to_previous(character: char) -> bool {
    is_combining_mark(character)
        || is_ignored(character)
        // The vowels and final consonants of decomposed Korean syllables, and the half-width marks of Japanese ones.
        || matches!(character, '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}')
}

/// Reports whether a character is invisible: soft hyphens, joiners, and marks of direction or variation.
fn is_ignored(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}

/// Reports whether a mark is an accent that Latin, Greek and Cyrillic letters have.
fn is_accent(character: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&character)
}

fn class(character: char) -> Class {
    if is_unspaced(character) {
        Class::Unspaced
    } else if character.is_alphanumeric() || is_combining_mark(character) {
        Class::Word
    } else {
        Class::Separator
    }
}

/// Reports whether a character belongs to a script in which words are not separated by blanks.
fn is_unspaced(character: char) -> bool {
    is_word_by_itself(character)
        || matches!(
            character,
            '\u{e01}'..='\u{e4e}'        // Thai
                | '\u{e81}'..='\u{ece}'  // Lao
                | '\u{1000}'..='\u{103f}' // Burmese
                | '\u{1780}'..='\u{17d3}' // Khmer
                | '\u{3041}'..='\u{309f}' // Hiragana
                | '\u{30a1}'..='\u{30ff}' // Katakana
                | '\u{31f0}'..='\u{31ff}' // more Katakana
        )
}

/// Reports whether one character is often a whole word: Han characters and Korean syllables.
fn is_word_by_itself(character: char) -> bool {
    matches!(
        character,
        '\u{3005}'..='\u{3007}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_has_one_spelling() {
        for (spellings, term) in [
            (&["Mädchen", "MA\u{308}DCHEN", "mädchen", "Mad\u{ad}chen"][..], "madchen"),
            (&["café", "CAFÉ", "cafe\u{301}", "Cafe"], "cafe"),
            (&["Straße", "STRASSE", "straẞe"], "strasse"),
            (&["İstanbul", "I\u{307}stanbul", "istanbul", "ISTANBUL", "ıstanbul"], "istanbul"),
            (&["ΟΔΟΣ", "οδος", "οδός", "οδοσ"], "οδοσ"),
            (&["ﬁsh", "ＦＩＳＨ", "fish"], "fish"),
            (&["Ёлка", "елка", "Е\u{308}лка"], "елка"),
            (&["مرحبا"], "مرحبا"),
        ] {
            for spelling in spellings {
                assert_eq!(joined_terms(spelling), term, "{spelling}");
                assert_eq!(query_terms(spelling), [term], "{spelling}");
            }
        }
        assert_eq!(query_terms("The keeper's lamp, 1942…"), ["the", "keeper", "s", "lamp", "1942"]);
        assert_eq!(query_terms("…! — 🐈"), [""; 0]);
        assert_eq!(query_terms(&"x".repeat(101)), [""; 0]);
    }

    #[test]
    fn scripts_without_blanks_are_found_by_their_pairs() {
        assert_eq!(joined_terms("灯台が光る"), "灯 灯台 台 台が が光 光 光る");
        assert_eq!(query_terms("灯台"), ["灯台"]);
        assert_eq!(query_terms("光"), ["光"]);
        // Half-width and decomposed Japanese, and decomposed Korean, are the composed ones.
        assert_eq!(query_terms("ｶﾞｽ"), query_terms("ガス"));
        assert_eq!(query_terms("か\u{3099}い"), query_terms("がい"));
        let korean: String = "서울에서".nfd().collect();
        assert_eq!(joined_terms(&korean), joined_terms("서울에서"));
        let has_all = |text: &str, query: &str| {
            let terms = terms(text);
            query_terms(query).iter().all(|query| terms.iter().any(|term| term.text == *query))
        };
        for (text, query) in [
            ("古い灯台が光る", "灯台"),
            ("古い灯台が光る", "古い灯台が光る"),
            ("大韓民國 서울에서", "서울"),
            ("สวัสดีชาวโลก", "ชาวโลก"),
            ("ສະບາຍດີ", "ບາຍ"),
            ("我在iPhone上读书", "iphone"),
            ("我在iPhone上读书", "读书"),
        ] {
            assert!(has_all(text, query), "{query} in {text}: {:?}", terms(text));
        }
        assert!(!has_all("古い灯台", "台灯"));
    }

    #[test]
    fn terms_know_their_place_in_the_text() {
        let text = "A MA\u{308}DCHEN in Straße 灯台!";
        let characters: Vec<char> = text.chars().collect();
        let at = |term: &str| {
            let found = terms(text).into_iter().find(|found| found.text == term).expect("there");
            characters[found.range].iter().collect::<String>()
        };
        assert_eq!(at("madchen"), "MA\u{308}DCHEN");
        assert_eq!(at("strasse"), "Straße");
        assert_eq!((at("灯台"), at("台")), ("灯台".to_owned(), "台".to_owned()));
    }
}
