//! Text, structured output and image description, by chat completions or, for models that support nothing else, by the
//! older completions.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::OpenAi;
use super::chat_answer::Completion;
use super::json_mode::{self, JsonMode};
use crate::domain::ImageAnalysis;
use crate::inference::provider_client::{self, ErrorResponse};
use crate::inference::{
    ApiVariant, CallContext, Failure, ModelResponse, StructuredModel, StructuredRequest, TextModel,
    TextRequest, Usage, VisionModel, VisionRequest, image_analysis, structured_output,
};

/// The field that says in which form to answer. The JSON modes change it, so it is not adapted.
const RESPONSE_FORMAT: &str = "response_format";

/// The input of one completion.
#[derive(Debug, Clone, Copy)]
struct ChatPrompt<'a> {
    prompt: &'a str,
    /// The image as a `data:` URL.
    picture: Option<&'a str>,
    max_tokens: u64,
}

/// What a model returned that was asked for an object.
enum ObjectAnswer {
    Object(Value),
    /// A text without an object. If the flag is set, the model will be asked in another way the next time.
    Prose(Completion, bool),
}

#[async_trait]
impl TextModel for OpenAi {
    async fn generate_text(
        &self,
        call: &CallContext<'_>,
        request: &TextRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let max_tokens = request.max_tokens;
        let prompt = ChatPrompt { prompt: &request.prompt, picture: None, max_tokens };
        let completion = self.complete(call, &prompt, None).await?;
        let usage = completion.usage;
        Ok(ModelResponse::new(completion.into_prose()?, usage))
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
        let prompt = ChatPrompt { prompt: &request.prompt, picture: None, max_tokens };
        let (answer, usage) = self.object(call, prompt, &request.schema).await?;
        match answer {
            ObjectAnswer::Object(object) => Ok(ModelResponse::new(object, usage)),
            ObjectAnswer::Prose(..) => {
                Err(Failure::invalid_response("there is no JSON object in it"))
            }
        }
    }
}

#[async_trait]
impl VisionModel for OpenAi {
    async fn describe_image(
        &self,
        call: &CallContext<'_>,
        request: &VisionRequest,
    ) -> Result<ModelResponse<ImageAnalysis>, Failure> {
        let picture = self.client.jpeg_url(request).await?;
        let picture = Some(picture.as_str());
        let prompt =
            ChatPrompt { prompt: &request.prompt, picture, max_tokens: request.max_tokens };
        let (answer, usage) = self.object(call, prompt, &image_analysis::schema()).await?;
        let analysis = match answer {
            ObjectAnswer::Object(object) => image_analysis::parse(&object)?,
            ObjectAnswer::Prose(_, true) => {
                return Err(Failure::invalid_response("there is no JSON object in it"));
            }
            ObjectAnswer::Prose(completion, false) => {
                image_analysis::from_prose(&completion.into_prose()?)?
            }
        };
        Ok(ModelResponse::new(analysis, usage))
    }
}

impl OpenAi {
    /// Generates an object that matches the schema. Uses the JSON mode that the model is known to follow, or tries all
    /// modes that the server accepts, strictest first.
    async fn object(
        &self,
        call: &CallContext<'_>,
        chat_prompt: ChatPrompt<'_>,
        schema: &Value,
    ) -> Result<(ObjectAnswer, Usage), Failure> {
        let model = &call.model.name;
        let mut failure = Failure::Unsupported;
        for mode in self.json_modes.to_try(model) {
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
            let completion = match self.complete(call, &chat_prompt, format).await {
                Ok(completion) => completion,
                Err(rejection) if json_mode::is_rejection(&rejection) => {
                    failure = rejection.failure;
                    continue;
                }
                Err(other) => return Err(other.failure),
            };
            let usage = completion.usage;
            let Some(object) = structured_output::find_object(completion.json_text()?, schema)
            else {
                let is_new_way = self.json_modes.record_other(model, mode);
                return Ok((ObjectAnswer::Prose(completion, is_new_way), usage));
            };
            let object = structured_output::coerce_to_schema(&object, schema)?;
            self.json_modes.record_json(model, mode);
            return Ok((ObjectAnswer::Object(object), usage));
        }
        Err(failure)
    }

    /// Sends one completion request and reads its answer.
    async fn complete(
        &self,
        call: &CallContext<'_>,
        chat_prompt: &ChatPrompt<'_>,
        response_format: Option<Value>,
    ) -> Result<Completion, ErrorResponse> {
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
            return Err(Failure::Unsupported.into());
        } else {
            ("completions", json!({"model": call.model.name, "prompt": prompt}))
        };
        let limit = call.model.max_tokens(max_tokens);
        let name = if self.is_official && is_chat { "max_completion_tokens" } else { "max_tokens" };
        body[name] = json!(limit);
        let format = response_format.filter(|_| is_chat);
        let kept = format.as_ref().map(|_| RESPONSE_FORMAT);
        if let Some(format) = format {
            body[RESPONSE_FORMAT] = format;
        }
        let body = provider_client::with_parameters(body, &call.model.parameters);
        let response = self.post_adapted(call, path, body, kept).await?;
        Ok(Completion::parse(&response, limit)?)
    }
}
