//! Image generation by `gpt-image-1`, the DALL-E models, and the models of compatible servers.

use async_openai::types::images::{
    CreateImageRequest, ImageModel as ModelName, ImageResponseFormat, ImageSize,
};
use async_trait::async_trait;
use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use serde_json::Value;

use super::OpenAi;
use super::api::{Endpoint, to_json};
use crate::domain::Size;
use crate::inference::{
    CallContext, Failure, GeneratedImage, ImageModel, ImageRequest, ModelResponse, Usage,
    linked_file, usage,
};

/// Where responses contain a file in base64, as JSON pointers.
const ENCODED_FILES: [&str; 6] = [
    "/data/0/b64_json",
    "/data/0/base64",
    "/data/0/image",
    "/images/0/b64_json",
    "/images/0/base64",
    "/images/0",
];

/// Where responses contain the URL of a file, as JSON pointers.
const FILE_URLS: [&str; 6] = [
    "/data/0/url",
    "/data/0/image_url/url",
    "/data/0/image_url",
    "/images/0/url",
    "/data/0",
    "/output/0",
];

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
    /// Returns the family of a model, whose name may have a prefix, as at a proxy, or be part of a deployment's name.
    fn of(model: &str) -> &'static Self {
        let name: String = model.chars().filter(char::is_ascii_alphanumeric).collect();
        let name = name.to_ascii_lowercase();
        let has = |part: &str| name.contains(part);
        if has("gptimage") {
            &GPT_IMAGE
        } else if has("dalle3") {
            &DALL_E_3
        } else if has("dalle2") {
            &DALL_E_2
        } else {
            &OTHER
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
        #[expect(deprecated, reason = "models other than OpenAI's newest return a URL without it")]
        let typed = CreateImageRequest {
            model: ModelName::Other(call.model.name.clone()),
            prompt,
            n: Some(1),
            size: Some(ImageSize::Other(format!("{}x{}", size.width, size.height))),
            response_format: family.needs_response_format.then_some(ImageResponseFormat::B64Json),
            ..CreateImageRequest::default()
        };
        let response = self.post_json(call, Endpoint::Images, to_json(typed)?).await?;
        let bytes = self.image_bytes(call, &response).await?;
        let usage = Usage { images: 1, ..usage::tokens(&response) };
        Ok(ModelResponse::new(GeneratedImage::Encoded(bytes), usage))
    }
}

impl OpenAi {
    /// Returns the first image of a response, which contains the file or its URL.
    async fn image_bytes(
        &self,
        call: &CallContext<'_>,
        response: &Value,
    ) -> Result<Vec<u8>, Failure> {
        let text = |pointer: &str| response.pointer(pointer)?.as_str().map(str::trim);
        let is_given = |text: &&str| !text.is_empty();
        if let Some(encoded) =
            ENCODED_FILES.iter().filter_map(|pointer| text(pointer)).find(is_given)
        {
            return Ok(linked_file::fetch(&self.client, &self.base_url, encoded).await?.into());
        }
        let url = FILE_URLS.iter().filter_map(|pointer| text(pointer)).find(is_given);
        let url = url.ok_or_else(|| Failure::invalid_response("there is no image in it"))?;
        if url.starts_with("http://") || url.starts_with("https://") || url.starts_with("data:") {
            return Ok(linked_file::fetch(&self.client, &self.base_url, url).await?.into());
        }
        // A relative URL leads to the configured server, so the request may carry its key.
        let base = Url::parse(&format!("{}/", self.base_url)).ok();
        let joined = base
            .and_then(|base| base.join(url).ok().filter(|joined| joined.origin() == base.origin()));
        let url =
            joined.ok_or_else(|| Failure::invalid_response("the URL of its image is not valid"))?;
        let mut request = self.client.get(url.as_str());
        if let Some(authorization) = self.authorization(call)? {
            request = request.header(AUTHORIZATION, authorization);
        }
        Ok(self.client.fetch_bytes(request).await?.into())
    }
}
