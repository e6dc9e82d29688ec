//! Runway: videos of a few seconds that begin with an illustration. A task is created and polled; when it is done, its
//! video is fetched.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::RequestBuilder;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    CallContext, Failure, ModelResponse, Provider, ProviderClient, Usage, VideoModel, VideoRequest,
    linked_file, poll, provider_client,
};

/// The provider's name in the registry and in model configurations.
pub const NAME: &str = "runway";

/// The API key's name in client configurations.
const KEY_NAME: &str = "runway_api_key";

const BASE_URL: &str = "https://api.dev.runwayml.com";

/// The API version that each request names in its `X-Runway-Version` header.
const VERSION: &str = "2024-11-06";

/// The longest prompt, in UTF-16 code units.
const MAX_PROMPT_UNITS: usize = 1000;

/// The length of a video in seconds, if the model's parameters do not set it.
const DEFAULT_SECONDS: u64 = 5;

/// The widths and heights that the models support, in pixels.
const RATIOS: [(u32, u32); 6] =
    [(1280, 720), (720, 1280), (1104, 832), (832, 1104), (960, 960), (1584, 672)];

/// Creates the provider. Without `base_url`, it calls Runway's own API.
#[must_use]
pub fn provider(
    client: ProviderClient,
    base_url: Option<&str>,
    key: Option<SecretString>,
) -> Provider {
    let base_url = base_url.unwrap_or(BASE_URL).trim_end_matches('/').to_owned();
    Provider {
        display_name: "Runway",
        video: Some(Arc::new(Runway { client, base_url, key })),
        ..Provider::default()
    }
}

struct Runway {
    client: ProviderClient,
    base_url: String,
    key: Option<SecretString>,
}

impl Runway {
    fn with_key(
        &self,
        call: &CallContext<'_>,
        http_request: RequestBuilder,
    ) -> Result<RequestBuilder, Failure> {
        let http_request = http_request.header("X-Runway-Version", VERSION);
        provider_client::with_bearer(http_request, call, KEY_NAME, self.key.as_ref())
    }
}

#[async_trait]
impl VideoModel for Runway {
    async fn start_video(
        &self,
        call: &CallContext<'_>,
        request: &VideoRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let (width, height) = nearest_ratio(request.picture.width(), request.picture.height());
        let body = json!({
            "model": call.model.name, "promptImage": self.client.data_url(&request.picture).await?,
            "promptText": truncate_prompt(&request.prompt), "ratio": format!("{width}:{height}"),
            "duration": DEFAULT_SECONDS, "seed": request.seed & 0xffff_ffff,
        });
        let body = provider_client::with_parameters(body, &call.model.parameters);
        let seconds = body["duration"].as_f64().unwrap_or(DEFAULT_SECONDS as f64);
        let http_request =
            self.client.post(&format!("{}/v1/image_to_video", self.base_url)).json(&body);
        let task = self.client.fetch_json(self.with_key(call, http_request)?).await?;
        Ok(ModelResponse::new(poll::task_id(&task)?, Usage { seconds, ..Usage::default() }))
    }

    async fn poll_video(
        &self,
        call: &CallContext<'_>,
        name: &str,
    ) -> Result<Option<Bytes>, Failure> {
        let http_request = self.client.get(&format!("{}/v1/tasks/{name}", self.base_url));
        let task = self.client.fetch_json(self.with_key(call, http_request)?).await?;
        let Some(url) = video_url(&task)? else { return Ok(None) };
        // The video is on another host, at a URL that grants access by itself. The key must not go there.
        linked_file::fetch(&self.client, &self.base_url, &url).await.map(Some)
    }
}

/// Returns the URL of a task's video; `None` while the task runs.
fn video_url(task: &Value) -> Result<Option<String>, Failure> {
    let text = |name: &str| task.get(name).and_then(Value::as_str);
    match text("status") {
        Some("SUCCEEDED") => task
            .pointer("/output/0")
            .and_then(Value::as_str)
            .map(|url| Some(url.to_owned()))
            .ok_or_else(|| Failure::invalid_response("there is no video in it")),
        Some("PENDING" | "THROTTLED" | "RUNNING") => Ok(None),
        Some("CANCELLED") => Err(Failure::unavailable("the task was cancelled")),
        Some("FAILED") => {
            let code = text("failureCode").unwrap_or_default();
            let reason = text("failure").unwrap_or("it gives no reason");
            Err(match code.split('.').next() {
                Some("SAFETY") => Failure::ContentRefused,
                Some("INTERNAL") => Failure::unavailable(reason),
                _ => Failure::rejected(reason),
            })
        }
        _ => Err(Failure::invalid_response("it is not a task")),
    }
}

/// Returns the supported size with the closest aspect ratio.
fn nearest_ratio(width: u32, height: u32) -> (u32, u32) {
    let shape = |(width, height): (u32, u32)| (f64::from(width) / f64::from(height.max(1))).ln();
    let target = shape((width.max(1), height));
    let distance = |ratio: &(u32, u32)| (shape(*ratio) - target).abs();
    RATIOS.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(RATIOS[0])
}

fn truncate_prompt(prompt: &str) -> String {
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= MAX_PROMPT_UNITS
    };
    prompt.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_has_the_shape_of_its_picture() {
        let cases = [
            ((512, 512), (960, 960)),
            ((640, 360), (1280, 720)),
            ((360, 640), (720, 1280)),
            ((400, 300), (1104, 832)),
            ((2400, 1000), (1584, 672)),
        ];
        for ((width, height), expected) in cases {
            assert_eq!(nearest_ratio(width, height), expected, "{width}x{height}");
        }
    }

    #[test]
    fn a_task_tells_how_it_went() {
        let read = |task: Value| video_url(&task);
        assert_eq!(read(json!({"status": "RUNNING", "progress": 0.4})), Ok(None));
        let done = json!({"status": "SUCCEEDED", "output": ["https://films.example/a.mp4"]});
        assert_eq!(read(done), Ok(Some("https://films.example/a.mp4".to_owned())));
        let failed =
            |code: &str| read(json!({"status": "FAILED", "failureCode": code, "failure": "x"}));
        assert_eq!(failed("SAFETY.INPUT.IMAGE"), Err(Failure::ContentRefused));
        assert_eq!(failed("INTERNAL.BAD_OUTPUT.CODE01"), Err(Failure::unavailable("x")));
        assert_eq!(failed("INPUT_PREPROCESSING.INTERNAL"), Err(Failure::rejected("x")));
        assert!(read(json!({"status": "SUCCEEDED", "output": []})).is_err());
    }

    #[test]
    fn a_prompt_is_cut_where_the_api_ends_it() {
        assert_eq!(truncate_prompt(&"a".repeat(2000)).len(), 1000);
        assert_eq!(truncate_prompt(&"🦊".repeat(900)).chars().count(), 500);
    }
}
