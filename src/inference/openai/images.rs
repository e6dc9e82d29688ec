//! Illustrations: `gpt-image-1`, the DALL-E models, and whatever a compatible server has.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::OpenAi;
use crate::domain::Size;
use crate::inference::{Answer, Call, Failure, ImageAsk, ImageModel, Picture, Usage};

/// What a family of models takes.
struct Family {
    /// The sizes that it has; empty where it takes any.
    sizes: &'static [Size],
    /// The longest prompt, in characters.
    prompt: usize,
    /// Whether it has to be told to answer with the file itself.
    wants_format: bool,
}

const GPT_IMAGE: Family = Family {
    sizes: &[Size::new(1024, 1024), Size::new(1536, 1024), Size::new(1024, 1536)],
    prompt: 32_000,
    wants_format: false,
};
const DALL_E_3: Family = Family {
    sizes: &[Size::new(1024, 1024), Size::new(1792, 1024), Size::new(1024, 1792)],
    prompt: 4000,
    wants_format: true,
};
const DALL_E_2: Family = Family {
    sizes: &[Size::new(256, 256), Size::new(512, 512), Size::new(1024, 1024)],
    prompt: 1000,
    wants_format: true,
};
const OTHER: Family = Family { sizes: &[], prompt: 4000, wants_format: true };

impl Family {
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
    async fn image(&self, call: &Call<'_>, ask: &ImageAsk) -> Result<Answer<Picture>, Failure> {
        let family = Family::of(&call.model.name);
        let size = ask.size.nearest(family.sizes);
        let prompt: String = ask.prompt.chars().take(family.prompt).collect();
        let mut body = json!({"model": call.model.name, "prompt": prompt, "n": 1,
            "size": format!("{}x{}", size.width, size.height)});
        if family.wants_format {
            body["response_format"] = json!("b64_json");
        }
        let answer = self.ask(call, "images/generations", body).await?;
        let bytes = self.picture(&answer).await?;
        let tokens = |name: &str| answer.pointer(&format!("/usage/{name}")).and_then(Value::as_u64);
        let usage = Usage {
            input_tokens: tokens("input_tokens").unwrap_or_default(),
            output_tokens: tokens("output_tokens").unwrap_or_default(),
            images: 1,
            seconds: 0.0,
        };
        Ok(Answer::new(Picture::Encoded(bytes), usage))
    }
}

impl OpenAi {
    /// The first picture of an answer: in it, or where it says.
    async fn picture(&self, answer: &Value) -> Result<Vec<u8>, Failure> {
        let text = |place: &str| answer.pointer(place).and_then(Value::as_str);
        if let Some(encoded) = text("/data/0/b64_json") {
            return self.wire.decoded(encoded.to_owned()).await;
        }
        let url =
            text("/data/0/url").ok_or_else(|| Failure::unusable("there is no picture in it"))?;
        Ok(self.wire.file(self.wire.get(url)).await?.into())
    }
}
