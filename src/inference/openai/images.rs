//! Image generation by `gpt-image-1`, the DALL-E models, and the models of compatible servers.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::OpenAi;
use crate::domain::Size;
use crate::inference::{
    CallContext, Failure, GeneratedImage, ImageModel, ImageRequest, ModelResponse, Usage,
    linked_file,
};

/// The limits of a family of models.
struct ModelFamily {
    /// The supported sizes; empty if every size is supported.
    sizes: &'static [Size],
    /// The longest prompt, in characters.
    max_prompt: usize,
    /// Whether the request must ask for the file itself instead of a URL.
    needs_response_format: bool,
}

const GPT_IMAGE: ModelFamily = ModelFamily {
    sizes: &[Size::new(1024, 1024), Size::new(1536, 1024), Size::new(1024, 1536)],
    max_prompt: 32_000,
    needs_response_format: false,
};
const DALL_E_3: ModelFamily = ModelFamily {
    sizes: &[Size::new(1024, 1024), Size::new(1792, 1024), Size::new(1024, 1792)],
    max_prompt: 4000,
    needs_response_format: true,
};
const DALL_E_2: ModelFamily = ModelFamily {
    sizes: &[Size::new(256, 256), Size::new(512, 512), Size::new(1024, 1024)],
    max_prompt: 1000,
    needs_response_format: true,
};
const OTHER: ModelFamily =
    ModelFamily { sizes: &[], max_prompt: 4000, needs_response_format: true };

impl ModelFamily {
    fn of(model: &str) -> &'static Self {
        match model {
            name if name.starts_with("gpt-image") => &GPT_IMAGE,
            "dall-e-3" => &DALL_E_3,
            "dall-e-2" => &DALL_E_2,
            _ => &OTHER,
        }
    }
}

#[async_trait]
impl ImageModel for OpenAi {
    async fn generate_image(
        &self,
        call: &CallContext<'_>,
        request: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure> {
        let family = ModelFamily::of(&call.model.name);
        let size = request.size.closest_aspect(family.sizes);
        let prompt: String = request.prompt.chars().take(family.max_prompt).collect();
        let mut body = json!({"model": call.model.name, "prompt": prompt, "n": 1,
            "size": format!("{}x{}", size.width, size.height)});
        if family.needs_response_format {
            body["response_format"] = json!("b64_json");
        }
        let response = self.post_json(call, "images/generations", body).await?;
        let bytes = self.image_bytes(&response).await?;
        let tokens =
            |name: &str| response.pointer(&format!("/usage/{name}")).and_then(Value::as_u64);
        let usage = Usage {
            input_tokens: tokens("input_tokens").unwrap_or_default(),
            output_tokens: tokens("output_tokens").unwrap_or_default(),
            images: 1,
            seconds: 0.0,
        };
        Ok(ModelResponse::new(GeneratedImage::Encoded(bytes), usage))
    }
}

impl OpenAi {
    /// Returns the first image of a response, which contains the file or its URL.
    async fn image_bytes(&self, response: &Value) -> Result<Vec<u8>, Failure> {
        let text = |pointer: &str| response.pointer(pointer).and_then(Value::as_str);
        if let Some(encoded) = text("/data/0/b64_json") {
            return self.client.decode_base64(encoded.to_owned()).await;
        }
        let url = text("/data/0/url")
            .ok_or_else(|| Failure::invalid_response("there is no image in it"))?;
        Ok(linked_file::fetch(&self.client, &self.base_url, url).await?.into())
    }
}
