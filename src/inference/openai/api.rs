//! The endpoints of OpenAI's API, called by async-openai's client.
//!
//! The client builds each request: its address, headers and body. The [`ProviderClient`] sends it, as the HTTP service of
//! the client, so all bounds and the handling of keys and errors are those of the other providers. The service also
//! parses the answer, because the client would do that on a thread of the async runtime, and would log what it cannot
//! read. So the client itself gets an empty answer.

use std::sync::{Arc, Mutex, PoisonError};

use async_openai::Client;
use async_openai::config::Config;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use async_openai::traits::AsyncTryFrom;
use async_openai::types::InputSource;
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::multipart::{Form, Part};
use secrecy::SecretString;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::http_client::HttpClientError;
use crate::inference::provider_client::{self, ErrorResponse, Expected, Fetched};
use crate::inference::{Failure, ProviderClient};

/// An endpoint that takes a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Chat,
    Completions,
    Embeddings,
    Images,
    Moderations,
    Speech,
}

impl Endpoint {
    /// Returns the endpoint's path below the base URL.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Chat => "chat/completions",
            Self::Completions => "completions",
            Self::Embeddings => "embeddings",
            Self::Images => "images/generations",
            Self::Moderations => "moderations",
            Self::Speech => "audio/speech",
        }
    }
}

/// A server's address and the key for one call.
#[derive(Clone)]
pub(super) struct Target {
    base_url: String,
    authorization: Option<HeaderValue>,
    /// The key is in `authorization`, which is marked as sensitive.
    no_key: SecretString,
}

impl Target {
    pub(super) fn new(base_url: &str, authorization: Option<HeaderValue>) -> Self {
        Self { base_url: base_url.to_owned(), authorization, no_key: SecretString::default() }
    }
}

impl Config for Target {
    fn headers(&self) -> HeaderMap {
        self.authorization.iter().map(|value| (AUTHORIZATION, value.clone())).collect()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base_url
    }

    fn api_key(&self) -> &SecretString {
        &self.no_key
    }
}

/// The sound to transcribe, and the fields of the request.
#[derive(Clone)]
pub(super) struct SoundForm {
    pub(super) fields: Value,
    pub(super) source: InputSource,
    pub(super) media_type: &'static str,
}

impl AsyncTryFrom<SoundForm> for Form {
    type Error = OpenAIError;

    async fn try_from(sound: SoundForm) -> Result<Self, OpenAIError> {
        let InputSource::Bytes { filename, bytes } = sound.source else {
            return Err(OpenAIError::InvalidArgument("the sound is not in memory".to_owned()));
        };
        let length = bytes.len() as u64;
        let part = Part::stream_with_length(bytes, length).file_name(filename);
        let part = part.mime_str(sound.media_type)?;
        Ok(provider_client::add_form_fields(Self::new(), &sound.fields).part("file", part))
    }
}

/// One call of the API.
pub(super) struct ApiCall {
    client: Client<Target>,
    answer: Arc<Mutex<Option<Fetched>>>,
}

impl ApiCall {
    /// Prepares a call whose answer must contain what is expected.
    pub(super) fn new(
        provider_client: &ProviderClient,
        target: Target,
        expected: Expected,
    ) -> Self {
        let answer = Arc::default();
        let client = Client::build(provider_client.http().clone(), target).with_http_service(
            http_service(provider_client.clone(), expected, Arc::clone(&answer)),
        );
        Self { client, answer }
    }

    /// Sends a JSON object to an endpoint.
    pub(super) async fn send(
        self,
        endpoint: Endpoint,
        body: Value,
    ) -> Result<Fetched, ErrorResponse> {
        let client = &self.client;
        let sent: Result<IgnoredAny, OpenAIError> = match endpoint {
            Endpoint::Chat => client.chat().create_byot(body).await,
            Endpoint::Completions => client.completions().create_byot(body).await,
            Endpoint::Embeddings => client.embeddings().create_byot(body).await,
            Endpoint::Images => client.images().generate_byot(body).await,
            Endpoint::Moderations => client.moderations().create_byot(body).await,
            // The only call of this endpoint that takes any object. The empty answer has no events.
            Endpoint::Speech => {
                let audio = client.audio();
                let sent = audio.speech().create_stream_byot::<_, IgnoredAny>(body).await;
                sent.map(|_| IgnoredAny)
            }
        };
        self.finish(sent)
    }

    /// Sends a sound to be transcribed.
    pub(super) async fn transcribe(self, sound: SoundForm) -> Result<Fetched, ErrorResponse> {
        let sent = self.client.audio().transcription().create_byot(sound).await;
        self.finish(sent)
    }

    fn finish(self, sent: Result<IgnoredAny, OpenAIError>) -> Result<Fetched, ErrorResponse> {
        sent.map_err(into_error_response)?;
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.ok_or_else(|| Failure::Internal("the request was not sent".to_owned()).into())
    }
}

/// Returns the service that sends the client's requests and keeps the answer.
fn http_service(
    provider_client: ProviderClient,
    expected: Expected,
    answer: Arc<Mutex<Option<Fetched>>>,
) -> impl tower::Service<
    HttpRequestFactory,
    Response = reqwest::Response,
    Error = OpenAIError,
    Future: Send + 'static,
> + Clone
+ Send
+ Sync
+ 'static {
    tower::service_fn(move |factory: HttpRequestFactory| {
        let (provider_client, answer) = (provider_client.clone(), Arc::clone(&answer));
        async move {
            let request = factory.build().await?;
            let fetched = provider_client.fetch(request, expected).await;
            let fetched = fetched.map_err(|error| OpenAIError::Boxed(Box::new(error)))?;
            *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(fetched);
            Ok(hyper::Response::new(Bytes::from_static(b"null")).into())
        }
    })
}

fn into_error_response(error: OpenAIError) -> ErrorResponse {
    match error {
        OpenAIError::Boxed(error) => match error.downcast::<ErrorResponse>() {
            Ok(error) => *error,
            Err(other) => Failure::Internal(other.to_string()).into(),
        },
        OpenAIError::Reqwest(error) => HttpClientError::from(error).into(),
        _ => Failure::Internal("the request could not be built".to_owned()).into(),
    }
}

/// Serializes a typed request to JSON, which the model's parameters and the server's refusals may change.
pub(super) fn to_json(request: impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(request).map_err(|error| Failure::Internal(error.to_string()))
}
