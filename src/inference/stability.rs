//! Stability's image models: the engines of its first API, which take sizes as JSON, and the services of its second
//! API, which take an aspect ratio in a form.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::RequestBuilder;
use reqwest::header::ACCEPT;
use reqwest::multipart::Form;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    CallContext, Failure, GeneratedImage, ImageModel, ImageRequest, ModelResponse, Provider,
    ProviderClient, Usage, provider_client,
};
use crate::domain::Size;

/// The provider's name in the registry and in model configurations.
pub const NAME: &str = "stability";

/// The API key's name in client configurations.
const KEY_NAME: &str = "stability_api_key";

const BASE_URL: &str = "https://api.stability.ai";

/// The only sizes that SDXL supports.
const XL_SIZES: [Size; 9] = [
    Size::new(1024, 1024),
    Size::new(1152, 896),
    Size::new(896, 1152),
    Size::new(1216, 832),
    Size::new(832, 1216),
    Size::new(1344, 768),
    Size::new(768, 1344),
    Size::new(1536, 640),
    Size::new(640, 1536),
];

/// The aspect ratios of the second API, with its names for them.
const RATIOS: [(Size, &str); 9] = [
    (Size::new(1, 1), "1:1"),
    (Size::new(16, 9), "16:9"),
    (Size::new(9, 16), "9:16"),
    (Size::new(3, 2), "3:2"),
    (Size::new(2, 3), "2:3"),
    (Size::new(5, 4), "5:4"),
    (Size::new(4, 5), "4:5"),
    (Size::new(21, 9), "21:9"),
    (Size::new(9, 21), "9:21"),
];

/// The sides of an image from other engines, in pixels, are multiples of this.
const SIDE_STEP: u32 = 64;

/// The smallest side for other engines, in pixels.
const MIN_SIDE: u32 = 320;

/// The largest side for other engines, in pixels.
const MAX_SIDE: u32 = 1536;

/// The longest prompt for an engine, in characters.
const MAX_PROMPT: usize = 2000;

/// The longest prompt for a service, in characters.
const MAX_LONG_PROMPT: usize = 10_000;

/// Creates the provider. Without `base_url`, it calls Stability's own API.
#[must_use]
pub fn provider(
    client: ProviderClient,
    base_url: Option<&str>,
    key: Option<SecretString>,
) -> Provider {
    let base_url = base_url.unwrap_or(BASE_URL).trim_end_matches('/').to_owned();
    let image = Arc::new(Stability { client, base_url, key });
    Provider { display_name: "Stability", image: Some(image), ..Provider::default() }
}

struct Stability {
    client: ProviderClient,
    base_url: String,
    key: Option<SecretString>,
}

#[async_trait]
impl ImageModel for Stability {
    async fn generate_image(
        &self,
        call: &CallContext<'_>,
        request: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure> {
        let name = call.model.name.as_str();
        let is_service = ["core", "ultra"].contains(&name) || name.starts_with("sd3");
        let http_request =
            if is_service { self.service(call, request)? } else { self.engine(call, request)? };
        let response =
            self.client.fetch_json(http_request.header(ACCEPT, "application/json")).await?;
        let text = |pointer: &str| response.pointer(pointer).and_then(Value::as_str);
        let (image, finish_reason) = if is_service {
            (text("/image"), text("/finish_reason"))
        } else {
            (text("/artifacts/0/base64"), text("/artifacts/0/finishReason"))
        };
        match finish_reason {
            // The response to filtered content still contains an image, but a blurred one.
            Some("CONTENT_FILTERED") => return Err(Failure::ContentRefused),
            Some("ERROR") => return Err(Failure::unavailable("it could not finish the image")),
            _ => {}
        }
        let image = image.ok_or_else(|| Failure::invalid_response("there is no image in it"))?;
        let bytes = self.client.decode_base64(image.to_owned()).await?;
        Ok(ModelResponse::new(
            GeneratedImage::Encoded(bytes),
            Usage { images: 1, ..Usage::default() },
        ))
    }
}

impl Stability {
    fn post(&self, call: &CallContext<'_>, path: &str) -> Result<RequestBuilder, Failure> {
        let http_request = self.client.post(&format!("{}/{path}", self.base_url));
        provider_client::with_bearer(http_request, call, KEY_NAME, self.key.as_ref())
    }

    /// Builds a request to the first API: an engine, with a JSON body.
    fn engine(
        &self,
        call: &CallContext<'_>,
        request: &ImageRequest,
    ) -> Result<RequestBuilder, Failure> {
        let name = &call.model.name;
        let size = if name.contains("xl") {
            request.size.closest_aspect(&XL_SIZES)
        } else {
            round_to_step(request.size)
        };
        let prompt: String = request.prompt.chars().take(MAX_PROMPT).collect();
        let body = json!({
            "text_prompts": [{"text": prompt, "weight": 1}],
            "width": size.width, "height": size.height, "samples": 1,
            // Seeds of this API have 32 bits.
            "seed": request.seed & 0xffff_ffff,
        });
        let body = provider_client::with_parameters(body, &call.model.parameters);
        Ok(self.post(call, &format!("v1/generation/{name}/text-to-image"))?.json(&body))
    }

    /// Builds a request to the second API: a service, with a multipart form.
    fn service(
        &self,
        call: &CallContext<'_>,
        request: &ImageRequest,
    ) -> Result<RequestBuilder, Failure> {
        let name = &call.model.name;
        let shapes = RATIOS.map(|(shape, _)| shape);
        let shape = request.size.closest_aspect(&shapes);
        let ratio = RATIOS
            .iter()
            .find(|(candidate, _)| *candidate == shape)
            .map_or("1:1", |(_, name)| name);
        let prompt: String = request.prompt.chars().take(MAX_LONG_PROMPT).collect();
        let mut body = json!({"prompt": prompt, "output_format": "png", "aspect_ratio": ratio,
            "seed": request.seed & 0xffff_fffe});
        let service = if name.starts_with("sd3") {
            body["model"] = json!(name);
            "sd3"
        } else {
            name
        };
        let body = provider_client::with_parameters(body, &call.model.parameters);
        let form = provider_client::add_form_fields(Form::new(), &body);
        Ok(self.post(call, &format!("v2beta/stable-image/generate/{service}"))?.multipart(form))
    }
}

/// Rounds a size to the sides that engines accept.
fn round_to_step(size: Size) -> Size {
    let side = |side: u32| (side + SIDE_STEP / 2) / SIDE_STEP * SIDE_STEP;
    Size::new(
        side(size.width).clamp(MIN_SIDE, MAX_SIDE),
        side(size.height).clamp(MIN_SIDE, MAX_SIDE),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_multiples_within_bounds() {
        assert_eq!(round_to_step(Size::new(500, 700)), Size::new(512, 704));
        assert_eq!(round_to_step(Size::new(10, 9999)), Size::new(320, 1536));
        assert_eq!(Size::new(800, 450).closest_aspect(&XL_SIZES), Size::new(1344, 768));
    }
}
