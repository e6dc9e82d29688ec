//! Text, structured output and image description, by chat completions or, for models that support nothing else, by the
//! older completions.

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

/// How a server is made to return JSON. The strictest mode that the server accepts is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonMode {
    /// A schema in the request, which the server enforces.
    Schema,
    /// JSON mode: the server returns some object.
    Object,
    /// Instructions in the prompt alone.
    Prompt,
}

impl JsonMode {
    const ALL: [Self; 3] = [Self::Schema, Self::Object, Self::Prompt];

    fn response_format(self, schema: &Value) -> Option<Value> {
        match self {
            Self::Schema => Some(json!({"type": "json_schema", "json_schema":
                {"name": "answer", "strict": true, "schema": schema}})),
            // OpenAI's JSON mode has no schema, but llama.cpp accepts and enforces one here.
            Self::Object => Some(json!({"type": "json_object", "schema": schema})),
            Self::Prompt => None,
        }
    }
}

/// The input of one completion.
#[derive(Debug, Clone, Copy)]
struct ChatPrompt<'a> {
    prompt: &'a str,
    /// The image as a `data:` URL.
    picture: Option<&'a str>,
    max_tokens: u64,
}

#[async_trait]
impl TextModel for OpenAi {
    async fn generate_text(
        &self,
        call: &CallContext<'_>,
        request: &TextRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let max_tokens = request.max_tokens;
        self.complete(
            call,
            &ChatPrompt { prompt: &request.prompt, picture: None, max_tokens },
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
        request: &StructuredRequest,
    ) -> Result<ModelResponse<Value>, Failure> {
        let max_tokens = request.max_tokens;
        let chat_prompt = ChatPrompt { prompt: &request.prompt, picture: None, max_tokens };
        self.object(call, chat_prompt, &request.schema).await
    }
}

#[async_trait]
impl VisionModel for OpenAi {
    async fn describe_image(
        &self,
        call: &CallContext<'_>,
        request: &VisionRequest,
    ) -> Result<ModelResponse<ImageAnalysis>, Failure> {
        let picture = self.client.data_url(&request.picture).await?;
        let picture = Some(picture.as_str());
        let chat_prompt =
            ChatPrompt { prompt: &request.prompt, picture, max_tokens: MAX_IMAGE_ANALYSIS_TOKENS };
        let response = self.object(call, chat_prompt, &image_analysis::schema()).await?;
        let ModelResponse { value, usage, .. } = response;
        Ok(ModelResponse::new(image_analysis::parse(&value)?, usage))
    }
}

impl OpenAi {
    /// Generates an object that matches the schema. Uses the JSON mode that the model is known to accept, or tries all
    /// modes, strictest first.
    async fn object(
        &self,
        call: &CallContext<'_>,
        chat_prompt: ChatPrompt<'_>,
        schema: &Value,
    ) -> Result<ModelResponse<Value>, Failure> {
        let known_mode = self.json_mode(&call.model.name);
        let modes = JsonMode::ALL.iter().copied();
        let mut failure = Failure::Unsupported;
        for mode in modes.filter(|mode| known_mode.is_none_or(|known_mode| known_mode == *mode)) {
            let prompt = match mode {
                JsonMode::Schema => chat_prompt.prompt.to_owned(),
                _ => {
                    format!(
                        "{}\n\n{}",
                        chat_prompt.prompt,
                        structured_output::describe_schema(schema)
                    )
                }
            };
            let chat_prompt = ChatPrompt { prompt: &prompt, ..chat_prompt };
            let format = mode.response_format(schema);
            match self.complete(call, &chat_prompt, format).await {
                Ok(ModelResponse { value, usage, .. }) => {
                    self.remember_json_mode(&call.model.name, mode);
                    let object = structured_output::extract_object(&value).ok_or_else(|| {
                        Failure::invalid_response("there is no JSON object in it")
                    })?;
                    return Ok(ModelResponse::new(
                        structured_output::coerce_to_schema(&object, schema)?,
                        usage,
                    ));
                }
                Err(rejection) if is_json_mode_rejection(&rejection) => failure = rejection,
                Err(other) => return Err(other),
            }
        }
        Err(failure)
    }

    /// Sends one completion request and returns the text.
    async fn complete(
        &self,
        call: &CallContext<'_>,
        chat_prompt: &ChatPrompt<'_>,
        response_format: Option<Value>,
    ) -> Result<ModelResponse<String>, Failure> {
        let ChatPrompt { prompt, picture, max_tokens } = *chat_prompt;
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
        body[limit] = json!(call.model.max_tokens(max_tokens));
        if let Some(format) = response_format.filter(|_| is_chat) {
            body["response_format"] = format;
        }
        parse_completion(&self.post_json(call, path, body).await?)
    }

    fn json_mode(&self, model: &str) -> Option<JsonMode> {
        self.json_modes.lock().unwrap_or_else(PoisonError::into_inner).get(model).copied()
    }

    fn remember_json_mode(&self, model: &str, mode: JsonMode) {
        let mut modes = self.json_modes.lock().unwrap_or_else(PoisonError::into_inner);
        modes.insert(model.to_owned(), mode);
    }
}

/// Whether a failure may only mean that the server does not support the JSON mode. Some servers report a server error
/// instead of rejecting the request.
fn is_json_mode_rejection(failure: &Failure) -> bool {
    match failure {
        Failure::Rejected(_) => true,
        Failure::Unavailable { reason, .. } => reason.contains("response_format"),
        _ => false,
    }
}

/// Reads the text and the usage of the first choice.
fn parse_completion(response: &Value) -> Result<ModelResponse<String>, Failure> {
    let choice = response
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
    let tokens = |name: &str| response.pointer(&format!("/usage/{name}")).and_then(Value::as_u64);
    let usage = Usage {
        input_tokens: tokens("prompt_tokens").unwrap_or_default(),
        output_tokens: tokens("completion_tokens").unwrap_or_default(),
        ..Usage::default()
    };
    Ok(ModelResponse::new(text.to_owned(), usage))
}

/// Removes the `<think>` section that some local models put before their answers.
fn strip_thinking(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix("<think>") {
        Some(thinking) => thinking.split_once("</think>").map_or("", |(_, rest)| rest.trim()),
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
        let parse_message =
            |message: Value| parse_completion(&json!({"choices": [{"message": message}]}));
        assert_eq!(
            parse_message(json!({"content": null, "refusal": "I cannot."})),
            Err(Failure::ContentRefused)
        );
        assert_eq!(
            parse_message(json!({"content": "Once.", "refusal": null})).map(|a| a.value),
            Ok("Once.".to_owned())
        );
        assert_eq!(
            parse_message(json!({"content": ""})),
            Err(Failure::invalid_response("it is empty"))
        );
        assert!(parse_completion(&json!({"choices": []})).is_err());
        let filtered = json!({"choices": [{"finish_reason": "content_filter", "text": "On"}]});
        assert_eq!(parse_completion(&filtered), Err(Failure::ContentRefused));
    }
}
