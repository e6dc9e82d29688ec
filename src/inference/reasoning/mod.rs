//! Removes what a model writes around its answer: its reasoning, in any of the spellings that models mark it with, and
//! the marks of turns and channels that some servers forget to remove.

mod marks;

use super::cut_text::truncate;
use marks::{Mark, is_reasoning, tokens};

/// An answer without its markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    /// The text for readers; empty if the model wrote nothing but reasoning.
    pub(super) text: &'a str,
    /// Whether the text ends within the reasoning, as it does if the model reached its limit of tokens there.
    pub(super) is_unfinished: bool,
}

/// The longest text with its reasoning, in bytes.
const MAX_TEXT: usize = 512 << 10;

/// The headings of reasoning, in lower case.
const REASONING_HEADINGS: [&str; 8] = [
    "thinking",
    "thinking process",
    "thought process",
    "thoughts",
    "reasoning",
    "analysis",
    "chain of thought",
    "internal monologue",
];

/// The headings of an answer, in lower case.
const ANSWER_HEADINGS: [&str; 9] = [
    "answer",
    "final answer",
    "response",
    "final response",
    "story",
    "final story",
    "output",
    "final output",
    "passage",
];

/// The names of who speaks, which may follow the start of a turn.
const ROLES: [&str; 5] = ["assistant", "model", "user", "system", "tool"];

/// Returns the answer in a model's text.
pub(super) fn strip(text: &str) -> Answer<'_> {
    let text = strip_headings(strip_bare_channels(strip_fence(text.trim())));
    let tokens = tokens(text);
    let last = |marks: &[Mark]| tokens.iter().rposition(|token| marks.contains(&token.mark));
    let last_end = last(&[Mark::ReasoningEnd, Mark::SectionEnd]);
    let last_reset = last(&[Mark::ReasoningEnd, Mark::Channel]);
    let mut answer = Answer { text: "", is_unfinished: false };
    // The start of the text since the last mark that drops what is before it.
    let mut start = 0;
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let before = text[start..token.start].trim();
        index += 1;
        // Whether a later mark shows that everything up to it is reasoning.
        let is_draft = last_reset.is_some_and(|last| last >= index);
        match token.mark {
            Mark::ReasoningStart => {
                answer.keep(before);
                let ends: &[Mark] = if last_end.is_some_and(|last| last >= index) {
                    &[Mark::ReasoningEnd, Mark::SectionEnd]
                } else {
                    &[Mark::AnswerStart]
                };
                let end = tokens[index..].iter().position(|token| ends.contains(&token.mark));
                let Some(end) = end else { return Answer { is_unfinished: true, ..answer } };
                index += end + 1;
                start = tokens[index - 1].end;
            }
            // If the reasoning was not opened, the prompt's template opened it.
            Mark::ReasoningEnd | Mark::AnswerStart => {
                answer.text = "";
                start = token.end;
            }
            Mark::Channel => {
                answer.keep(before);
                let next = tokens[index..].iter().position(|token| token.mark == Mark::Channel);
                if text[token.end..].trim_start().starts_with("final") {
                    answer.text = "";
                    let message = tokens[index..].iter().position(|t| t.mark == Mark::Message);
                    let message = message.filter(|at| next.is_none_or(|next| *at < next));
                    index += message.map_or(0, |at| at + 1);
                    start = message
                        .map_or_else(|| after_word(text, token.end), |_| tokens[index - 1].end);
                } else {
                    let Some(next) = next else { return Answer { is_unfinished: true, ..answer } };
                    index += next;
                    start = tokens[index].start;
                }
            }
            Mark::AnswerEnd | Mark::TurnEnd | Mark::TurnStart
                if !before.is_empty() && !is_draft =>
            {
                return Answer { text: before, is_unfinished: false };
            }
            Mark::TurnStart if before.is_empty() => start = after_role(text, token.end),
            _ if before.is_empty() => start = token.end,
            _ => {}
        }
    }
    answer.keep(text[start..].trim());
    answer
}

/// Returns the answer in a model's text, without the marks that are left within it.
pub(super) fn strip_all(text: &str) -> String {
    let text = strip(truncate(text, MAX_TEXT)).text;
    let mut plain = String::with_capacity(text.len());
    let mut from = 0;
    for token in tokens(text) {
        plain.push_str(&text[from..token.start]);
        from = token.end;
    }
    plain.push_str(&text[from..]);
    plain.trim().to_owned()
}

impl<'a> Answer<'a> {
    /// Takes a text as the answer, unless it is empty. What comes after reasoning replaces what came before it.
    fn keep(&mut self, text: &'a str) {
        if !text.is_empty() {
            self.text = text;
        }
    }
}

/// Returns the place after the next word.
fn after_word(text: &str, from: usize) -> usize {
    let rest = text[from..].trim_start();
    let word = rest.bytes().take_while(u8::is_ascii_lowercase).count();
    text.len() - rest.len() + word
}

/// Returns the place after the name of who speaks, if there is one.
fn after_role(text: &str, from: usize) -> usize {
    let rest = text[from..].trim_start();
    let after = ROLES.iter().find_map(|role| {
        let after = rest.strip_prefix(role)?;
        let is_whole =
            after.chars().next().is_none_or(|c| c.is_whitespace() || c == '<' || c == ':');
        is_whole.then_some(after)
    });
    after.map_or(from, |after| text.len() - after.len())
}

/// Removes a code block of reasoning from the start of a text, and the lines between which Ollama shows reasoning.
fn strip_fence(text: &str) -> &str {
    if let Some(fenced) = text.strip_prefix("```") {
        let name: String =
            fenced.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
        if is_reasoning(&name)
            && let Some((_, after)) = fenced.split_once("\n```")
        {
            return after.trim();
        }
    }
    if text.starts_with("Thinking...")
        && let Some((_, after)) = text.split_once("...done thinking.")
    {
        return after.trim();
    }
    text
}

/// Removes reasoning under a heading, if the answer has one too.
fn strip_headings(text: &str) -> &str {
    let first = text.lines().next().unwrap_or_default();
    if !REASONING_HEADINGS.contains(&heading(first).as_str()) {
        return text;
    }
    let mut answer = text;
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        from += line.len();
        if ANSWER_HEADINGS.contains(&heading(line).as_str()) && !text[from..].trim().is_empty() {
            answer = text[from..].trim();
        }
    }
    answer
}

/// Returns the words of a line in lower case, without the marks of a heading.
fn heading(line: &str) -> String {
    line.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// Removes the channels of OpenAI's open models from a text whose special tokens were lost, as in
/// `analysisWe need a story.assistantfinalOnce upon a time`.
fn strip_bare_channels(text: &str) -> &str {
    if !["analysis", "commentary"].iter().any(|name| text.starts_with(name)) {
        return text;
    }
    ["assistantfinal", "assistant final", "<|message|>final"]
        .iter()
        .find_map(|mark| text.rsplit_once(mark))
        .map_or(text, |(_, answer)| answer.trim())
}

#[cfg(test)]
mod tests;
