//! Finds people and places in the state and the texts of another storyteller.

use serde_json::Value;

use crate::inference::request::FrameContext;

use super::cast::{Person, Pronoun};
use super::english::{length, words};
use super::grammar::Grammar;
use super::sanitize;

/// Words that are not names, although they may be capitalised.
const NOT_NAMES: &[&str] = &[
    "the",
    "a",
    "an",
    "and",
    "but",
    "then",
    "when",
    "while",
    "after",
    "before",
    "in",
    "on",
    "at",
    "it",
    "he",
    "she",
    "they",
    "we",
    "i",
    "you",
    "his",
    "her",
    "their",
    "its",
    "this",
    "that",
    "there",
    "here",
    "now",
    "for",
    "from",
    "with",
    "as",
    "if",
    "so",
    "no",
    "not",
    "yes",
    "what",
    "who",
    "why",
    "how",
    "where",
    "god",
    "mr",
    "mrs",
    "dr",
    "old",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Returns the people in the storyteller's state or, if it has none, in the latest texts.
pub(super) fn people(context: &FrameContext, grammar: &Grammar) -> Vec<Person> {
    let cast = context.state.get("cast").and_then(Value::as_array);
    let entries = cast.into_iter().flatten().filter_map(|entry| match entry {
        Value::String(text) => Some((text.clone(), String::new())),
        Value::Object(fields) => {
            let name = fields.get("name")?.as_str()?.to_owned();
            Some((name, serde_json::to_string(fields).unwrap_or_default()))
        }
        _ => None,
    });
    let mut people: Vec<Person> = Vec::new();
    for (text, more) in entries.take(8) {
        people.extend(parse_person(&text, &more, grammar).filter(|new| is_new(new, &people)));
    }
    if people.is_empty() {
        for name in names_in(&context.prior) {
            let all = context.prior.join(" ");
            people.extend(parse_person(&name, &pronoun_near(&name, &all), grammar));
        }
    }
    people.truncate(super::cast::MAX_PEOPLE);
    people
}

fn is_new(person: &Person, others: &[Person]) -> bool {
    others.iter().all(|other| other.short_name() != person.short_name())
}

/// Parses a description such as `Marta Vell, a lighthouse keeper who lost her boat`. `more` is further text from which
/// the pronoun may be guessed.
fn parse_person(text: &str, more: &str, grammar: &Grammar) -> Option<Person> {
    let text = sanitize::plain_line(text, 200);
    let cut = text.find([',', ':', '(', ';']).or_else(|| text.find(" – ")).unwrap_or(text.len());
    let name = sanitize::name(&text[..cut])?;
    let role = text[cut..].trim_start_matches(|c: char| !c.is_alphabetic());
    let role = role.split([',', '.', ';', ')']).next().unwrap_or_default();
    let role = role.split(" who ").next().unwrap_or_default();
    let role = ["a ", "an ", "the "].iter().find_map(|lead| role.strip_prefix(lead));
    let role = role.map(str::trim).filter(|role| length(role) <= 40 && is_plain_role(role));
    let listed = grammar.lines("names").iter().find(|line| line.fields.first() == Some(&&*name));
    let pronoun = listed.and_then(|line| line.fields.get(1).copied());
    Some(Person {
        pronoun: pronoun
            .map_or_else(|| guess_pronoun(&format!("{text} {more}")), Pronoun::from_name),
        name,
        role: role.unwrap_or_default().to_lowercase(),
        quirk: String::new(),
        met: Some(0),
    })
}

fn is_plain_role(role: &str) -> bool {
    role.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-'))
}

/// Returns `she` or `he` if one prevails in the text, otherwise `they`.
fn guess_pronoun(text: &str) -> Pronoun {
    let words = words(text);
    let count = |these: &[&str]| words.iter().filter(|word| these.contains(&word.as_str())).count();
    let she = count(&["she", "her", "hers", "herself", "woman", "girl", "mother", "daughter"]);
    let he = count(&["he", "him", "his", "himself", "man", "boy", "father", "son"]);
    match she.cmp(&he) {
        std::cmp::Ordering::Greater => Pronoun::She,
        std::cmp::Ordering::Less => Pronoun::He,
        std::cmp::Ordering::Equal => Pronoun::They,
    }
}

/// Returns the text after each occurrence of a name, from which the pronoun may be guessed.
fn pronoun_near(name: &str, text: &str) -> String {
    let after = text.split(name).skip(1);
    after.map(|rest| rest.chars().take(60).collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Returns up to two probable names: capitalised words that occur within a sentence, and at least twice in all, the
/// most frequent first.
fn names_in(prior: &[String]) -> Vec<String> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for text in prior {
        let mut begins = true;
        for token in text.split_whitespace() {
            let word = token.trim_matches(|c: char| !c.is_alphanumeric());
            let word = word.trim_end_matches("’s").trim_end_matches("'s");
            let proper = word.chars().next().is_some_and(char::is_uppercase)
                && word.chars().skip(1).all(char::is_lowercase)
                && (3..=20).contains(&length(word))
                && !NOT_NAMES.contains(&word.to_lowercase().as_str());
            match counts.iter_mut().find(|(name, _)| name == word) {
                Some((_, count)) if proper => *count += 1,
                None if proper && !begins => counts.push((word.to_owned(), 1)),
                _ => {}
            }
            begins =
                token.ends_with(['.', '!', '?', '”', '"', ':']) || token.starts_with(['“', '"']);
        }
    }
    counts.retain(|(_, count)| *count > 1);
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.into_iter().take(2).map(|(name, _)| name).collect()
}

/// Returns the first place in the storyteller's state.
pub(super) fn first_setting(state: &Value) -> Option<String> {
    let first = state.get("settings")?.as_array()?.first()?;
    let text = first.as_str().or_else(|| first.get("name")?.as_str())?;
    let text = sanitize::plain_line(text, 120);
    (!text.is_empty()).then_some(text)
}

/// Returns the setting with the most clues in a text; `None` if the text contains no clue.
pub(super) fn setting_by_clue(text: &str, grammar: &Grammar) -> Option<&'static str> {
    let words = words(text);
    let hits = |key: &&'static str| {
        let clues = grammar.property(&format!("setting.{key}"), "clue").unwrap_or_default();
        clues.split(' ').filter(|clue| words.iter().any(|word| word.starts_with(clue))).count()
    };
    grammar.children("setting").into_iter().max_by_key(hits).filter(|key| hits(key) > 0)
}
