//! Azure's image analysis: captions, objects, people and text in an image. Versions 3.2 and 4 of the API have different
//! response formats; both are parsed into [`ImageAnalysis`].

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::header::CONTENT_TYPE;
use secrecy::SecretString;
use serde_json::Value;

use super::{
    CallContext, Failure, ModelResponse, Provider, ProviderClient, Usage, VisionModel,
    VisionRequest, provider_client,
};
use crate::domain::ImageAnalysis;

/// The provider's name in the registry and in model configurations.
pub const NAME: &str = "azure";

/// The API key's name in client configurations.
const KEY_NAME: &str = "azure_api_key";

/// The model name that selects version 3.2 of the API.
const LEGACY_VERSION: &str = "v3.2";

/// The confidence, from 0 to 1, below which a result is ignored.
const MIN_CONFIDENCE: f64 = 0.5;

/// Creates the provider. `host` is the host or the URL of the Azure resource.
#[must_use]
pub fn provider(client: ProviderClient, host: Option<&str>, key: Option<SecretString>) -> Provider {
    let base_url = host.map(|host| {
        let host = host.trim_end_matches('/');
        if host.contains("://") { host.to_owned() } else { format!("https://{host}") }
    });
    let azure = Arc::new(Azure { client, base_url, key });
    Provider { display_name: "Azure", vision: Some(azure), ..Provider::default() }
}

struct Azure {
    client: ProviderClient,
    /// The URL of the Azure resource; `None` if it is not configured.
    base_url: Option<String>,
    key: Option<SecretString>,
}

#[async_trait]
impl VisionModel for Azure {
    async fn describe_image(
        &self,
        call: &CallContext<'_>,
        request: &VisionRequest,
    ) -> Result<ModelResponse<ImageAnalysis>, Failure> {
        let base_url = self.base_url.as_ref().ok_or(Failure::NotConfigured)?;
        let key = call.key(KEY_NAME, self.key.as_ref())?;
        let is_legacy = call.model.name == LEGACY_VERSION;
        let path = if is_legacy {
            "vision/v3.2/analyze?visualFeatures=Description,Objects,Tags&language=en"
        } else {
            "computervision/imageanalysis:analyze?api-version=2024-02-01&features=caption,objects,people,read,tags&language=en"
        };
        let http_request = self
            .client
            .post(&format!("{base_url}/{path}"))
            .header("ocp-apim-subscription-key", provider_client::secret_header("", key)?)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(self.client.jpeg(request).await?);
        let response = self.client.fetch_json(http_request).await?;
        let analysis = if is_legacy { parse_v3(&response) } else { parse_v4(&response) };
        if analysis.description.is_empty() && analysis.things.is_empty() && analysis.tags.is_empty()
        {
            return Err(Failure::invalid_response("it describes nothing"));
        }
        Ok(ModelResponse::new(analysis, Usage { images: 1, ..Usage::default() }))
    }
}

/// Returns the texts at `pointer` in the entries of `list`, without those below [`MIN_CONFIDENCE`]; at most 12.
fn confident_texts(response: &Value, list: &str, pointer: &str) -> Vec<String> {
    let entries = response.pointer(list).and_then(Value::as_array).into_iter().flatten();
    let confident = entries.filter(|entry| {
        let confidence = entry.get("confidence").or_else(|| entry.pointer("/tags/0/confidence"));
        confidence.and_then(Value::as_f64).is_none_or(|confidence| confidence >= MIN_CONFIDENCE)
    });
    let texts = confident.filter_map(|entry| entry.pointer(pointer)?.as_str());
    texts.map(str::to_owned).take(12).collect()
}

fn parse_v3(response: &Value) -> ImageAnalysis {
    let caption = response.pointer("/description/captions/0/text").and_then(Value::as_str);
    ImageAnalysis {
        description: sentence(caption.unwrap_or_default()),
        things: confident_texts(response, "/objects", "/object"),
        tags: confident_texts(response, "/tags", "/name"),
        ..ImageAnalysis::default()
    }
}

fn parse_v4(response: &Value) -> ImageAnalysis {
    let caption = response.pointer("/captionResult/text").and_then(Value::as_str);
    let people = response.pointer("/peopleResult/values").and_then(Value::as_array);
    let people = people.into_iter().flatten().filter(|person| {
        person
            .get("confidence")
            .and_then(Value::as_f64)
            .is_some_and(|confidence| confidence >= MIN_CONFIDENCE)
    });
    let people = match people.count() {
        0 => Vec::new(),
        1 => vec!["a person".to_owned()],
        count => vec![format!("{count} people")],
    };
    let blocks = response.pointer("/readResult/blocks").and_then(Value::as_array);
    let texts =
        blocks.into_iter().flatten().flat_map(|block| confident_texts(block, "/lines", "/text"));
    ImageAnalysis {
        description: sentence(caption.unwrap_or_default()),
        things: confident_texts(response, "/objectsResult/values", "/tags/0/name"),
        people,
        texts: texts.take(12).collect(),
        tags: confident_texts(response, "/tagsResult/values", "/name"),
        ..ImageAnalysis::default()
    }
}

/// Turns a caption into a sentence.
fn sentence(caption: &str) -> String {
    let mut letters = caption.trim().chars();
    match letters.next() {
        Some(first) => {
            let text: String = first.to_uppercase().chain(letters).collect();
            if text.ends_with('.') { text } else { text + "." }
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_versions_are_read_into_one_shape() {
        let old = json!({
            "description": {"tags": ["boat"], "captions": [{"text": "a red boat on a beach", "confidence": 0.5}]},
            "objects": [{"rectangle": {"x": 1}, "object": "boat", "confidence": 0.8}, {"object": "cloud", "confidence": 0.2}],
            "tags": [{"name": "sky", "confidence": 0.99}, {"name": "whale", "confidence": 0.1}],
            "requestId": "1", "metadata": {"height": 1, "width": 1, "format": "Jpeg"},
        });
        let new = json!({
            "modelVersion": "2023-10-01",
            "captionResult": {"text": "a red boat on a beach", "confidence": 0.7},
            "objectsResult": {"values": [{"boundingBox": {"x": 1}, "tags": [{"name": "boat", "confidence": 0.8}]}]},
            "peopleResult": {"values": [{"boundingBox": {}, "confidence": 0.9}, {"boundingBox": {}, "confidence": 0.01}]},
            "readResult": {"blocks": [{"lines": [{"text": "ESPERANZA"}, {"text": "1961"}]}]},
            "tagsResult": {"values": [{"name": "sky", "confidence": 0.99}]},
        });
        let (old, new) = (parse_v3(&old), parse_v4(&new));
        for analysis in [&old, &new] {
            assert_eq!(analysis.description, "A red boat on a beach.");
            assert_eq!(
                (&analysis.things, &analysis.tags),
                (&vec!["boat".to_owned()], &vec!["sky".to_owned()])
            );
        }
        assert_eq!(new.texts, ["ESPERANZA", "1961"]);
        assert_eq!(new.people, ["a person"]);
    }
}
