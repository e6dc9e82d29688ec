//! The marks in a model's text: of reasoning, of answers, of channels and of turns.

/// What a mark in an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    ReasoningStart,
    ReasoningEnd,
    /// The end of a section that is reasoning only if its start was read, as `</details>` is.
    SectionEnd,
    AnswerStart,
    AnswerEnd,
    /// A channel of OpenAI's open models. The channel's name follows it.
    Channel,
    /// The end of a channel's header.
    Message,
    /// The end of the model's turn, or the start of another.
    TurnEnd,
    /// The start of a turn. The name of who speaks may follow it.
    TurnStart,
    /// A mark without a meaning for readers.
    Other,
}

/// A mark and its place in the text, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) mark: Mark,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The brackets that marks are written in.
const BRACKETS: [(&str, &str); 6] =
    [("<", ">"), ("[", "]"), ("◁", "▷"), ("&lt;", "&gt;"), ("＜", "＞"), ("【", "】")];

/// The longest mark, in bytes. Some have attributes.
const MAX_MARK: usize = 120;

/// Parts of the names of reasoning, without separators.
const REASONING: [&str; 12] = [
    "think",
    "thought",
    "reason",
    "reflection",
    "scratchpad",
    "analysis",
    "monologue",
    "rationale",
    "deliberation",
    "planning",
    "思考",
    "推理",
];

/// The names of an answer, without separators.
const ANSWER: [&str; 14] = [
    "answer",
    "finalanswer",
    "final",
    "response",
    "finalresponse",
    "reply",
    "output",
    "finaloutput",
    "result",
    "solution",
    "story",
    "passage",
    "continuation",
    "text",
];

/// The marks at the end of a turn, without separators.
const TURN_ENDS: [&str; 17] = [
    "imend",
    "eotid",
    "eot",
    "eomid",
    "eom",
    "end",
    "eos",
    "return",
    "call",
    "endoftext",
    "endofturn",
    "endofturntoken",
    "endofsentence",
    "endofmessage",
    "endturn",
    "finish",
    "stop",
];

/// The marks at the start of a turn, without separators.
const TURN_STARTS: [&str; 13] = [
    "imstart",
    "start",
    "startheaderid",
    "startofturn",
    "startofturntoken",
    "chatbottoken",
    "assistant",
    "user",
    "system",
    "human",
    "model",
    "observation",
    "tool",
];

/// The names that are marks only between vertical bars, as in `<|end|>`, because they are also words.
const NEEDS_BARS: [&str; 18] = [
    "end",
    "start",
    "return",
    "call",
    "stop",
    "finish",
    "eot",
    "eom",
    "user",
    "system",
    "human",
    "model",
    "tool",
    "assistant",
    "observation",
    "channel",
    "message",
    "pad",
];

/// Finds all marks in a text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut from = 0;
    while let Some(offset) = text[from..].find(['<', '[', '◁', '&', '＜', '【']) {
        let start = from + offset;
        match mark_at(text, start) {
            Some(token) => {
                from = token.end;
                tokens.push(token);
            }
            None => from = start + text[start..].chars().next().map_or(1, char::len_utf8),
        }
    }
    tokens
}

/// Reads the mark at a place in the text.
fn mark_at(text: &str, start: usize) -> Option<Token> {
    let rest = &text[start..];
    let (open, close) = BRACKETS.iter().find(|(open, _)| rest.starts_with(open))?;
    let inner = &rest[open.len()..];
    let mut limit = inner.len().min(MAX_MARK);
    while !inner.is_char_boundary(limit) {
        limit -= 1;
    }
    let length = inner[..limit].find(close)?;
    let mark = classify(&inner[..length], matches!(*open, "[" | "【"))?;
    Some(Token { mark, start, end: start + open.len() + length + close.len() })
}

/// Returns the meaning of what is between two brackets; `None` if it is not a mark.
fn classify(inner: &str, is_square: bool) -> Option<Mark> {
    let bars = ['|', '｜'];
    let inner = inner.trim();
    let (starts_with_bar, ends_with_bar) = (inner.starts_with(bars), inner.ends_with(bars));
    let inner = inner.trim_matches(bars).trim();
    let is_closing = inner.starts_with(['/', '\\']);
    let is_empty_element = !is_closing && inner.ends_with('/');
    let inner = inner.trim_matches(['/', '\\']).trim();
    let (name, attributes) = match inner.split_once(char::is_whitespace) {
        // Only tags have attributes. Other marks have spaces in their names.
        Some(parts) if !is_square && !starts_with_bar => parts,
        _ => (inner, ""),
    };
    // A namespace before a colon, as in `seed:think`, says whose mark it is.
    let name = name.rsplit(':').next().unwrap_or_default();
    let is_separator = |c: &char| matches!(c, '_' | '-' | '▁' | ' ' | '|');
    let plain: String =
        name.chars().filter(|c| !is_separator(c)).flat_map(char::to_lowercase).collect();
    if plain.is_empty() || !plain.chars().all(char::is_alphanumeric) {
        return None;
    }
    let mark = named_mark(&plain, is_closing, attributes);
    if is_empty_element {
        return mark.map(|_| Mark::Other);
    }
    match (starts_with_bar, ends_with_bar) {
        _ if is_square => mark.filter(|mark| is_square_mark(&plain, *mark, is_closing)),
        // Gemma writes `<|channel>thought … <channel|>`.
        (true, false) if plain == "channel" => Some(Mark::ReasoningStart),
        (false, true) if plain == "channel" => Some(Mark::ReasoningEnd),
        (true, true) => Some(mark.unwrap_or(Mark::Other)),
        _ => mark.filter(|_| !NEEDS_BARS.contains(&plain.as_str())),
    }
}

/// Whether a mark in square brackets is one. A story may have something else there.
fn is_square_mark(plain: &str, mark: Mark, is_closing: bool) -> bool {
    match mark {
        Mark::ReasoningStart => {
            ["think", "reason", "思考"].iter().any(|start| plain.starts_with(start))
        }
        Mark::ReasoningEnd => is_closing || plain.contains("think"),
        _ => ["inst", "eos", "bos", "gmask", "endoftext"].contains(&plain),
    }
}

/// Whether a name without separators, such as `innerthoughts`, is one of reasoning.
pub(super) fn is_reasoning(plain: &str) -> bool {
    plain == "cot" || REASONING.iter().any(|part| plain.contains(part))
}

/// Returns the meaning of a mark's name.
fn named_mark(plain: &str, is_closing: bool, attributes: &str) -> Option<Mark> {
    let (is_start, is_end, subject) = boundary(plain);
    let is_closing = is_closing || is_end;
    if is_reasoning(plain) {
        return Some(if is_closing { Mark::ReasoningEnd } else { Mark::ReasoningStart });
    }
    if ANSWER.contains(&plain) || (is_start || is_end) && ANSWER.contains(&subject) {
        return Some(if is_closing { Mark::AnswerEnd } else { Mark::AnswerStart });
    }
    match plain {
        // MedGemma's tokens.
        "unused94" => Some(Mark::ReasoningStart),
        "unused95" => Some(Mark::ReasoningEnd),
        // Open WebUI shows reasoning in a section that can be unfolded.
        "details" if is_closing => Some(Mark::SectionEnd),
        "details" if attributes.contains("reasoning") || attributes.is_empty() => {
            Some(Mark::ReasoningStart)
        }
        "channel" => Some(Mark::Channel),
        "message" => Some(Mark::Message),
        "s" if is_closing => Some(Mark::TurnEnd),
        "s" | "bos" | "sop" | "pad" | "unk" | "inst" | "gmask" | "endheaderid" | "beginoftext" => {
            Some(Mark::Other)
        }
        _ if TURN_ENDS.contains(&plain) => Some(Mark::TurnEnd),
        _ if TURN_STARTS.contains(&plain) => Some(Mark::TurnStart),
        _ => None,
    }
}

/// Splits names such as `beginofthought` and `endthinking` into whether they start or end something, and what.
fn boundary(plain: &str) -> (bool, bool, &str) {
    let after = |prefixes: &[&str]| prefixes.iter().find_map(|prefix| plain.strip_prefix(prefix));
    let before = |suffixes: &[&str]| suffixes.iter().find_map(|suffix| plain.strip_suffix(suffix));
    if let Some(subject) = after(&["beginof", "startof", "begin", "start"]) {
        (true, false, subject)
    } else if let Some(subject) = after(&["endof", "end"]) {
        (false, true, subject)
    } else if let Some(subject) = before(&["start", "begin"]) {
        (true, false, subject)
    } else if let Some(subject) = before(&["end"]) {
        (false, true, subject)
    } else {
        (false, false, plain)
    }
}
