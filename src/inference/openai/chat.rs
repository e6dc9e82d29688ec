//! Prose, JSON and sight: chat completions, and the older completions where a model has those only.

use std::sync::PoisonError;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::OpenAi;
use crate::domain::Sight;
use crate::inference::minds::SIGHT_TOKENS;
use crate::inference::{
    Answer, Call, Failure, StructuredAsk, StructuredModel, TextAsk, TextModel, Usage, Variant,
    VisionAsk, VisionModel, shape, sight,
};

/// How a server is brought to answer with JSON: the first that it accepts, from the strictest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// By a schema that it keeps to.
    Schema,
    /// By a mode that makes it write some object.
    Mode,
    /// By the words of the prompt alone.
    Words,
}

impl Manner {
    const ALL: [Self; 3] = [Self::Schema, Self::Mode, Self::Words];

    fn response_format(self, schema: &Value) -> Option<Value> {
        match self {
            Self::Schema => Some(json!({"type": "json_schema", "json_schema":
                {"name": "answer", "strict": true, "schema": schema}})),
            // OpenAI's mode has no schema; servers on llama.cpp take one here and keep to it.
            Self::Mode => Some(json!({"type": "json_object", "schema": schema})),
            Self::Words => None,
        }
    }
}

/// What is put before a model.
#[derive(Debug, Clone, Copy)]
struct Question<'a> {
    prompt: &'a str,
    /// A `data:` URL.
    picture: Option<&'a str>,
    most_tokens: u64,
}

#[async_trait]
impl TextModel for OpenAi {
    async fn text(&self, call: &Call<'_>, ask: &TextAsk) -> Result<Answer<String>, Failure> {
        let most_tokens = ask.most_tokens;
        self.write(call, &Question { prompt: &ask.prompt, picture: None, most_tokens }, None).await
    }
}

#[async_trait]
impl StructuredModel for OpenAi {
    async fn structured(
        &self,
        call: &Call<'_>,
        ask: &StructuredAsk,
    ) -> Result<Answer<Value>, Failure> {
        let most_tokens = ask.most_tokens;
        let question = Question { prompt: &ask.prompt, picture: None, most_tokens };
        self.object(call, question, &ask.schema).await
    }
}

#[async_trait]
impl VisionModel for OpenAi {
    async fn see(&self, call: &Call<'_>, ask: &VisionAsk) -> Result<Answer<Sight>, Failure> {
        let picture = self.wire.data_url(&ask.picture).await?;
        let picture = Some(picture.as_str());
        let question = Question { prompt: &ask.prompt, picture, most_tokens: SIGHT_TOKENS };
        let seen = self.object(call, question, &sight::schema()).await?;
        let Answer { value, usage, .. } = seen;
        Ok(Answer::new(sight::read(&value)?, usage))
    }
}

impl OpenAi {
    /// An object of the schema's shape, asked for in the manner that the model is known to have or is found to have.
    async fn object(
        &self,
        call: &Call<'_>,
        question: Question<'_>,
        schema: &Value,
    ) -> Result<Answer<Value>, Failure> {
        let known = self.manner(&call.model.name);
        let manners = Manner::ALL.iter().copied();
        let mut failure = Failure::Incapable;
        for manner in manners.filter(|manner| known.is_none_or(|known| known == *manner)) {
            let prompt = match manner {
                Manner::Schema => question.prompt.to_owned(),
                _ => format!("{}\n\n{}", question.prompt, shape::in_words(schema)),
            };
            let question = Question { prompt: &prompt, ..question };
            let format = manner.response_format(schema);
            match self.write(call, &question, format).await {
                Ok(Answer { value, usage, .. }) => {
                    self.learn(&call.model.name, manner);
                    let object = shape::read_out(&value)
                        .ok_or_else(|| Failure::unusable("there is no JSON object in it"))?;
                    return Ok(Answer::new(shape::conform(&object, schema)?, usage));
                }
                Err(refused) if is_about_manner(&refused) => failure = refused,
                Err(other) => return Err(other),
            }
        }
        Err(failure)
    }

    /// What the model writes after a prompt.
    async fn write(
        &self,
        call: &Call<'_>,
        question: &Question<'_>,
        response_format: Option<Value>,
    ) -> Result<Answer<String>, Failure> {
        let Question { prompt, picture, most_tokens } = *question;
        let is_chat = call.model.variant != Variant::Completion;
        let (path, mut body) = if is_chat {
            let content = match picture {
                None => json!(prompt),
                Some(url) => json!([{"type": "text", "text": prompt},
                    {"type": "image_url", "image_url": {"url": url}}]),
            };
            let messages = json!([{"role": "user", "content": content}]);
            ("chat/completions", json!({"model": call.model.name, "messages": messages}))
        } else if picture.is_some() {
            return Err(Failure::Incapable);
        } else {
            ("completions", json!({"model": call.model.name, "prompt": prompt}))
        };
        let limit =
            if self.is_official && is_chat { "max_completion_tokens" } else { "max_tokens" };
        body[limit] = json!(call.model.most_tokens(most_tokens));
        if let Some(format) = response_format.filter(|_| is_chat) {
            body["response_format"] = format;
        }
        written(&self.ask(call, path, body).await?)
    }

    fn manner(&self, model: &str) -> Option<Manner> {
        self.manners.lock().unwrap_or_else(PoisonError::into_inner).get(model).copied()
    }

    fn learn(&self, model: &str, manner: Manner) {
        let mut manners = self.manners.lock().unwrap_or_else(PoisonError::into_inner);
        manners.insert(model.to_owned(), manner);
    }
}

/// Whether a server may only not know the manner in which it was asked. Some fail over it instead of refusing it.
fn is_about_manner(failure: &Failure) -> bool {
    match failure {
        Failure::Rejected(_) => true,
        Failure::Unavailable { reason, .. } => reason.contains("response_format"),
        _ => false,
    }
}

/// The text of the first choice.
fn written(answer: &Value) -> Result<Answer<String>, Failure> {
    let choice =
        answer.pointer("/choices/0").ok_or_else(|| Failure::unusable("it has no choices"))?;
    let filtered = choice.get("finish_reason").and_then(Value::as_str) == Some("content_filter");
    let refusal = choice.pointer("/message/refusal").and_then(Value::as_str);
    if filtered || refusal.is_some_and(|words| !words.is_empty()) {
        return Err(Failure::Refused);
    }
    let text = choice.pointer("/message/content").or_else(|| choice.get("text"));
    let text = text.and_then(Value::as_str).map(without_thoughts).unwrap_or_default();
    if text.is_empty() {
        return Err(Failure::unusable("it is empty"));
    }
    let tokens = |name: &str| answer.pointer(&format!("/usage/{name}")).and_then(Value::as_u64);
    let usage = Usage {
        input_tokens: tokens("prompt_tokens").unwrap_or_default(),
        output_tokens: tokens("completion_tokens").unwrap_or_default(),
        ..Usage::default()
    };
    Ok(Answer::new(text.to_owned(), usage))
}

/// What follows the thoughts that some local models put before their answers.
fn without_thoughts(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix("<think>") {
        Some(thoughts) => thoughts.split_once("</think>").map_or("", |(_, rest)| rest.trim()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_are_left_out() {
        assert_eq!(without_thoughts("<think>Hm.</think>\n\nOnce."), "Once.");
        assert_eq!(without_thoughts("<think>Hm."), "");
        assert_eq!(without_thoughts(" Once. "), "Once.");
    }

    #[test]
    fn a_refusal_is_told_from_an_answer() {
        let said = |message: Value| written(&json!({"choices": [{"message": message}]}));
        assert_eq!(said(json!({"content": null, "refusal": "I cannot."})), Err(Failure::Refused));
        assert_eq!(
            said(json!({"content": "Once.", "refusal": null})).map(|a| a.value),
            Ok("Once.".to_owned())
        );
        assert_eq!(said(json!({"content": ""})), Err(Failure::unusable("it is empty")));
        assert!(written(&json!({"choices": []})).is_err());
        let filtered = json!({"choices": [{"finish_reason": "content_filter", "text": "On"}]});
        assert_eq!(written(&filtered), Err(Failure::Refused));
    }
}
