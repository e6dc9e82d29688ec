//! Prose, JSON and sight: chat completions, and the older completions where a model has those only.

use std::sync::PoisonError;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::OpenAi;
use crate::domain::ImageAnalysis;
use crate::inference::model_session::MAX_IMAGE_ANALYSIS_TOKENS;
use crate::inference::{
    ApiVariant, CallContext, Failure, ModelResponse, StructuredModel, StructuredRequest, TextModel,
    TextRequest, Usage, VisionModel, VisionRequest, image_analysis, structured_output,
};

/// How a server is brought to answer with JSON: the first that it accepts, from the strictest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonMode {
    /// By a schema that it keeps to.
    Schema,
    /// By a mode that makes it write some object.
    Object,
    /// By the words of the prompt alone.
    Prompt,
}

impl JsonMode {
    const ALL: [Self; 3] = [Self::Schema, Self::Object, Self::Prompt];

    fn response_format(self, schema: &Value) -> Option<Value> {
        match self {
            Self::Schema => Some(json!({"type": "json_schema", "json_schema":
                {"name": "answer", "strict": true, "schema": schema}})),
            // OpenAI's mode has no schema; servers on llama.cpp take one here and keep to it.
            Self::Object => Some(json!({"type": "json_object", "schema": schema})),
            Self::Prompt => None,
        }
    }
}

/// What is put before a model.
#[derive(Debug, Clone, Copy)]
struct ChatPrompt<'a> {
    prompt: &'a str,
    /// A `data:` URL.
    picture: Option<&'a str>,
    max_tokens: u64,
}

#[async_trait]
impl TextModel for OpenAi {
    async fn generate_text(
        &self,
        call: &CallContext<'_>,
        ask: &TextRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let most_tokens = ask.max_tokens;
        self.complete(
            call,
            &ChatPrompt { prompt: &ask.prompt, picture: None, max_tokens: most_tokens },
            None,
        )
        .await
    }
}

#[async_trait]
impl StructuredModel for OpenAi {
    async fn generate_structured(
        &self,
        call: &CallContext<'_>,
        ask: &StructuredRequest,
    ) -> Result<ModelResponse<Value>, Failure> {
        let most_tokens = ask.max_tokens;
        let question = ChatPrompt { prompt: &ask.prompt, picture: None, max_tokens: most_tokens };
        self.object(call, question, &ask.schema).await
    }
}

#[async_trait]
impl VisionModel for OpenAi {
    async fn describe_image(
        &self,
        call: &CallContext<'_>,
        ask: &VisionRequest,
    ) -> Result<ModelResponse<ImageAnalysis>, Failure> {
        let picture = self.client.data_url(&ask.picture).await?;
        let picture = Some(picture.as_str());
        let question =
            ChatPrompt { prompt: &ask.prompt, picture, max_tokens: MAX_IMAGE_ANALYSIS_TOKENS };
        let seen = self.object(call, question, &image_analysis::schema()).await?;
        let ModelResponse { value, usage, .. } = seen;
        Ok(ModelResponse::new(image_analysis::parse(&value)?, usage))
    }
}

impl OpenAi {
    /// An object of the schema's shape, asked for in the manner that the model is known to have or is found to have.
    async fn object(
        &self,
        call: &CallContext<'_>,
        question: ChatPrompt<'_>,
        schema: &Value,
    ) -> Result<ModelResponse<Value>, Failure> {
        let known = self.json_mode(&call.model.name);
        let manners = JsonMode::ALL.iter().copied();
        let mut failure = Failure::Unsupported;
        for manner in manners.filter(|manner| known.is_none_or(|known| known == *manner)) {
            let prompt = match manner {
                JsonMode::Schema => question.prompt.to_owned(),
                _ => {
                    format!("{}\n\n{}", question.prompt, structured_output::describe_schema(schema))
                }
            };
            let question = ChatPrompt { prompt: &prompt, ..question };
            let format = manner.response_format(schema);
            match self.complete(call, &question, format).await {
                Ok(ModelResponse { value, usage, .. }) => {
                    self.remember_json_mode(&call.model.name, manner);
                    let object = structured_output::extract_object(&value).ok_or_else(|| {
                        Failure::invalid_response("there is no JSON object in it")
                    })?;
                    return Ok(ModelResponse::new(
                        structured_output::coerce_to_schema(&object, schema)?,
                        usage,
                    ));
                }
                Err(refused) if is_json_mode_rejection(&refused) => failure = refused,
                Err(other) => return Err(other),
            }
        }
        Err(failure)
    }

    /// What the model writes after a prompt.
    async fn complete(
        &self,
        call: &CallContext<'_>,
        question: &ChatPrompt<'_>,
        response_format: Option<Value>,
    ) -> Result<ModelResponse<String>, Failure> {
        let ChatPrompt { prompt, picture, max_tokens: most_tokens } = *question;
        let is_chat = call.model.variant != ApiVariant::Completion;
        let (path, mut body) = if is_chat {
            let content = match picture {
                None => json!(prompt),
                Some(url) => json!([{"type": "text", "text": prompt},
                    {"type": "image_url", "image_url": {"url": url}}]),
            };
            let messages = json!([{"role": "user", "content": content}]);
            ("chat/completions", json!({"model": call.model.name, "messages": messages}))
        } else if picture.is_some() {
            return Err(Failure::Unsupported);
        } else {
            ("completions", json!({"model": call.model.name, "prompt": prompt}))
        };
        let limit =
            if self.is_official && is_chat { "max_completion_tokens" } else { "max_tokens" };
        body[limit] = json!(call.model.max_tokens(most_tokens));
        if let Some(format) = response_format.filter(|_| is_chat) {
            body["response_format"] = format;
        }
        parse_completion(&self.post_json(call, path, body).await?)
    }

    fn json_mode(&self, model: &str) -> Option<JsonMode> {
        self.json_modes.lock().unwrap_or_else(PoisonError::into_inner).get(model).copied()
    }

    fn remember_json_mode(&self, model: &str, manner: JsonMode) {
        let mut manners = self.json_modes.lock().unwrap_or_else(PoisonError::into_inner);
        manners.insert(model.to_owned(), manner);
    }
}

/// Whether a server may only not know the manner in which it was asked. Some fail over it instead of refusing it.
fn is_json_mode_rejection(failure: &Failure) -> bool {
    match failure {
        Failure::Rejected(_) => true,
        Failure::Unavailable { reason, .. } => reason.contains("response_format"),
        _ => false,
    }
}

/// The text of the first choice.
fn parse_completion(answer: &Value) -> Result<ModelResponse<String>, Failure> {
    let choice = answer
        .pointer("/choices/0")
        .ok_or_else(|| Failure::invalid_response("it has no choices"))?;
    let filtered = choice.get("finish_reason").and_then(Value::as_str) == Some("content_filter");
    let refusal = choice.pointer("/message/refusal").and_then(Value::as_str);
    if filtered || refusal.is_some_and(|words| !words.is_empty()) {
        return Err(Failure::ContentRefused);
    }
    let text = choice.pointer("/message/content").or_else(|| choice.get("text"));
    let text = text.and_then(Value::as_str).map(strip_thinking).unwrap_or_default();
    if text.is_empty() {
        return Err(Failure::invalid_response("it is empty"));
    }
    let tokens = |name: &str| answer.pointer(&format!("/usage/{name}")).and_then(Value::as_u64);
    let usage = Usage {
        input_tokens: tokens("prompt_tokens").unwrap_or_default(),
        output_tokens: tokens("completion_tokens").unwrap_or_default(),
        ..Usage::default()
    };
    Ok(ModelResponse::new(text.to_owned(), usage))
}

/// What follows the thoughts that some local models put before their answers.
fn strip_thinking(text: &str) -> &str {
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
        assert_eq!(strip_thinking("<think>Hm.</think>\n\nOnce."), "Once.");
        assert_eq!(strip_thinking("<think>Hm."), "");
        assert_eq!(strip_thinking(" Once. "), "Once.");
    }

    #[test]
    fn a_refusal_is_told_from_an_answer() {
        let said = |message: Value| parse_completion(&json!({"choices": [{"message": message}]}));
        assert_eq!(
            said(json!({"content": null, "refusal": "I cannot."})),
            Err(Failure::ContentRefused)
        );
        assert_eq!(
            said(json!({"content": "Once.", "refusal": null})).map(|a| a.value),
            Ok("Once.".to_owned())
        );
        assert_eq!(said(json!({"content": ""})), Err(Failure::invalid_response("it is empty")));
        assert!(parse_completion(&json!({"choices": []})).is_err());
        let filtered = json!({"choices": [{"finish_reason": "content_filter", "text": "On"}]});
        assert_eq!(parse_completion(&filtered), Err(Failure::ContentRefused));
    }
}
