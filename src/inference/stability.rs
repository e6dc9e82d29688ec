//! Stability's image models: the engines of its first API, which take sizes, and the services of its second, which take
//! a form.

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

/// Its name in the registry and in model configurations.
pub const NAME: &str = "stability";

/// The key's name in configurations of clients.
const KEY_NAME: &str = "stability_api_key";

const BASE_URL: &str = "https://api.stability.ai";

/// The sizes of SDXL, which has no others.
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

/// The shapes of the second API, and what it calls them.
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

/// Sides of other engines: multiples of this, between these bounds.
const SIDE_STEP: u32 = 64;
const MIN_SIDE: u32 = 320;
const MAX_SIDE: u32 = 1536;

/// The longest prompts, in characters.
const MAX_PROMPT: usize = 2000;
const MAX_LONG_PROMPT: usize = 10_000;

/// The provider's capabilities.
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
        ask: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure> {
        let name = call.model.name.as_str();
        let is_service = ["core", "ultra"].contains(&name) || name.starts_with("sd3");
        let request = if is_service { self.service(call, ask)? } else { self.engine(call, ask)? };
        let answer = self.client.fetch_json(request.header(ACCEPT, "application/json")).await?;
        let text = |place: &str| answer.pointer(place).and_then(Value::as_str);
        let (image, ending) = if is_service {
            (text("/image"), text("/finish_reason"))
        } else {
            (text("/artifacts/0/base64"), text("/artifacts/0/finishReason"))
        };
        match ending {
            // A filtered picture comes all the same, blurred beyond use.
            Some("CONTENT_FILTERED") => return Err(Failure::ContentRefused),
            Some("ERROR") => return Err(Failure::unavailable("it could not finish the picture")),
            _ => {}
        }
        let image = image.ok_or_else(|| Failure::invalid_response("there is no picture in it"))?;
        let bytes = self.client.decode_base64(image.to_owned()).await?;
        Ok(ModelResponse::new(
            GeneratedImage::Encoded(bytes),
            Usage { images: 1, ..Usage::default() },
        ))
    }
}

impl Stability {
    fn post(&self, call: &CallContext<'_>, path: &str) -> Result<RequestBuilder, Failure> {
        let request = self.client.post(&format!("{}/{path}", self.base_url));
        provider_client::with_bearer(request, call, KEY_NAME, self.key.as_ref())
    }

    /// The first API: an engine and JSON.
    fn engine(
        &self,
        call: &CallContext<'_>,
        ask: &ImageRequest,
    ) -> Result<RequestBuilder, Failure> {
        let name = &call.model.name;
        let size = if name.contains("xl") {
            ask.size.closest_aspect(&XL_SIZES)
        } else {
            round_to_step(ask.size)
        };
        let prompt: String = ask.prompt.chars().take(MAX_PROMPT).collect();
        let body = json!({
            "text_prompts": [{"text": prompt, "weight": 1}],
            "width": size.width, "height": size.height, "samples": 1,
            // Its seeds have 32 bits.
            "seed": ask.seed & 0xffff_ffff,
        });
        let body = provider_client::with_parameters(body, &call.model.parameters);
        Ok(self.post(call, &format!("v1/generation/{name}/text-to-image"))?.json(&body))
    }

    /// The second API: a service and a form.
    fn service(
        &self,
        call: &CallContext<'_>,
        ask: &ImageRequest,
    ) -> Result<RequestBuilder, Failure> {
        let name = &call.model.name;
        let shapes = RATIOS.map(|(shape, _)| shape);
        let shape = ask.size.closest_aspect(&shapes);
        let ratio =
            RATIOS.iter().find(|(known, _)| *known == shape).map_or("1:1", |(_, name)| name);
        let prompt: String = ask.prompt.chars().take(MAX_LONG_PROMPT).collect();
        let mut body = json!({"prompt": prompt, "output_format": "png", "aspect_ratio": ratio,
            "seed": ask.seed & 0xffff_fffe});
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

/// The nearest size of the sides that engines take.
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
