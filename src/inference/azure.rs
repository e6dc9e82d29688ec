//! Azure's image analysis: captions, objects, people and writing in a picture. Its versions 3.2 and 4 answer in
//! different shapes, which are read into one.

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

/// Its name in the registry and in model configurations.
pub const NAME: &str = "azure";

/// The key's name in configurations of clients.
const KEY_NAME: &str = "azure_api_key";

/// The model name that stands for the older version.
const LEGACY_VERSION: &str = "v3.2";

/// Below this, it guesses.
const MIN_CONFIDENCE: f64 = 0.5;

/// The provider's capabilities.
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
    /// The resource's own address.
    base_url: Option<String>,
    key: Option<SecretString>,
}

#[async_trait]
impl VisionModel for Azure {
    async fn describe_image(
        &self,
        call: &CallContext<'_>,
        ask: &VisionRequest,
    ) -> Result<ModelResponse<ImageAnalysis>, Failure> {
        let address = self.base_url.as_ref().ok_or(Failure::NotConfigured)?;
        let key = call.key(KEY_NAME, self.key.as_ref())?;
        let is_old = call.model.name == LEGACY_VERSION;
        let path = if is_old {
            "vision/v3.2/analyze?visualFeatures=Description,Objects,Tags&language=en"
        } else {
            "computervision/imageanalysis:analyze?api-version=2024-02-01&features=caption,objects,people,read,tags&language=en"
        };
        let request = self
            .client
            .post(&format!("{address}/{path}"))
            .header("ocp-apim-subscription-key", provider_client::secret_header("", key)?)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(self.client.encode_jpeg(&ask.picture).await?);
        let answer = self.client.fetch_json(request).await?;
        let sight = if is_old { parse_v3(&answer) } else { parse_v4(&answer) };
        if sight.description.is_empty() && sight.things.is_empty() && sight.tags.is_empty() {
            return Err(Failure::invalid_response("it names nothing"));
        }
        Ok(ModelResponse::new(sight, Usage { images: 1, ..Usage::default() }))
    }
}

/// Texts found at a place below each entry of a list, those that it is sure of.
fn confident_texts(answer: &Value, list: &str, place: &str) -> Vec<String> {
    let entries = answer.pointer(list).and_then(Value::as_array).into_iter().flatten();
    let sure = entries.filter(|entry| {
        let confidence = entry.get("confidence").or_else(|| entry.pointer("/tags/0/confidence"));
        confidence.and_then(Value::as_f64).is_none_or(|confidence| confidence >= MIN_CONFIDENCE)
    });
    let texts = sure.filter_map(|entry| entry.pointer(place)?.as_str());
    texts.map(str::to_owned).take(12).collect()
}

fn parse_v3(answer: &Value) -> ImageAnalysis {
    let caption = answer.pointer("/description/captions/0/text").and_then(Value::as_str);
    ImageAnalysis {
        description: sentence(caption.unwrap_or_default()),
        things: confident_texts(answer, "/objects", "/object"),
        tags: confident_texts(answer, "/tags", "/name"),
        ..ImageAnalysis::default()
    }
}

fn parse_v4(answer: &Value) -> ImageAnalysis {
    let caption = answer.pointer("/captionResult/text").and_then(Value::as_str);
    let people = answer.pointer("/peopleResult/values").and_then(Value::as_array);
    let people = people.into_iter().flatten().filter(|person| {
        person.get("confidence").and_then(Value::as_f64).is_some_and(|sure| sure >= MIN_CONFIDENCE)
    });
    let people = match people.count() {
        0 => Vec::new(),
        1 => vec!["a person".to_owned()],
        count => vec![format!("{count} people")],
    };
    let blocks = answer.pointer("/readResult/blocks").and_then(Value::as_array);
    let texts =
        blocks.into_iter().flatten().flat_map(|block| confident_texts(block, "/lines", "/text"));
    ImageAnalysis {
        description: sentence(caption.unwrap_or_default()),
        things: confident_texts(answer, "/objectsResult/values", "/tags/0/name"),
        people,
        texts: texts.take(12).collect(),
        tags: confident_texts(answer, "/tagsResult/values", "/name"),
        ..ImageAnalysis::default()
    }
}

/// A caption as a sentence.
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
        for sight in [&old, &new] {
            assert_eq!(sight.description, "A red boat on a beach.");
            assert_eq!(
                (&sight.things, &sight.tags),
                (&vec!["boat".to_owned()], &vec!["sky".to_owned()])
            );
        }
        assert_eq!(new.texts, ["ESPERANZA", "1961"]);
        assert_eq!(new.people, ["a person"]);
    }
}
