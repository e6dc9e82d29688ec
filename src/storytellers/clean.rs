//! Cleaning of what models write. The result has no talk around the story and no echoes of the prompt or of earlier
//! texts; it consists of complete sentences with balanced quotes, and has at most the requested length.
//!
//! Apart from closing quotes and marks, each rule only removes text. If too little is left, the text is refused with a
//! reason, and the model is asked again.

mod sentences;
mod words;

use std::collections::HashSet;

use sentences::{ends_sentence, is_closing, sentences};
use words::{LABELS, META_NOUNS, META_OPENINGS, META_PHRASES, PREAMBLES};

/// The rules by which a text is cleaned.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TextRules<'a> {
    /// The story's earlier texts, oldest first.
    pub(super) prior: &'a [String],
    /// The prompt that asked for the text.
    pub(super) prompt: &'a str,
    /// The literal text of the prompt template, without the data that the story is made of.
    pub(super) instructions: &'a str,
    /// Maximum length in characters.
    pub(super) max_chars: usize,
    /// Minimum number of words. In scripts without spaces between words, 1.5 times as many letters also suffice.
    pub(super) min_words: usize,
    /// Whether the text may begin in the middle of a sentence, as a continuation does.
    pub(super) is_continuation: bool,
}

/// Characters of the maximum length that stand for one required word, so that a short text needs fewer words.
const CHARS_PER_WORD: usize = 12;

/// Jaccard similarity of two sentences' words from which the sentences count as equal.
const SIMILARITY_THRESHOLD: f64 = 0.7;

/// Share of a sentence's words that occur in one line of the instructions from which the sentence counts as copied.
const COPIED_THRESHOLD: f64 = 0.8;

/// Number of consecutive words shared with the instructions from which a sentence counts as copied.
const NGRAM_LEN: usize = 4;

/// Maximum length of the description of a picture, in characters.
const MAX_PICTURE_CHARS: usize = 400;

/// Cleans a text.
///
/// # Errors
///
/// The reason why nothing usable is left, in words that begin with "it".
pub(super) fn clean(text: &str, rules: &TextRules<'_>) -> Result<String, String> {
    let bare = strip_wrapping(start_of(text, rules.max_chars));
    if bare.is_empty() {
        return Err("it is empty".to_owned());
    }
    let sentences = sentences(&bare);
    let fresh = remove_echoes(&sentences, rules)?;
    if fresh.is_empty() {
        return Err("it repeats what was there".to_owned());
    }
    let complete = keep_complete_sentences(fresh);
    let fitted = fit_to_length(&complete, rules.max_chars);
    let balanced = balance_quotes(&fitted);
    let words =
        balanced.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
    let letters = balanced.chars().filter(|c| c.is_alphabetic() && !c.is_ascii()).count();
    let min_words = rules.min_words.min(rules.max_chars / CHARS_PER_WORD).max(2);
    if words < min_words && letters < min_words + min_words / 2 {
        return Err("it says too little".to_owned());
    }
    if rules.is_continuation { Ok(balanced) } else { Ok(capitalise(&balanced)) }
}

/// Cleans a model's description of what to paint: keeps the sentences of its first line that describe the picture, up
/// to 400 characters.
///
/// # Errors
///
/// The reason why nothing usable is left, as for [`clean`].
pub(super) fn clean_picture_prompt(text: &str) -> Result<String, String> {
    let bare = strip_wrapping(start_of(text, MAX_PICTURE_CHARS));
    let line = bare.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let sentences: Vec<String> =
        sentences(line).into_iter().filter(|sentence| !is_about_painting(sentence)).collect();
    let words = fit_to_length(&sentences, MAX_PICTURE_CHARS);
    if words.split_whitespace().count() < 4 {
        Err("it says too little".to_owned())
    } else {
        Ok(words)
    }
}

/// Returns the part of a text that is cleaned: enough for `max_chars` characters after much of it is removed. A model
/// that does not stop writing must not make cleaning slow.
fn start_of(text: &str, max_chars: usize) -> &str {
    let limit = max_chars.saturating_mul(4).saturating_add(2000);
    text.char_indices().nth(limit).map_or(text, |(end, _)| &text[..end])
}

/// Returns whether a sentence talks about the picture or the painter instead of what the picture shows.
fn is_about_painting(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    let markers = [
        "artist",
        "painter",
        "painting",
        "passage",
        "the story",
        "tale told",
        "illustration",
        "in this piece",
    ];
    is_meta_talk(sentence) || markers.iter().any(|marker| lower.contains(marker))
}

/// Removes code fences, Markdown, labels, preambles and quotes around the whole text.
fn strip_wrapping(text: &str) -> String {
    let text = text.replace('\r', "").replace("```", "\n");
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.trim().trim_start_matches(['#', '>', '*', '-', '•', '=']).trim();
        let line = line.replace("**", "").replace("__", "");
        let line = strip_label(line.trim());
        let is_first = lines.is_empty();
        if line.is_empty() || (is_first && is_preamble(&line)) {
            continue;
        }
        lines.push(line);
    }
    let joined = lines.join("\n");
    let joined = joined.trim();
    let inner = [('"', '"'), ('“', '”'), ('«', '»')].iter().find_map(|(open, close)| {
        let inner = joined.strip_prefix(*open)?.strip_suffix(*close)?;
        (!inner.contains(*open) && !inner.contains(*close)).then_some(inner)
    });
    inner.unwrap_or(joined).trim().to_owned()
}

/// Removes a label such as `Passage:` or `Frame 3:` from the beginning of a line.
fn strip_label(line: &str) -> String {
    if let Some((label, rest)) = line.split_once(':') {
        let word: String = label.chars().filter(|c| c.is_alphabetic() || *c == ' ').collect();
        if LABELS.contains(&word.trim().to_lowercase().as_str()) {
            return rest.trim().to_owned();
        }
    }
    line.to_owned()
}

fn is_preamble(line: &str) -> bool {
    let lower = line.to_lowercase();
    let begins = PREAMBLES.iter().any(|words| lower.starts_with(words));
    begins
        && (line.ends_with(':')
            || line.chars().count() < 120
                && (line.ends_with('!') || lower.contains("passage") || lower.contains("story")))
}

/// Removes the sentences that occur in the prompt, in an earlier text or earlier in this text, and those that talk about
/// the request.
///
/// # Errors
///
/// A reason if more than half of the sentences talk about the request; a sentence that is copied from the instructions
/// counts twice.
fn remove_echoes(sentences: &[String], rules: &TextRules<'_>) -> Result<Vec<String>, String> {
    let prompt = normalise(rules.prompt);
    let instructions = Instructions::parse(rules.instructions);
    let mut meta_count = 0;
    let mut earlier: Vec<HashSet<String>> = Vec::new();
    for text in rules.prior {
        earlier.extend(sentences::sentences(text).iter().map(|sentence| word_set(sentence)));
    }
    let mut fresh = Vec::new();
    for sentence in sentences {
        let bare = normalise(sentence);
        let words = word_set(sentence);
        let is_long = words.len() > 3;
        let is_copied = instructions.contains(sentence, &words);
        let is_talk = is_meta_talk(sentence);
        meta_count += if is_copied { 2 } else { usize::from(is_talk) };
        let is_echo = is_long && prompt.contains(&bare) || is_copied;
        let is_label = sentence.ends_with(':');
        if is_echo
            || is_talk
            || is_label
            || bare.is_empty()
            || earlier.iter().any(|other| are_similar(&words, other))
        {
            continue;
        }
        earlier.push(words);
        fresh.push(sentence.clone());
    }
    if meta_count * 2 > sentences.len() && sentences.len() > 1 {
        return Err("it talks about what was asked for".to_owned());
    }
    Ok(fresh)
}

/// The words of the instructions, as a text may repeat them: consecutive words, or the words of one line in any order.
struct Instructions {
    ngrams: HashSet<String>,
    lines: Vec<HashSet<String>>,
}

impl Instructions {
    fn parse(text: &str) -> Self {
        let lines =
            text.lines().flat_map(sentences::sentences).map(|line| word_set(&line)).collect();
        Self { ngrams: text.lines().flat_map(ngrams).collect(), lines }
    }

    fn contains(&self, sentence: &str, words: &HashSet<String>) -> bool {
        let is_copied_from = |line: &HashSet<String>| {
            words.intersection(line).count() as f64 >= COPIED_THRESHOLD * words.len() as f64
        };
        ngrams(sentence).iter().any(|ngram| self.ngrams.contains(ngram))
            || words.len() >= NGRAM_LEN && self.lines.iter().any(is_copied_from)
    }
}

/// Returns whether a sentence is about the story instead of being part of it. A sentence with quoted speech never is.
fn is_meta_talk(sentence: &str) -> bool {
    if sentence.contains(['"', '“', '«']) {
        return false;
    }
    let lower = sentence.to_lowercase().replace('’', "'");
    if META_PHRASES.iter().any(|phrase| lower.contains(phrase)) {
        return true;
    }
    let bare = format!(" {} ", normalise_keeping_apostrophes(&lower));
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| bare.contains(&format!(" {phrase} ")));
    has(&META_NOUNS) && has(&META_OPENINGS)
}

/// Returns the words of a lower-case text, with their apostrophes, separated by one space.
fn normalise_keeping_apostrophes(lower: &str) -> String {
    let words = lower.split(|c: char| !c.is_alphanumeric() && c != '\'');
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns the words of a text in lower case, without punctuation, separated by one space.
fn normalise(text: &str) -> String {
    let bare: String = text
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .flat_map(char::to_lowercase)
        .collect();
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns every sequence of [`NGRAM_LEN`] consecutive words.
fn ngrams(line: &str) -> Vec<String> {
    let plain = normalise(line);
    let words: Vec<&str> = plain.split(' ').collect();
    words.windows(NGRAM_LEN).map(|ngram| ngram.join(" ")).collect()
}

fn word_set(sentence: &str) -> HashSet<String> {
    normalise(sentence).split(' ').map(str::to_owned).collect()
}

/// Compares two sentences by their Jaccard similarity: the number of shared words divided by the number of distinct
/// words.
fn are_similar(one: &HashSet<String>, other: &HashSet<String>) -> bool {
    let both = one.intersection(other).count();
    let either = one.len() + other.len() - both;
    both as f64 >= SIMILARITY_THRESHOLD * either as f64
}

/// Removes incomplete sentences from the end. If only one sentence is left and it is incomplete, ends it with a full
/// stop.
fn keep_complete_sentences(mut sentences: Vec<String>) -> Vec<String> {
    let is_complete = |sentence: &str| {
        let end = sentence.trim_end_matches(is_closing);
        end.ends_with(ends_sentence)
    };
    while sentences.len() > 1 && sentences.last().is_some_and(|last| !is_complete(last)) {
        sentences.pop();
    }
    if let [only] = sentences.as_mut_slice()
        && !is_complete(only)
    {
        let len = only.trim_end_matches(|c: char| !c.is_alphanumeric() && !is_closing(c)).len();
        only.truncate(len);
        only.push('.');
    }
    sentences
}

/// Joins as many complete sentences as fit. If the first sentence is too long, joins as many of its words as fit and
/// adds an ellipsis.
fn fit_to_length(sentences: &[String], max_chars: usize) -> String {
    let mut text = String::new();
    for sentence in sentences {
        let joined = if text.is_empty() { sentence.clone() } else { format!("{text} {sentence}") };
        if joined.chars().count() > max_chars {
            break;
        }
        text = joined;
    }
    let Some(first) = sentences.first().filter(|_| text.is_empty()) else { return text };
    let mut cut = String::new();
    for word in first.split(' ') {
        if cut.chars().count() + word.chars().count() + 2 > max_chars {
            break;
        }
        if !cut.is_empty() {
            cut.push(' ');
        }
        cut.push_str(word);
    }
    let cut = cut.trim_end_matches(|c: char| !c.is_alphanumeric());
    if cut.is_empty() { first.chars().take(max_chars).collect() } else { format!("{cut}…") }
}

/// Closes quotes and parentheses that are only opened, and removes those that are only closed.
fn balance_quotes(text: &str) -> String {
    let mut text = text.to_owned();
    if text.matches('"').count() % 2 == 1 {
        let last = text.rfind('"').unwrap_or_default();
        let opens = text[last + 1..].chars().next().is_some_and(|c| !c.is_whitespace());
        if opens {
            text.push('"');
        } else {
            text.remove(last);
        }
    }
    for (open, close) in [('“', '”'), ('«', '»'), ('(', ')')] {
        let (opened, closed) = (text.matches(open).count(), text.matches(close).count());
        if opened > closed {
            text.push(close);
        } else if closed > opened
            && let Some(last) = text.rfind(close)
        {
            text.remove(last);
        }
    }
    text
}

fn capitalise(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
