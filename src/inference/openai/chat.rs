//! Text, structured output and image description, by chat completions or, for models that support nothing else, by the
//! older completions.

use async_openai::types::chat::{
    ChatCompletionRequestMessage, ChatCompletionRequestMessageContentPartImage as ImagePart,
    ChatCompletionRequestMessageContentPartText as TextPart, ChatCompletionRequestUserMessage,
    ChatCompletionRequestUserMessageContent as UserContent,
    ChatCompletionRequestUserMessageContentPart as Part, CreateChatCompletionRequest, ImageUrl,
    Prompt, ResponseFormat,
};
use async_openai::types::completions::CreateCompletionRequest;
use async_trait::async_trait;
use serde_json::Value;

use super::OpenAi;
use super::api::{Endpoint, to_json};
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
            let format = mode.response_format(schema).map(|format| (format, schema));
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

    /// Sends one completion request and reads its answer. The answer is in the form of `response_format`, with this
    /// schema.
    async fn complete(
        &self,
        call: &CallContext<'_>,
        chat_prompt: &ChatPrompt<'_>,
        response_format: Option<(ResponseFormat, &Value)>,
    ) -> Result<Completion, ErrorResponse> {
        let limit = call.model.max_tokens(chat_prompt.max_tokens);
        let is_chat = call.model.variant != ApiVariant::Completion;
        let format = response_format.filter(|_| is_chat);
        let kept = format.as_ref().map(|_| RESPONSE_FORMAT);
        let (endpoint, body) = if is_chat {
            (Endpoint::Chat, self.chat_body(&call.model.name, chat_prompt, limit, format.as_ref())?)
        } else if chat_prompt.picture.is_some() {
            return Err(Failure::Unsupported.into());
        } else {
            let typed = CreateCompletionRequest {
                model: call.model.name.clone(),
                prompt: Prompt::String(chat_prompt.prompt.to_owned()),
                max_tokens: Some(tokens(limit)),
                ..CreateCompletionRequest::default()
            };
            (Endpoint::Completions, to_json(typed)?)
        };
        let body = provider_client::with_parameters(body, &call.model.parameters);
        let response = self.post_adapted(call, endpoint, body, kept).await?;
        Ok(Completion::parse(&response, limit)?)
    }

    /// Builds the request of a chat completion.
    fn chat_body(
        &self,
        model: &str,
        chat_prompt: &ChatPrompt<'_>,
        limit: u64,
        response_format: Option<&(ResponseFormat, &Value)>,
    ) -> Result<Value, Failure> {
        let prompt = chat_prompt.prompt.to_owned();
        let content = match chat_prompt.picture {
            None => UserContent::Text(prompt),
            Some(url) => UserContent::Array(vec![
                Part::Text(TextPart { text: prompt, ..TextPart::default() }),
                Part::ImageUrl(ImagePart {
                    image_url: ImageUrl { url: url.to_owned(), detail: None },
                    ..ImagePart::default()
                }),
            ]),
        };
        let message = ChatCompletionRequestUserMessage { content, name: None };
        let limit = Some(tokens(limit));
        #[expect(deprecated, reason = "most servers know only the older name of the limit")]
        let typed = CreateChatCompletionRequest {
            model: model.to_owned(),
            messages: vec![ChatCompletionRequestMessage::User(message)],
            max_completion_tokens: limit.filter(|_| self.is_official),
            max_tokens: limit.filter(|_| !self.is_official),
            response_format: response_format.map(|(format, _)| format.clone()),
            ..CreateChatCompletionRequest::default()
        };
        let mut body = to_json(typed)?;
        if let Some((ResponseFormat::JsonObject, schema)) = response_format {
            // OpenAI's JSON mode has no schema, but llama.cpp accepts and enforces one here.
            body[RESPONSE_FORMAT]["schema"] = (*schema).clone();
        }
        Ok(body)
    }
}

/// Returns a limit of tokens as requests state it.
fn tokens(limit: u64) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}
