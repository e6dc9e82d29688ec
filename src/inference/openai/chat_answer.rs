//! Reads the answers of completions, as compatible servers really write them.

use serde_json::Value;

use crate::inference::cut_text::{self, truncate};
use crate::inference::{Failure, Usage, reasoning, usage};

/// The longest answer with its reasoning, in bytes. The rest is not read.
const MAX_ANSWER: usize = 512 << 10;

/// The names of the reason why an answer ended at its limit of tokens, in lower case.
const LIMIT_REASONS: [&str; 6] =
    ["length", "max_tokens", "max_output_tokens", "max_completion_tokens", "model_length", "limit"];

/// What a model wrote.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Completion {
    /// The text, with the reasoning that may be in it.
    text: String,
    /// Whether the answer ended at its limit of tokens.
    is_cut: bool,
    /// Whether the server returned reasoning in a field of its own.
    has_reasoning: bool,
    /// The most tokens that the model was allowed to write.
    limit: u64,
    pub(super) usage: Usage,
}

impl Completion {
    /// Reads the first choice of a response.
    pub(super) fn parse(response: &Value, limit: u64) -> Result<Self, Failure> {
        let choice = first_choice(response)?;
        let reason = ["finish_reason", "finishReason", "stop_reason", "done_reason", "stop_type"]
            .iter()
            .find_map(|name| choice.get(*name)?.as_str())
            .map(str::to_ascii_lowercase);
        let message = choice.get("message").or_else(|| choice.get("delta")).unwrap_or(choice);
        let refusal = message.get("refusal").and_then(Value::as_str);
        let is_filtered = reason.as_deref().is_some_and(|reason| {
            ["content_filter", "safety", "refusal", "prohibited_content"].contains(&reason)
        });
        if is_filtered || refusal.is_some_and(|words| !words.is_empty()) {
            return Err(Failure::ContentRefused);
        }
        let content = ["content", "text", "response", "output_text"]
            .iter()
            .find_map(|name| message.get(*name).or_else(|| choice.get(*name)))
            .unwrap_or(&Value::Null);
        let text = content_text(content)?;
        let usage = usage::tokens(response);
        let is_cut = reason.map_or(usage.output_tokens >= limit, |reason| {
            LIMIT_REASONS.contains(&reason.as_str())
        });
        let has_reasoning = ["reasoning_content", "reasoning", "thinking"].iter().any(|name| {
            message.get(*name).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
        });
        Ok(Self { text, is_cut, has_reasoning, limit, usage })
    }

    /// Returns the text for readers: without reasoning, and up to its last whole sentence if it was cut.
    pub(super) fn into_prose(self) -> Result<String, Failure> {
        self.check()?;
        let text = cut_text::bounded_prose(reasoning::strip_all(&self.text));
        Ok(if self.is_cut { cut_text::end_at_sentence(&text) } else { text })
    }

    /// Returns the text in which an object is looked for.
    pub(super) fn json_text(&self) -> Result<&str, Failure> {
        // Marks of reasoning within an object do not divide the text.
        let text = self.text.trim();
        if text.starts_with('{') {
            return Ok(text);
        }
        self.check()?;
        Ok(reasoning::strip(text).text)
    }

    /// Fails if there is nothing for readers.
    fn check(&self) -> Result<(), Failure> {
        let answer = reasoning::strip(&self.text);
        if self.is_cut && (answer.is_unfinished || answer.text.is_empty()) {
            return Err(Failure::OutOfTokens { limit: self.limit });
        }
        if answer.text.is_empty() {
            let has_reasoning = self.has_reasoning || !self.text.trim().is_empty();
            let reason = if has_reasoning { "it has only reasoning" } else { "it is empty" };
            return Err(Failure::invalid_response(reason));
        }
        Ok(())
    }
}

/// Returns the first choice; a response without choices is one itself.
fn first_choice(response: &Value) -> Result<&Value, Failure> {
    if let Some(choice) = response.pointer("/choices/0") {
        return Ok(choice);
    }
    let has_answer = ["message", "content", "response", "output_text"]
        .iter()
        .any(|name| response.get(*name).is_some_and(|value| !value.is_null()));
    if has_answer && response.get("choices").is_none() {
        return Ok(response);
    }
    Err(Failure::invalid_response("it has no choices"))
}

/// Returns the text of a message's content, which is a text or a list of parts. Parts of reasoning are left out.
fn content_text(content: &Value) -> Result<String, Failure> {
    let mut text = String::new();
    let parts = match content {
        Value::Array(parts) => parts.as_slice(),
        other => std::slice::from_ref(other),
    };
    for part in parts {
        let kind = part.get("type").and_then(Value::as_str).unwrap_or("text");
        match kind {
            "refusal" => return Err(Failure::ContentRefused),
            "text" | "output_text" | "message" | "input_text" => {}
            _ => continue,
        }
        if part.get("thought") == Some(&Value::Bool(true)) {
            continue;
        }
        let words = part.as_str().or_else(|| {
            let field = part.get("text").or_else(|| part.get("content"))?;
            field.as_str().or_else(|| field.get("value")?.as_str())
        });
        let words = words.unwrap_or_default();
        text.push_str(truncate(words, MAX_ANSWER.saturating_sub(text.len())));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const STORY: &str = "Once upon a time. The end.";

    fn read(message: &Value, reason: &str) -> Result<String, Failure> {
        let response = json!({"choices": [{"message": message, "finish_reason": reason}]});
        Completion::parse(&response, 600)?.into_prose()
    }

    #[test]
    fn a_refusal_is_told_from_an_answer() {
        let refused = Err(Failure::ContentRefused);
        assert_eq!(read(&json!({"content": null, "refusal": "I cannot."}), "stop"), refused);
        assert_eq!(
            read(&json!({"content": [{"type": "refusal", "refusal": "No."}]}), "stop"),
            refused
        );
        assert_eq!(read(&json!({"content": "On"}), "content_filter"), refused);
        let empty = Err(Failure::invalid_response("it is empty"));
        assert_eq!(read(&json!({"content": "", "refusal": ""}), "stop"), empty);
        assert_eq!(read(&json!({"content": null}), "stop"), empty);
        assert!(Completion::parse(&json!({"choices": []}), 600).is_err());
        assert!(Completion::parse(&json!({}), 600).is_err());
    }

    #[test]
    fn content_may_be_a_list_of_parts() {
        let text = json!({"type": "text", "text": STORY});
        let contents = [
            json!(STORY),
            json!([text]),
            json!([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}, text]),
            json!([{"type": "reasoning", "text": "Hm"}, {"type": "output_text", "text": STORY}]),
            json!([{"text": "Hm", "thought": true}, {"text": STORY}]),
            json!([{"type": "text", "text": "Once upon"}, {"type": "text", "text": " a time. The end."}]),
            json!([{"type": "text", "text": {"value": STORY, "annotations": []}}]),
            json!(["Once upon ", "a time. The end."]),
            json!({"type": "text", "text": STORY}),
        ];
        for content in contents {
            let message = json!({"content": content, "reasoning_content": "Hm"});
            assert_eq!(read(&message, "stop").as_deref(), Ok(STORY), "{content}");
        }
        for response in [
            json!({"message": {"content": STORY}, "done_reason": "stop"}),
            json!({"content": [{"type": "text", "text": STORY}]}),
            json!({"response": STORY}),
            json!({"choices": [{"text": STORY}]}),
        ] {
            let read = Completion::parse(&response, 600).and_then(Completion::into_prose);
            assert_eq!(read.as_deref(), Ok(STORY), "{response}");
        }
    }

    #[test]
    fn reasoning_alone_is_no_answer() {
        let out = Err(Failure::OutOfTokens { limit: 600 });
        assert_eq!(read(&json!({"content": "", "reasoning_content": "Hm"}), "length"), out);
        assert_eq!(read(&json!({"content": null}), "MAX_TOKENS"), out);
        assert_eq!(read(&json!({"content": "<think>Hm, the user"}), "length"), out);
        assert_eq!(read(&json!({"content": "Sure.<think>Hm, the user"}), "length"), out);
        let only = Err(Failure::invalid_response("it has only reasoning"));
        assert_eq!(read(&json!({"content": "", "reasoning": "Hm"}), "stop"), only);
        assert_eq!(read(&json!({"content": "<think>Hm</think>"}), "stop"), only);
        // Without a reason, the number of tokens shows that the limit was reached.
        let response =
            json!({"choices": [{"message": {"content": ""}}], "usage": {"completion_tokens": 600}});
        assert_eq!(Completion::parse(&response, 600).and_then(Completion::into_prose), out);
    }

    #[test]
    fn a_text_that_was_cut_ends_at_a_sentence() {
        let read = |content: &str| read(&json!({"content": content}), "length");
        assert_eq!(read("The fox ran. It saw th").as_deref(), Ok("The fox ran."));
        assert_eq!(read("The fox ran by th").as_deref(), Ok("The fox ran by…"));
    }

    #[test]
    fn an_endless_text_is_cut() {
        let text = "The fox ran on. ".repeat(2_000_000);
        let read = read(&json!({"content": text}), "stop").expect("a text");
        assert!(read.len() <= 32 << 10 && read.ends_with("on."), "{}", read.len());
    }
}
