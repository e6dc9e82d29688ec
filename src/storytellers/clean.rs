//! What models write, made fit to be read: without what they say around a story, without echoes of the prompt and of
//! what was told before, in whole sentences, with quotes that close, and as long as asked.
//!
//! Each rule only takes away; when too little is left, the text is refused with a reason and asked for again.

mod sentences;
mod words;

use std::collections::HashSet;

use sentences::{ends_sentence, is_closing, sentences};
use words::{LABELS, META_NOUNS, META_OPENINGS, META_PHRASES, PREAMBLES};

/// What a text is measured against.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TextRules<'a> {
    /// What was told before, oldest first.
    pub(super) prior: &'a [String],
    /// The prompt that asked for it.
    pub(super) prompt: &'a str,
    /// What the prompt says in its own words, without the material that the story is made of.
    pub(super) instructions: &'a str,
    /// At most this many characters.
    pub(super) max_chars: usize,
    /// At least this many words, or half as many letters more in scripts that put no spaces between words.
    pub(super) min_words: usize,
    /// Whether it may go on in the middle of a sentence, as a continuation does.
    pub(super) is_continuation: bool,
}

/// A frame of few characters may have few words: one for so many.
const CHARS_PER_WORD: usize = 12;

/// Sentences that share this part of their words say the same.
const SIMILARITY_THRESHOLD: f64 = 0.7;

/// The part of a sentence's words that stand in one line of the instructions, for it to be taken from there.
const COPIED_THRESHOLD: f64 = 0.8;

/// So many words in a row are taken from the instructions, and not by chance.
const NGRAM_LEN: usize = 4;

/// The text, tidied up.
///
/// # Errors
///
/// Why there is nothing to show, in words that follow "it".
pub(super) fn clean(text: &str, rules: &TextRules<'_>) -> Result<String, String> {
    let bare = strip_wrapping(text);
    if bare.is_empty() {
        return Err("it is empty".to_owned());
    }
    let sentences = sentences(&bare);
    let fresh = remove_echoes(&sentences, rules)?;
    if fresh.is_empty() {
        return Err("it repeats what was there".to_owned());
    }
    let whole = keep_whole_sentences(fresh);
    let fitting = fit_to_length(&whole, rules.max_chars);
    let balanced = balance_quotes(&fitting);
    let words =
        balanced.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
    let letters = balanced.chars().filter(|c| c.is_alphabetic() && !c.is_ascii()).count();
    let fewest = rules.min_words.min(rules.max_chars / CHARS_PER_WORD).max(2);
    if words < fewest && letters < fewest + fewest / 2 {
        return Err("it says too little".to_owned());
    }
    if rules.is_continuation { Ok(balanced) } else { Ok(capitalise(&balanced)) }
}

/// One short sentence that says what to paint.
pub(super) fn clean_picture_prompt(text: &str) -> Result<String, String> {
    let bare = strip_wrapping(text);
    let line = bare.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let sentences: Vec<String> =
        sentences(line).into_iter().filter(|sentence| !is_about_painting(sentence)).collect();
    let words = fit_to_length(&sentences, 400);
    if words.split_whitespace().count() < 4 {
        Err("it says too little".to_owned())
    } else {
        Ok(words)
    }
}

/// Whether a sentence speaks of the picture or of the painter, and not of what is in it.
fn is_about_painting(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    let signs = [
        "artist",
        "painter",
        "painting",
        "passage",
        "the story",
        "tale told",
        "illustration",
        "in this piece",
    ];
    is_meta_talk(sentence) || signs.iter().any(|sign| lower.contains(sign))
}

/// The text without code fences, Markdown, labels, preambles and quotes around the whole.
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

/// A line without `Passage:` or `Frame 3:` before it.
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

/// Sentences that are neither in the prompt nor told before nor said already. A text that is half about what was asked
/// for, or a quarter in the words of whoever asked, is none.
fn remove_echoes(sentences: &[String], rules: &TextRules<'_>) -> Result<Vec<String>, String> {
    let prompt = normalise(rules.prompt);
    let instructions = Instructions::parse(rules.instructions);
    let mut meta_count = 0;
    let mut told: Vec<HashSet<String>> = Vec::new();
    for text in rules.prior {
        told.extend(sentences::sentences(text).iter().map(|sentence| word_set(sentence)));
    }
    let mut fresh = Vec::new();
    for sentence in sentences {
        let bare = normalise(sentence);
        let its_words = word_set(sentence);
        let is_long = its_words.len() > 3;
        let is_taken = instructions.contains(sentence, &its_words);
        let is_talk = is_meta_talk(sentence);
        meta_count += if is_taken { 2 } else { usize::from(is_talk) };
        let is_echo = is_long && prompt.contains(&bare) || is_taken;
        let is_label = sentence.ends_with(':');
        if is_echo
            || is_talk
            || is_label
            || bare.is_empty()
            || told.iter().any(|other| are_alike(&its_words, other))
        {
            continue;
        }
        told.push(its_words);
        fresh.push(sentence.clone());
    }
    if meta_count * 2 > sentences.len() && sentences.len() > 1 {
        return Err("it talks about what was asked for".to_owned());
    }
    Ok(fresh)
}

/// The prompt's own words, as a text may repeat them: in a row, or one line's in another order.
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

    fn contains(&self, sentence: &str, its_words: &HashSet<String>) -> bool {
        let taken = |line: &HashSet<String>| {
            its_words.intersection(line).count() as f64 >= COPIED_THRESHOLD * its_words.len() as f64
        };
        ngrams(sentence).iter().any(|run| self.ngrams.contains(run))
            || its_words.len() >= NGRAM_LEN && self.lines.iter().any(taken)
    }
}

/// Whether a sentence is about the story. What somebody says in it, between quotes, never is.
fn is_meta_talk(sentence: &str) -> bool {
    if sentence.contains(['"', '“', '«']) {
        return false;
    }
    let lower = sentence.to_lowercase().replace('’', "'");
    if META_PHRASES.iter().any(|sign| lower.contains(sign)) {
        return true;
    }
    let bare = format!(" {} ", normalise_keeping_apostrophes(&lower));
    let has = |signs: &[&str]| signs.iter().any(|sign| bare.contains(&format!(" {sign} ")));
    has(&META_NOUNS) && has(&META_OPENINGS)
}

/// Words in lower case, one space between them.
fn normalise_keeping_apostrophes(lower: &str) -> String {
    let words = lower.split(|c: char| !c.is_alphanumeric() && c != '\'');
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Letters and digits in lower case, with one space between words.
fn normalise(text: &str) -> String {
    let bare: String = text
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .flat_map(char::to_lowercase)
        .collect();
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every [`NGRAM_LEN`] words in a row.
fn ngrams(line: &str) -> Vec<String> {
    let plain = normalise(line);
    let words: Vec<&str> = plain.split(' ').collect();
    words.windows(NGRAM_LEN).map(|run| run.join(" ")).collect()
}

fn word_set(sentence: &str) -> HashSet<String> {
    normalise(sentence).split(' ').map(str::to_owned).collect()
}

/// Jaccard's measure: the words that both have, of all that either has.
fn are_alike(one: &HashSet<String>, other: &HashSet<String>) -> bool {
    let both = one.intersection(other).count();
    let either = one.len() + other.len() - both;
    both as f64 >= SIMILARITY_THRESHOLD * either as f64
}

/// Without a last sentence that broke off, unless it is all there is: then it is closed.
fn keep_whole_sentences(mut sentences: Vec<String>) -> Vec<String> {
    let is_whole = |sentence: &str| {
        let end = sentence.trim_end_matches(is_closing);
        end.ends_with(ends_sentence)
    };
    while sentences.len() > 1 && sentences.last().is_some_and(|last| !is_whole(last)) {
        sentences.pop();
    }
    if let [only] = sentences.as_mut_slice()
        && !is_whole(only)
    {
        let kept = only.trim_end_matches(|c: char| !c.is_alphanumeric() && !is_closing(c)).len();
        only.truncate(kept);
        only.push('.');
    }
    sentences
}

/// As many whole sentences as fit; of a first one that is too long, as many words.
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
    let kept = cut.trim_end_matches(|c: char| !c.is_alphanumeric());
    if kept.is_empty() { first.chars().take(max_chars).collect() } else { format!("{kept}…") }
}

/// A quotation that was opened is closed, and one that was only closed is dropped.
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
